"""Text areas that answer while one types, as single lines do by themselves."""

import streamlit as st

_KEY = "while-typing"
# A text area of Streamlit's is given to the page when it is left or at Ctrl+Enter: after a short
# rest this presses those keys for the person. Listening once is enough for the whole tab.
_SCRIPT = f"""<script>
if (!window.opsTyping) {{
  let rest;
  window.opsTyping = event => {{
    const area = event.target;
    if (!area.closest || !area.closest('[class*="st-key-{_KEY}-"]')) return;
    if (area.tagName !== 'TEXTAREA') return;
    clearTimeout(rest);
    const keys = {{key: 'Enter', code: 'Enter', ctrlKey: true, bubbles: true, cancelable: true}};
    rest = setTimeout(() => area.dispatchEvent(new KeyboardEvent('keydown', keys)), 350);
  }};
  document.addEventListener('input', window.opsTyping, true);
}}
</script>"""


def key(name: str) -> str:
    """The key of a container whose text areas answer while one types."""
    return f"{_KEY}-{name}"


def listen() -> None:
    """Draws nothing; needed once on a page that has such a container."""
    st.html(_SCRIPT, unsafe_allow_javascript=True)
