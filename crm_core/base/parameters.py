"""Figures of the business that an administrator may change; every change is in the history.

A parameter lives in ``crm_parameters`` from the first migration that needs it, so that SQL
and Python read the same value.
"""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Numeric, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm_core.base.db import Base
from crm_core.base.errors import Invalid, NotFound


class Parameter(Base):
    """One figure with its bounds."""

    __tablename__ = "crm_parameters"

    name: Mapped[str] = mapped_column(String, unique=True)
    value: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    lowest: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    highest: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    unit: Mapped[str] = mapped_column(String)
    description: Mapped[str] = mapped_column(Text)


class ParameterRead(BaseModel):
    """A parameter as the settings page shows it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    name: str
    value: Decimal
    lowest: Decimal
    highest: Decimal
    unit: str
    description: str


def value_of(session: Session, name: str) -> Decimal:
    """The figure in force."""
    return session.execute(select(Parameter.value).where(Parameter.name == name)).scalar_one()


def list_parameters(session: Session) -> list[ParameterRead]:
    """Every parameter, by name."""
    found = session.scalars(select(Parameter).order_by(Parameter.name))
    return [ParameterRead.model_validate(parameter) for parameter in found]


def change_parameter(session: Session, name: str, value: Decimal) -> ParameterRead:
    """Sets a figure within its bounds; the caller has checked the permission."""
    parameter = session.scalars(
        select(Parameter).where(Parameter.name == name).with_for_update()
    ).one_or_none()
    if parameter is None:
        raise NotFound("Parameter not found")
    if not parameter.lowest <= value <= parameter.highest:
        raise Invalid.field(
            "value", f"Give a value from {parameter.lowest:,f} to {parameter.highest:,f}."
        )
    parameter.value = value
    session.flush()
    return ParameterRead.model_validate(parameter)
