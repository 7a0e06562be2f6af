"""Findings of the validator in words that say what to give."""

import pytest
from pydantic import BaseModel, Field, ValidationError

from crm_core.base.validation import problems_of


class _Account(BaseModel):
    number: str = Field(pattern=r"^[0-9]{10}$")
    card: str = Field("AB-1", pattern=r"^[A-Z]+-[0-9]+$")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"number": "123"}, "Give 10 digits."),
        ({"number": "0123456789", "card": "?"}, "This does not have the right form."),
    ],
)
def test_a_number_of_the_wrong_length_is_told_the_right_one(
    given: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        _Account(**given)
    assert [problem.message for problem in problems_of(refused.value)] == [sentence]
