"""A provider that reaches nobody: what is sent is kept in files under ``CRM_DATA_DIR/outbox``."""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from crm_core.base.clock import utc_now
from crm_core.base.settings import settings
from crm_core.messaging.gateways.interface import Letter, Outcome, Verdict
from crm_core.messaging.schemas import Channel

NAME = "sandbox"


class Sandbox:
    """Accepts everything at once, and costs nothing."""

    name = NAME
    honours_keys = False
    sandbox = True

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def send(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """Keeps the letters in the file of the day."""
        now = utc_now()
        lines = [
            json.dumps(
                {
                    "at": now.isoformat(),
                    "channel": self.channel.value,
                    "provider_id": provider_id(letter),
                    "id": letter.id,
                    "address": letter.address,
                    "subject": letter.subject,
                    "content": letter.content,
                    "purpose": letter.purpose.value,
                }
            )
            for letter in letters
        ]
        _append(now.date(), "".join(f"{line}\n" for line in lines))
        return [Outcome(one.id, Verdict.ACCEPTED, provider_id(one)) for one in letters]

    def look_up(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """Whether the letters are in the outbox."""
        ids = {provider_id(letter) for letter in letters}
        kept = {found for found in _ids() if found in ids}
        return [
            Outcome(one.id, Verdict.ACCEPTED, provider_id(one))
            if provider_id(one) in kept
            else Outcome(one.id, Verdict.RETRY)
            for one in letters
        ]


def folder() -> Path:
    """Where the letters are kept; only the account that runs the product may look."""
    path = settings().crm_data_dir / "outbox"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def provider_id(letter: Letter) -> str:
    """The sandbox's number of a letter, which its receipts name."""
    return f"{NAME}-{letter.key}"


def _append(day: date, text: str) -> None:
    """One write under a lock, so that the lines of several workers do not mix."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    with open(folder() / f"{day}.jsonl", "a", opener=lambda p, _: os.open(p, flags, 0o600)) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(text)


def _ids() -> Iterator[str]:
    for path in sorted(folder().glob("*.jsonl"), reverse=True)[:2]:
        with path.open() as lines:
            for line in lines:
                yield json.loads(line)["provider_id"]
