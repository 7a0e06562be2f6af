"""The words of transfers: where one stands with us and with the provider."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from crm_core.base.clock import Instant
from crm_core.base.words import Reason
from crm_core.payouts.schemas import PayoutRead, PayoutStatus


class TransferState(StrEnum):
    """Where a transfer stands with us.

    ``sending``: somebody claimed it and may have sent it. ``unanswered``: it may have arrived.
    ``sent``: the provider has it and has not concluded. ``withdrawn``: it was never sent.
    """

    QUEUED = "queued"
    SENDING = "sending"
    UNANSWERED = "unanswered"
    SENT = "sent"
    CONCLUDED = "concluded"
    WITHDRAWN = "withdrawn"


UNDER_WAY = (
    TransferState.QUEUED,
    TransferState.SENDING,
    TransferState.UNANSWERED,
    TransferState.SENT,
)


class TransferStatus(StrEnum):
    """What the provider says of a transfer."""

    RECEIVED = "received"
    PENDING = "pending"
    OTP = "otp"
    SUCCESS = "success"
    FAILED = "failed"
    REVERSED = "reversed"
    ABANDONED = "abandoned"
    BLOCKED = "blocked"
    REJECTED = "rejected"

    @property
    def conclusive(self) -> bool:
        """Whether this is the provider's last word; after success it may still be reversed."""
        return self not in _OPEN

    @property
    def failure(self) -> bool:
        """Whether the money never reached the owner."""
        return self.conclusive and self not in (TransferStatus.SUCCESS, TransferStatus.REVERSED)


_OPEN = frozenset({TransferStatus.RECEIVED, TransferStatus.PENDING, TransferStatus.OTP})


class TransferRead(BaseModel):
    """A transfer as its payout's page shows it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    payout_id: int
    provider: str
    reference: str
    amount_kobo: int
    state: TransferState
    provider_status: TransferStatus | None
    transfer_code: str | None
    sends: int
    checks: int
    due_at: Instant
    concluded_at: Instant | None
    frozen_reason: str | None
    released_at: Instant | None
    release_reason: str | None
    created_at: Instant

    @property
    def frozen(self) -> bool:
        """Whether a person has to look into it before anything goes on."""
        return self.frozen_reason is not None and self.released_at is None


class TransferLine(BaseModel):
    """A transfer in a list, with its payout."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    payout_id: int
    payout_code: str
    account_name: str | None
    status: PayoutStatus
    amount_kobo: int
    state: TransferState
    provider_status: TransferStatus | None
    frozen: bool
    created_at: Instant


class TransferAnswerRead(BaseModel):
    """What was said of a transfer, and how we came to know."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    transfer_id: int
    source: str
    status: str | None
    sentence: str
    at: Instant


class TransferStory(BaseModel):
    """A payout's transfers, the latest first, with everything that was said of them."""

    model_config = ConfigDict(frozen=True)

    transfers: list[TransferRead]
    answers: list[TransferAnswerRead]


class AccountHolder(BaseModel):
    """Whose account it is by the bank's own word; ``match``: how alike the names are, 0 to 100."""

    model_config = ConfigDict(frozen=True)

    name: str | None
    error: str | None
    match: int | None
    resolved_at: Instant


class Verified(BaseModel):
    """What a verification found out, and the payout as it is now."""

    model_config = ConfigDict(frozen=True)

    sentence: str
    payout: PayoutRead


class Release(BaseModel):
    """What somebody found out about a frozen transfer."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
