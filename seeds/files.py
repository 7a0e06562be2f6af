"""Reading the sample data's files."""

import json
from pathlib import Path
from typing import Any


def read_entries(name: str) -> list[dict[str, Any]]:
    """The entries of a file of this folder."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)
    return found
