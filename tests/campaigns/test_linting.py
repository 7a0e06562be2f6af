"""What a drafter is told about a text before anybody reads it."""

import pytest

from crm_core.campaigns.linting import lint_campaign
from tests.make_campaigns import drafted


def codes(body: str, channel: str = "sms", kind: str = "follow_up") -> set[tuple[str, bool]]:
    found = lint_campaign(drafted(message_template=body, channels=[channel], type=kind))
    return {(finding.code, finding.error) for finding in found}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("See you on Friday.", set()),
        ("Only ₦500 on Friday.", {("expensive_letters", False)}),
        ("Ẹ káàárọ̀, see you on Friday.", {("expensive_letters", False)}),
        ("You are the WINNER of a loan", {("blocked_words", False)}),
        ("Better sleep, less debt", set()),
        ("x" * 600, {("long", False)}),
    ],
)
def test_what_costs_or_is_held_back_is_said(body: str, expected: set[tuple[str, bool]]) -> None:
    assert codes(body) == expected


@pytest.mark.parametrize(
    "line", ["Answer STOP to get no more.", "Unsubscribe: {unsubscribe}", "To opt out call us."]
)
def test_a_promotional_email_says_how_to_get_no_more_of_them(line: str) -> None:
    assert codes("Come on Friday.", "email", "promotional") == {("no_opt_out", True)}
    assert codes(f"Come on Friday. {line}", "email", "promotional") == set()
    assert codes("Come on Friday.", "email", "reminder") == set()


def test_a_promotional_sms_should_too() -> None:
    assert codes("Come on Friday.", "sms", "promotional") == {("no_opt_out", False)}


def test_a_channel_that_nothing_sends_is_said() -> None:
    assert codes("Hello", "push") == {("not_sent", False)}
