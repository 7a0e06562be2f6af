"""Where a payout stands, and the one table of its transitions."""

from enum import StrEnum


class PayoutStatus(StrEnum):
    """Where a payout stands. ``unknown``: the bank did not answer, only a check leaves it."""

    PENDING = "pending"
    APPROVED = "approved"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    REVERSED = "reversed"

    def can_become(self, other: "PayoutStatus") -> bool:
        """Whether the rules let a payout go from here to there in one step."""
        return other in TRANSITIONS[self]


_S = PayoutStatus


TRANSITIONS: dict[PayoutStatus, frozenset[PayoutStatus]] = {
    _S.PENDING: frozenset({_S.APPROVED, _S.REJECTED, _S.CANCELLED}),
    # Back to pending: an approval undone, or void because what it bound to was changed.
    _S.APPROVED: frozenset({_S.PROCESSING, _S.CANCELLED, _S.PENDING}),
    _S.PROCESSING: frozenset({_S.PAID, _S.FAILED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.PAID, _S.FAILED}),
    _S.FAILED: frozenset({_S.APPROVED}),
    _S.PAID: frozenset({_S.REVERSED}),
    _S.REJECTED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.REVERSED: frozenset(),
}


AWAITING_APPROVAL = (PayoutStatus.PENDING, PayoutStatus.FAILED)


class PaymentMethod(StrEnum):
    """How the money goes."""

    BANK_TRANSFER = "bank_transfer"
    CHEQUE = "cheque"
    MOBILE_MONEY = "mobile_money"


class DeductionKind(StrEnum):
    """What is taken off the gross."""

    WITHHOLDING_TAX = "withholding_tax"
    ADVANCE = "advance"
    FEE = "fee"
    OTHER = "other"


class CheckLevel(StrEnum):
    """Whether a finding stops an approval or is only shown."""

    BLOCK = "block"
    WARN = "warn"
