"""What a transfer provider has to do for us, and the ways in which it may not.

An adapter keeps three cases apart, because money hangs on them: it did not take the order and may
be asked again (``NotTaken``), it declined it (``Declined``), and nobody knows (``Unanswered``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crm_core.payouts.transfers.schemas import TransferStatus


@dataclass(frozen=True)
class Account:
    """A bank account to pay to; the number stays out of logs."""

    bank_code: str
    number: str = field(repr=False)
    name: str


@dataclass(frozen=True)
class Recipient:
    """An account by the provider's own code and number for it."""

    code: str
    number: int | None


@dataclass(frozen=True)
class Order:
    """A transfer to make: the amount is in kobo, the narration what the owner reads."""

    reference: str
    kobo: int
    recipient_code: str
    narration: str


@dataclass(frozen=True)
class Report:
    """What the provider says of a transfer; None where it says nothing about it."""

    reference: str
    status: TransferStatus
    kobo: int | None
    currency: str | None = None
    recipient_code: str | None = None
    recipient_number: int | None = None
    transfer_code: str | None = None
    sentence: str = ""


class NotTaken(Exception):
    """The order certainly did not arrive or was not taken: the same one may be sent later."""

    def __init__(self, sentence: str, wait_seconds: int = 60) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


class Declined(Exception):
    """The provider looked at the order and says no, in its own words."""


class Unanswered(Exception):
    """No answer, or none that can be read: it may have been done."""


class Gateway(Protocol):
    """A provider of transfers; every call may raise ``NotTaken``, ``Declined``, ``Unanswered``."""

    name: str
    title: str
    most_at_once: int

    def resolve(self, account: Account) -> str:
        """The name that the account's bank has for its holder."""

    def make_recipient(self, account: Account) -> Recipient:
        """Makes the account known; asking twice gives the same recipient."""

    def send(self, order: Order) -> Report:
        """One transfer."""

    def send_many(self, orders: Sequence[Order]) -> list[Report]:
        """Several at once; an order that is not among the reports is unanswered."""

    def verify(self, reference: str) -> Report | None:
        """How a transfer stands; None where the provider has never seen the reference."""
