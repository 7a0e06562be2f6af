"""What a reveal of a whole number takes."""

from pydantic import BaseModel, ConfigDict

from crm_core.base.words import Reason


class Why(BaseModel):
    """What a reveal is for; it stays in the history."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
