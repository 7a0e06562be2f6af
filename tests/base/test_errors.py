"""Refusals carry a sentence."""

from crm_core.base.errors import Invalid, Problem


def test_an_error_of_one_field_names_the_field() -> None:
    refusal = Invalid.field("phone", "Give a number.")
    assert refusal.problems == (Problem("phone", "Give a number."),)
    assert str(refusal) == "Give a number."
