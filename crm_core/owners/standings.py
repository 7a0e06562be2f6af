"""Owners' scores as they stood at the end of a month: what the mean of that month is made of."""

from sqlalchemy import Date, Text, bindparam, cast, func, literal_column, select, text, true

from crm_core.base.read import Listing, Order, Read
from crm_core.hospitals.where import in_state
from crm_core.owners.models import Owner, OwnerScore
from crm_core.owners.schemas import StandingFilter, StandingRead

_MONTH = bindparam("month", type_=Date)
_NEXT = cast(func.date_trunc("month", _MONTH) + text("interval '1 month'"), Date)
_STOOD = (
    select(OwnerScore.score, OwnerScore.as_of)
    .where(OwnerScore.owner_id == Owner.id, OwnerScore.as_of < _NEXT)
    .order_by(OwnerScore.as_of.desc())
    .limit(literal_column("1"))
    .lateral("stood")
)

STANDINGS: Listing[StandingRead] = Listing(
    schema=StandingRead,
    statement=select(
        Owner.id,
        Owner.owner_code,
        cast(Owner.first_name + " " + Owner.last_name, Text).label("name"),
        _STOOD.c.score,
        _STOOD.c.as_of,
    ).join(_STOOD, true()),
    filters={
        # The month is in the statement itself; every list has one.
        "month": _MONTH.is_not(None),
        "hospital_id": Owner.hospital_id == bindparam("hospital_id"),
        "state": in_state(Owner.hospital_id),
    },
    orders={"discontent": Order((_STOOD.c.score, Owner.id), descending=False)},
    key=Owner.id,
    noun="Owner",
)


def list_standings(filters: StandingFilter) -> Read[StandingRead]:
    """Owners who had a score at the end of the month, the least content first."""
    return STANDINGS.read(filters)
