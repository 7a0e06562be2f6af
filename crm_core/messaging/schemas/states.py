"""Where a message goes, why, how far it is, and why somebody gets none."""

from enum import StrEnum


class Channel(StrEnum):
    """A way to reach somebody; push and call are written down but not sent by any gateway."""

    SMS = "sms"
    EMAIL = "email"
    WHATSAPP = "whatsapp"
    PUSH = "push"
    CALL = "call"


class RecipientType(StrEnum):
    """Whom a message goes to."""

    PATIENT = "patient"
    OWNER = "owner"
    STAFF = "staff"


class Purpose(StrEnum):
    """Why one writes; it decides what consent, caps and quiet hours say."""

    PROMOTIONAL = "promotional"
    EDUCATIONAL = "educational"
    SURVEY = "survey"
    REMINDER = "reminder"
    FOLLOW_UP = "follow_up"
    CUSTOM = "custom"

    @property
    def needs_consent(self) -> bool:
        """Whether opt-outs by purpose, caps and quiet hours hold; else only the channel's do."""
        return self in _ASKS_FIRST


_ASKS_FIRST = frozenset({Purpose.PROMOTIONAL, Purpose.EDUCATIONAL, Purpose.SURVEY})


class MessageStatus(StrEnum):
    """Where a message is."""

    PENDING = "pending"
    DEFERRED = "deferred"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    def can_become(self, later: "MessageStatus") -> bool:
        """Whether a message may go from this state to ``later``: only forward.

        A provider may report delivery after it reported failure: delivered wins.
        """
        return later in _FORWARD[self]


_S = MessageStatus
_FORWARD: dict[MessageStatus, frozenset[MessageStatus]] = {
    _S.PENDING: frozenset(
        {
            _S.DEFERRED,
            _S.SENT,
            _S.DELIVERED,
            _S.READ,
            _S.FAILED,
            _S.SKIPPED,
            _S.EXPIRED,
            _S.UNKNOWN,
        }
    ),
    _S.DEFERRED: frozenset({_S.PENDING, _S.SENT, _S.FAILED, _S.SKIPPED, _S.EXPIRED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.SENT, _S.DELIVERED, _S.READ, _S.FAILED}),
    _S.SENT: frozenset({_S.DELIVERED, _S.READ, _S.FAILED}),
    _S.DELIVERED: frozenset({_S.READ}),
    _S.FAILED: frozenset({_S.DELIVERED, _S.READ}),
    _S.READ: frozenset(),
    _S.SKIPPED: frozenset(),
    _S.EXPIRED: frozenset(),
}


class BatchState(StrEnum):
    """Where a batch is; a paused one waits for its campaign."""

    READY = "ready"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class ChannelState(StrEnum):
    """Whether a channel sends.

    Closed is the good state, as of an electric circuit: everything flows. Open waits after
    failures of the provider, half open tries with one message, paused waits for a person.
    """

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    PAUSED = "paused"


class SkipReason(StrEnum):
    """Why somebody gets nothing; also the words of a campaign's preview."""

    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    NO_ADDRESS = "no_address"
    INVALID_NUMBER = "invalid_number"
    SUPPRESSED = "suppressed"
    DECEASED = "deceased"
    MERGED = "merged"
    LEFT = "left"
    ERASED = "erased"
    NOT_THERE = "not_there"
    NO_TEMPLATE = "no_template"


SKIP_SENTENCES: dict[SkipReason, str] = {
    SkipReason.NO_CONSENT: "Did not agree to this channel.",
    SkipReason.OPTED_OUT: "Asked not to get this.",
    SkipReason.NO_ADDRESS: "No phone number or email address is known.",
    SkipReason.INVALID_NUMBER: "The number is no Nigerian mobile number.",
    SkipReason.SUPPRESSED: "The address failed for good before.",
    SkipReason.DECEASED: "The patient has died.",
    SkipReason.MERGED: "The record was merged into another one of this person.",
    SkipReason.LEFT: "They do not work here any more.",
    SkipReason.ERASED: "The person was erased on request.",
    SkipReason.NOT_THERE: "There is no such person.",
    SkipReason.NO_TEMPLATE: "There is no text for this channel.",
}

NOBODY = frozenset({SkipReason.ERASED, SkipReason.NOT_THERE})
"""Whoever names them is told that there is nobody: of the erased there is no record to be found."""
