"""Gateways to arrange a test with: what they answer is said beforehand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event

from crm_core.messaging.gateways import Letter, Outcome, Verdict
from crm_core.messaging.schemas import Channel

Answer = Callable[[Letter], Outcome | None]


def accepts(letter: Letter) -> Outcome:
    """Takes it."""
    return Outcome(letter.id, Verdict.ACCEPTED, f"p{letter.id}")


@dataclass
class Scripted:
    """Answers each letter as ``answer`` says, and keeps what it was handed.

    Attributes:
        trouble: raised instead of any answer.
        knows: what it answers when it is asked what it got.
        holds: while it is not set, whoever sends waits.
    """

    channel: Channel = Channel.SMS
    answer: Answer = accepts
    trouble: BaseException | None = None
    knows: Answer = lambda letter: None
    honours_keys: bool = False
    name: str = "scripted"
    sandbox: bool = False
    holds: Event | None = None
    letters: list[Letter] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)

    def send(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """Keeps them, waits if it is to, and answers."""
        self.letters += letters
        self.chunks.append(len(letters))
        if self.holds is not None:
            self.holds.wait(60)
        if self.trouble is not None:
            raise self.trouble
        return [said for letter in letters if (said := self.answer(letter)) is not None]

    def look_up(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """What it says that it got."""
        return [said for letter in letters if (said := self.knows(letter)) is not None]
