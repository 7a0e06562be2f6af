"""Figures of the business that an administrator may change."""

from decimal import Decimal

from sqlalchemy.orm import Session

from crm_core.base import parameters
from crm_core.base.parameters import ParameterRead
from crm_core.people.schemas import Actor, Permission


def change_parameter(session: Session, name: str, value: Decimal, *, actor: Actor) -> ParameterRead:
    """Sets a figure within its bounds; the reason is the transaction's, and in the history."""
    actor.require(Permission.SETTINGS_WRITE)
    return parameters.change_parameter(session, name, value)
