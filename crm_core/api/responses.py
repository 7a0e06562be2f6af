"""What the API answers with: the envelope of the contract, and JSON that PostgreSQL has built."""

from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

Data = TypeVar("Data")


class JsonText(Response, Generic[Data]):
    """JSON that is text already; ``Data`` tells the documentation what it holds."""

    media_type = "application/json"


class Pagination(BaseModel):
    """Where a list's page lies; beyond a thousand rows ``total`` is an estimate."""

    total: int
    page: int
    pages: int
    estimated: bool
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page")


class Envelope(BaseModel, Generic[Data]):
    """A record that was read."""

    success: Literal[True] = True
    data: Data


class Rows(BaseModel, Generic[Data]):
    """A page of a list."""

    success: Literal[True] = True
    data: list[Data]
    pagination: Pagination


class Done(BaseModel, Generic[Data]):
    """What an action did, and the record as it is now."""

    success: Literal[True] = True
    message: str = Field(examples=["Done"])
    data: Data


class Failure(BaseModel):
    """Why a request was turned down, in one sentence."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"success": False, "message": "Owner not found"}}
    )

    success: Literal[False] = False
    message: str


class FieldError(BaseModel):
    """One thing wrong with the input."""

    path: str = Field(description="The field, such as `phone` or `ids.0`", examples=["phone"])
    msg: str = Field(examples=["Give a Nigerian mobile number such as 0803 123 4567."])
    location: Literal["body", "query", "path", "header"]


class InvalidInput(BaseModel):
    """The input is wrong; every field that caused it is named."""

    success: Literal[False] = False
    message: str = Field(examples=["Validation failed"])
    errors: list[FieldError]


class OurFault(BaseModel):
    """Something broke on our side; the log has it under the request id."""

    success: Literal[False] = False
    message: str = Field(examples=["Internal error"])
    request_id: str
