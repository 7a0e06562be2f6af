"""Input that may be a record sent back whole, as clients of the service before this one do."""

import re
from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticUndefined

_MASKED = re.compile(r"\*{6,7}[0-9]{4}")


class Echo(BaseModel):
    """What a record's row shows and nobody writes is left out instead of refused.

    A name that no row has is still an error: it is a slip that the sender should hear of.
    """

    model_config = ConfigDict(extra="forbid")

    only_read: ClassVar[frozenset[str]]

    @model_validator(mode="before")
    @classmethod
    def leave_out_what_is_only_read(cls, given: object) -> object:
        """Also a masked number, which was read and not written, and null for what has a default."""
        if not isinstance(given, Mapping):
            return given
        return {name: value for name, value in given.items() if not cls._says_nothing(name, value)}

    @classmethod
    def _says_nothing(cls, name: str, value: object) -> bool:
        if name in cls.only_read or (isinstance(value, str) and _MASKED.fullmatch(value)):
            return True
        field = cls.model_fields.get(name)
        return value is None and field is not None and field.default not in _NONE


_NONE = (None, PydanticUndefined)
