"""What of a person is known before they are registered, to look for them among the patients."""

from datetime import date

from pydantic import BaseModel, ConfigDict

from crm_core.base.phone import NigerianPhone


class Likeness(BaseModel):
    """As much of a person as was given so far: each part finds those who have it too."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    first_name: str | None = None
    last_name: str | None = None
    date_of_birth: date | None = None
    phone: NigerianPhone | None = None
    nin: str | None = None
