"""The words of the figures: a month of the programme, cohorts, take-up, and rows of the lists."""

from datetime import date

from pydantic import BaseModel, ConfigDict

from crm_core.base.clock import Instant
from crm_core.base.money import Naira
from crm_core.base.paging import PageRequest
from crm_core.base.words import RecordId
from crm_core.loyalty.schemas import Rule, Tier, TransactionType


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class ProgrammeMonth(_Frozen):
    """What a month brought, and how things stood at its end; the present one so far.

    Points redeemed and expired are told without their sign.
    """

    month: date
    members: dict[Tier, int]
    outstanding: int
    earned: int
    redeemed: int
    expired: int
    rose: int
    fell: int

    @property
    def all_members(self) -> int:
        """Of every tier."""
        return sum(self.members.values())


class EndingMonth(_Frozen):
    """Outstanding points that end in a month, and what they are worth in naira.

    Lots of one age end together, so that this is the liability by age, the oldest first.
    """

    month: date
    points: int
    liability: Naira


class TakeUp(_Frozen):
    """How often a reward was taken in a month, those given back left out."""

    month: date
    reward_id: int | None
    taken: int
    points: int


class CohortQuarter(_Frozen):
    """Of the members registered in ``cohort``, how many earned something in ``quarter``."""

    cohort: date
    quarter: date
    registered: int
    earning: int
    counted_at: Instant


class LedgerFilter(PageRequest):
    """The whole ledger by kind and day."""

    transaction_type: TransactionType | None = None
    date_from: date | None = None
    date_to: date | None = None


class OpenLotFilter(PageRequest):
    """Outstanding points by the day they end on."""

    ends_from: date | None = None
    ends_to: date | None = None


class MovementFilter(PageRequest):
    """Changes of tier by direction and day."""

    rose: bool | None = None
    date_from: date | None = None
    date_to: date | None = None


class RedemptionFilter(PageRequest):
    """Rewards taken by reward and day."""

    reward_id: RecordId | None = None
    date_from: date | None = None
    date_to: date | None = None


class _OfPatient(_Frozen):
    id: int
    patient_id: int
    patient_code: str
    patient_name: str


class LedgerRow(_OfPatient):
    """A row of the ledger with whose it is; ``points`` is signed."""

    transaction_type: TransactionType
    rule: Rule
    points: int
    balance_after: int
    description: str
    created_at: Instant


class OpenLot(_OfPatient):
    """Points earned together that have not all been used."""

    points: int
    remaining: int
    earned_on: date
    expires_on: date


class MovementRow(_OfPatient):
    """A member's change of tier."""

    old_tier: Tier
    new_tier: Tier
    cause: str
    created_at: Instant


class RedemptionRow(_OfPatient):
    """A reward that a member took."""

    reward_id: int | None
    description: str
    points: int
    created_at: Instant
    cancelled_at: Instant | None
