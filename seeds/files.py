"""Reading the sample data's files."""

import json
from pathlib import Path
from typing import Any


def read_document(name: str) -> dict[str, Any]:
    """A file of this folder that has more than one list."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def read_entries(name: str) -> list[dict[str, Any]]:
    """The entries of a file of this folder."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)
    return found
