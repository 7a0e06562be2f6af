"""What is refused while a campaign is written, in a sentence that says what to give instead."""

from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base.validation import problems_of
from crm_core.campaigns.schemas import CampaignRead
from crm_core.campaigns.segments.schemas import Criteria
from tests.make_campaigns import drafted, make_campaign, segment, where

OWNERS = {"target_audience": "all_owners", "message_template": "Dear {name}"}
EMAIL = {"channels": ["email"]}
IN_CARE = where("age", "at_least", 1)


def refusal(**more: Any) -> str:
    """What is wrong with the campaign."""
    with pytest.raises(ValidationError) as refused:
        drafted(**more)
    (problem,) = problems_of(refused.value)
    return problem.message


@pytest.mark.parametrize("name", ["Promo {May}", "Promo {", "Promo }May{"])
def test_a_brace_in_a_name_that_is_an_emails_subject_is_refused(name: str) -> None:
    assert "the subject of the email" in refusal(name=name, **EMAIL)
    assert "the subject of the email" in refusal(
        name=name, channels=["sms", "email"], texts={"email": {"body": "Hello"}}
    )


def test_a_brace_in_a_name_that_nobody_is_sent_stands(session: Session) -> None:
    by_sms: CampaignRead = make_campaign(session, name="Promo {May}")
    own = {"email": {"body": "Hello", "subject": "Hello in May"}}

    assert by_sms.name == "Promo {May}"
    assert drafted(name="Promo {May}", texts=own, **EMAIL).name == "Promo {May}"


@pytest.mark.parametrize(
    "more",
    [
        {"name": "Your {points} points"},
        {"texts": {"email": {"body": "Dear {name}", "subject": "Your {points} points"}}},
    ],
)
def test_an_owners_subject_names_no_field_of_patients(more: dict[str, Any]) -> None:
    assert "Owners have no {points}" in refusal(**OWNERS, **EMAIL, **more)


@pytest.mark.parametrize(
    "hollow",
    [
        {"conditions": []},
        {"match": "any", "conditions": []},
        {"match": "any", "conditions": [IN_CARE, {"conditions": []}]},
    ],
)
def test_a_group_without_conditions_inside_a_segment_is_refused(hollow: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        Criteria.model_validate(segment(IN_CARE, hollow))
    assert "holds for everybody" in problems_of(refused.value)[0].message
    assert "holds for everybody" in refusal(
        target_audience="specific_segment", segment_criteria=segment(hollow)
    )
