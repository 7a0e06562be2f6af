"""The 36 states and the FCT of Nigeria, and their 774 local government areas.

The names are in ``places.txt``; a name is found in any case, with or without hyphens, spaces
and tone marks, and by its common other spellings.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_OTHER_STATES = {
    "abuja": "FCT",
    "federalcapitalterritory": "FCT",
    "fctabuja": "FCT",
    "abujafct": "FCT",
    "nassarawa": "Nasarawa",
}


@dataclass(frozen=True)
class State:
    """A state with the usual names of its areas, in alphabetical order."""

    name: str
    areas: tuple[str, ...]
    spellings: dict[str, str]


@cache
def states() -> tuple[State, ...]:
    """All 37, in alphabetical order."""
    lines = Path(__file__).with_name("places.txt").read_text(encoding="utf-8").splitlines()
    return tuple(_state(line) for line in lines if not line.startswith("#"))


def find_state(text: str) -> State:
    """The state by any usual spelling; ``ValueError`` where there is none."""
    key = _key(text).removesuffix("state")
    found = _by_key().get(_key(_OTHER_STATES.get(key, key)))
    if found is None:
        raise ValueError(f"“{text[:40]}” is no state of Nigeria: choose one from the list")
    return found


def find_area(state: str, text: str) -> str:
    """The usual name of an area of this state; ``ValueError`` says where else it lies."""
    found = find_state(state).spellings.get(_key(text))
    if found is not None:
        return found
    elsewhere = [other.name for other in states() if _key(text) in other.spellings]
    if elsewhere:
        raise ValueError(f"{text[:40]} is in {' and '.join(elsewhere)}, not in {state}")
    raise ValueError(f"“{text[:40]}” is no local government area of {state}")


@cache
def _by_key() -> dict[str, State]:
    return {_key(state.name): state for state in states()}


def _state(line: str) -> State:
    name, listed = line.split(": ")
    areas = [area.split(" = ") for area in listed.split(", ")]
    spellings = {_key(spelling): area[0] for area in areas for spelling in area}
    return State(name, tuple(sorted(area[0] for area in areas)), spellings)


def _key(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]", "", plain)
