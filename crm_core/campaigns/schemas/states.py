"""Where a campaign stands, what it is for, and the one table of its transitions."""

from enum import StrEnum


class CampaignStatus(StrEnum):
    """Where a campaign stands; an open one, such as a reminder, stays active for good."""

    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    def can_become(self, other: "CampaignStatus") -> bool:
        """Whether the rules let a campaign go from here to there in one step."""
        return other in TRANSITIONS[self]

    @property
    def launched(self) -> bool:
        """Whether its audience was frozen, so that nothing about it can be edited any more."""
        return self in _LAUNCHED

    @property
    def editable(self) -> bool:
        """Whether its drafters may still change it."""
        return not self.launched and self is not CampaignStatus.CANCELLED


_S = CampaignStatus
_LAUNCHED = frozenset({_S.ACTIVE, _S.PAUSED, _S.COMPLETED})

TRANSITIONS: dict[CampaignStatus, frozenset[CampaignStatus]] = {
    # Straight to approved: somebody who may do both launches it over the API.
    _S.DRAFT: frozenset({_S.PENDING_APPROVAL, _S.APPROVED, _S.CANCELLED}),
    _S.PENDING_APPROVAL: frozenset({_S.APPROVED, _S.DRAFT, _S.CANCELLED}),
    # Back to draft: what was approved was edited, or the approval taken back.
    _S.APPROVED: frozenset({_S.SCHEDULED, _S.ACTIVE, _S.DRAFT, _S.CANCELLED}),
    _S.SCHEDULED: frozenset({_S.APPROVED, _S.ACTIVE, _S.DRAFT, _S.CANCELLED}),
    _S.ACTIVE: frozenset({_S.PAUSED, _S.COMPLETED, _S.CANCELLED}),
    _S.PAUSED: frozenset({_S.ACTIVE, _S.CANCELLED}),
    _S.COMPLETED: frozenset(),
    _S.CANCELLED: frozenset(),
}


class CampaignType(StrEnum):
    """What a campaign is; it decides what consent, caps and quiet hours say."""

    PROMOTIONAL = "promotional"
    EDUCATIONAL = "educational"
    REMINDER = "reminder"
    FOLLOW_UP = "follow_up"
    SURVEY = "survey"

    @property
    def stays_open(self) -> bool:
        """Whether it goes on after its launch, looking every day for whom its rule has reached."""
        return self is CampaignType.REMINDER


class TargetAudience(StrEnum):
    """Whom a campaign is for."""

    ALL_PATIENTS = "all_patients"
    ALL_OWNERS = "all_owners"
    SPECIFIC_SEGMENT = "specific_segment"
    CUSTOM = "custom"
    """An uploaded list of patients."""


class Goal(StrEnum):
    """What a campaign wants of people; its effect is measured by it."""

    NONE = "none"
    APPOINTMENT_BOOKED = "appointment_booked"
    VISIT_COMPLETED = "visit_completed"
    SURVEY_ANSWERED = "survey_answered"


class Fate(StrEnum):
    """What a launch decided about a person, or about a channel to them."""

    QUEUED = "queued"
    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    NO_ADDRESS = "no_address"
    INVALID_NUMBER = "invalid_number"
    SUPPRESSED = "suppressed"
    SHARED_NUMBER = "shared_number"
    NO_APPOINTMENT = "no_appointment"
    CAPPED = "capped"
    CONTROL = "control"


FATE_SENTENCES: dict[Fate, str] = {
    Fate.QUEUED: "Gets the message.",
    Fate.NO_CONSENT: "Did not agree to this channel.",
    Fate.OPTED_OUT: "Asked not to get this.",
    Fate.NO_ADDRESS: "No address is known for this channel.",
    Fate.INVALID_NUMBER: "The number is no Nigerian mobile number.",
    Fate.SUPPRESSED: "The address failed for good before.",
    Fate.SHARED_NUMBER: "Somebody else in the audience is reached by the same number or address.",
    Fate.NO_APPOINTMENT: "Has no appointment ahead, which the text speaks of.",
    Fate.CAPPED: "Got as many such messages this week as one may get.",
    Fate.CONTROL: "Is in the control group, with which the campaign's effect is compared.",
}
LEFT_OUT = tuple(fate for fate in Fate if fate is not Fate.QUEUED)
"""Why people get nothing, in the order in which a preview takes them off."""


class RunState(StrEnum):
    """Where a launch, or the day's run of an open campaign, is.

    Only a run that was begun before batches were of people can be ``queueing``.
    """

    WAITING = "waiting"
    QUEUEING = "queueing"
    DONE = "done"
    CANCELLED = "cancelled"
