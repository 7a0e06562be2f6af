"""The sandbox's outbox: a file a day under ``CRM_DATA_DIR/outbox``, a line a letter."""

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from crm_core.base.settings import settings
from crm_core.messaging.schemas import Channel, Purpose

KEPT_DAYS = 14
_TAIL = 1_000_000
_log = logging.getLogger(__name__)


class Kept(BaseModel):
    """One letter as the sandbox took it."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    channel: Channel
    provider_id: str
    id: int
    address: str
    subject: str | None
    content: str
    purpose: Purpose


class Place(BaseModel):
    """Where a reader is: before this byte of this day's file everything was read."""

    model_config = ConfigDict(frozen=True)

    day: date
    byte: int = 0


def folder() -> Path:
    """Where the letters are kept; only the account that runs the product may look."""
    path = settings().crm_data_dir / "outbox"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def append(letters: Sequence[Kept]) -> None:
    """One write a day's file under a lock, so that the lines of several workers do not mix."""
    for day in sorted({letter.at.date() for letter in letters}):
        text = "".join(f"{one.model_dump_json()}\n" for one in letters if one.at.date() == day)
        with open(folder() / f"{day}.jsonl", "ab+", opener=_private) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(_ending(file) + text.encode())


def read_outbox(*, channel: Channel | None = None, most: int = 100) -> list[Kept]:
    """The latest letters, newest first."""
    found: list[Kept] = []
    for path in reversed(_files()):
        lines = reversed(_tail(path))
        letters = (_kept(line) for line in lines)
        found += [one for one in letters if one and channel in {None, one.channel}]
        if len(found) >= most:
            break
    return found[:most]


def read_on(place: Place | None, *, most: int) -> tuple[list[Kept], list[Place]]:
    """The letters after a place, oldest first, each with the place behind it."""
    letters: list[Kept] = []
    places: list[Place] = []
    for path in _files():
        day = date.fromisoformat(path.stem)
        if place is not None and day < place.day:
            continue
        start = place.byte if place is not None and day == place.day else 0
        for line, end in _lines(path, start):
            if (letter := _kept(line)) is None:
                continue
            letters.append(letter)
            places.append(Place(day=day, byte=end))
            if len(letters) == most:
                return letters, places
    return letters, places


def ids() -> Iterator[str]:
    """The sandbox's numbers of the letters of the last two days."""
    for path in _files()[-2:]:
        for line, _ in _lines(path, 0):
            if letter := _kept(line):
                yield letter.provider_id


def forget_old(today: date) -> None:
    """Removes what is older than two weeks: letters name people."""
    for path in _files():
        if date.fromisoformat(path.stem) < today - timedelta(days=KEPT_DAYS):
            path.unlink(missing_ok=True)


def _files() -> list[Path]:
    """The days' files, the oldest first."""
    return sorted(folder().glob("????-??-??.jsonl"))


def _lines(path: Path, start: int) -> Iterator[tuple[bytes, int]]:
    """Whole lines from a byte on, and where each ends: one that is being written is left."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                return
            start += len(line)
            yield line, start


def _ending(file: BinaryIO) -> bytes:
    """What ends the line of a write that was cut short: the next letter begins a line."""
    if not file.seek(0, os.SEEK_END):
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


def _kept(line: bytes) -> Kept | None:
    """The letter of a line; None where the line was cut short, by a full disk or a power cut."""
    try:
        return Kept.model_validate_json(line)
    except ValidationError:
        _log.warning("A line of the outbox cannot be read: %r", line[:60])
        return None


def _tail(path: Path) -> list[bytes]:
    """The last lines of a file that may be long."""
    start = max(0, path.stat().st_size - _TAIL)
    lines = [line for line, _ in _lines(path, start)]
    return lines[1:] if start else lines


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
