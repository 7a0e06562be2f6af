"""Text that people wrote, shown as it is where Streamlit reads Markdown."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")


def plain(text: str) -> str:
    """``text`` with everything that Markdown would read as a command taken literally.

    Needed in toasts, errors, headings and labels; ``st.text`` and table cells need nothing.
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
