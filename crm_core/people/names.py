"""The names behind keys such as ``staff:12`` or ``token:3``, for people to read."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.people.models import ApiToken, Staff


def names_of(session: Session, keys: Iterable[str]) -> dict[str, str]:
    """Key → name; one that is neither an account nor a token stands for itself."""
    wanted = sorted(set(keys))
    names = {key: key.replace(":", " ").capitalize() for key in wanted}
    staff = select(Staff.id, Staff.name).where(Staff.id.in_(_ids(wanted, "staff")))
    tokens = select(ApiToken.id, ApiToken.name).where(ApiToken.id.in_(_ids(wanted, "token")))
    names |= {f"staff:{i}": name for i, name in session.execute(staff)}
    names |= {f"token:{i}": f"Token {name}" for i, name in session.execute(tokens)}
    return names


def _ids(keys: Iterable[str], kind: str) -> list[int]:
    parts = (key.partition(":") for key in keys)
    return [int(number) for name, _, number in parts if name == kind and number.isdecimal()]
