"""From one record to the next in a list, whatever page they are on."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, cast
from sqlalchemy.orm import Session

from crm_core.base.paging import PageRequest
from crm_core.base.read import Listing, Order


@dataclass(frozen=True)
class Neighbours:
    """The ids beside a record in a list; None at its ends, or where it is not in the list."""

    previous: int | None
    next: int | None


def neighbours(
    session: Session, listing: Listing[Any], request: PageRequest, record_id: int
) -> Neighbours:
    """What stands before and after this record in the list that the filters leave."""
    order = listing.orders[getattr(request, "sort", None) or next(iter(listing.orders))]
    conditions, values = listing.conditions(request)
    columns = [cast(column, Text) for column in order.columns]
    own = listing.statement.with_only_columns(*columns, maintain_column_froms=True)
    place = session.execute(own.where(listing.key == record_id)).first()
    if place is None:
        return Neighbours(None, None)
    values |= {f"key_{number}": part for number, part in enumerate(place)}
    ids = listing.statement.with_only_columns(listing.key, maintain_column_froms=True)
    ways = (Order(order.columns, descending=not order.descending), order)
    found = [
        session.execute(
            ids.where(*conditions, way.after()).order_by(*way.clauses()).limit(1), values
        ).scalar()
        for way in ways
    ]
    return Neighbours(*found)
