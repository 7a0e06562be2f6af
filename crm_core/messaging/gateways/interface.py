"""What every provider looks like to those who send: letters go in, an outcome each comes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from crm_core.messaging.schemas import Channel, Purpose


class GatewayDown(Exception):
    """The provider could not be reached or turned all away: surely nothing was accepted.

    Attributes:
        retry_after: seconds that the provider asked to be left alone; None where it did not say.
    """

    def __init__(self, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Unanswered(Exception):
    """The letters were handed over and no answer came: any of them may have been accepted."""


class Verdict(StrEnum):
    """What a provider made of one letter.

    Not accepted for sure, and so to be tried again, are three: the provider answered that this
    one comes too early (``later``), it was in trouble (``retry``), or the letter was never offered
    to it (``not_begun``, which is no attempt).
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LATER = "later"
    RETRY = "retry"
    NOT_BEGUN = "not_begun"
    UNKNOWN = "unknown"

    @property
    def is_answer(self) -> bool:
        """Whether the provider is well: it said something about this very letter."""
        return self in {Verdict.ACCEPTED, Verdict.REFUSED, Verdict.LATER}


@dataclass(frozen=True)
class Letter:
    """One message as it is handed to a provider.

    Attributes:
        id: of the message.
        key: the same whenever this message is handed over again, and no other message's.
        address: E.164 number or email address.
        in_conversation: the person wrote to us on this channel within the last 24 hours.
    """

    id: int
    key: str
    address: str
    subject: str | None
    content: str
    purpose: Purpose
    in_conversation: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one letter at the provider.

    Attributes:
        provider_id: the provider's number for it, which receipts name.
        error: a sentence for people; None where it was accepted.
        code: the provider's own word for the error.
        cost: in naira.
        retry_after: seconds; only with ``later`` and ``retry``, where the provider said so.
        hard: the address itself is at fault and is not to be written to again.
    """

    id: int
    verdict: Verdict
    provider_id: str | None = None
    error: str | None = None
    code: str | None = None
    cost: Decimal | None = None
    retry_after: float | None = None
    hard: bool = False


class Gateway(Protocol):
    """One provider on one channel. Make it once and keep it: it may hold connections.

    Attributes:
        name: what ``crm_communication_logs.provider`` says.
        honours_keys: a letter handed over again with the same key is sent once.
        sandbox: nothing reaches anybody; pages say so.
    """

    name: str
    channel: Channel
    honours_keys: bool
    sandbox: bool

    def send(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """Hands the letters over; an outcome each, in their order. Blocks.

        Raises:
            GatewayDown: surely nothing was accepted.
            Unanswered: it is not known of any of them.
        """
        ...

    def look_up(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """What the provider knows of letters that it may have got.

        A letter left out is still unknown; ``retry`` says that it surely never arrived.
        """
        ...
