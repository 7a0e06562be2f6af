"""Termii, against a server that speaks its protocol: what is sent, and every way it goes wrong."""

from collections.abc import Callable

import pytest

from crm_core.messaging.gateways import Gateway, GatewayDown, Unanswered, Verdict, gateway_for
from crm_core.messaging.schemas import Channel, Purpose
from tests.messaging.gateways.http_provider import Answer, HttpProvider
from tests.messaging.gateways.letters import make_letter

TAKEN = Answer({"code": "ok", "message_id": "9122821", "message": "Successfully Sent"})


@pytest.fixture
def gateway(termii: HttpProvider) -> Gateway:
    termii.answers = [TAKEN]
    return gateway_for(Channel.SMS)


def test_a_reminder_goes_past_do_not_disturb(gateway: Gateway, termii: HttpProvider) -> None:
    (outcome,) = gateway.send([make_letter(1)])

    (said,) = termii.heard
    assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, "9122821")
    assert said.path == "/api/sms/send"
    assert said.json == {
        "api_key": "key of the account",
        "to": "2348012300001",
        "from": "OurHospital",
        "sms": "See you tomorrow.",
        "type": "plain",
        "channel": "dnd",
    }


def test_a_promotion_goes_by_the_generic_route(gateway: Gateway, termii: HttpProvider) -> None:
    gateway.send([make_letter(1, purpose=Purpose.PROMOTIONAL)])
    assert termii.heard[0].json["channel"] == "generic"


def test_a_refused_letter_holds_up_no_other(gateway: Gateway, termii: HttpProvider) -> None:
    termii.answers = [Answer({"code": 400, "message": "Invalid phone number"}, 400), TAKEN]

    refused, taken = gateway.send([make_letter(1), make_letter(2)])

    assert (refused.verdict, refused.error, refused.hard) == (
        Verdict.REFUSED,
        "Invalid phone number",
        True,
    )
    assert taken.verdict is Verdict.ACCEPTED


def test_an_empty_account_closes_the_channel(gateway: Gateway, termii: HttpProvider) -> None:
    termii.answers = [Answer({"message": "Insufficient balance"}, 400)]
    with pytest.raises(GatewayDown, match="account at Termii is empty"):
        gateway.send([make_letter(1), make_letter(2)])
    assert len(termii.heard) == 1


def test_a_provider_that_asks_to_wait_is_left_alone(gateway: Gateway, termii: HttpProvider) -> None:
    termii.answers = [Answer({}, 429, {"Retry-After": "17"})]
    with pytest.raises(GatewayDown) as down:
        gateway.send([make_letter(1), make_letter(2)])
    assert down.value.retry_after == 17
    assert len(termii.heard) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_a_wrong_key_or_address_closes_the_channel(
    gateway: Gateway, termii: HttpProvider, status: int
) -> None:
    termii.answers = [Answer({}, status)]
    with pytest.raises(GatewayDown, match="check key and address"):
        gateway.send([make_letter(1)])


def test_nobody_there_means_that_nothing_was_accepted(
    termii: HttpProvider, set_environment: Callable[..., None]
) -> None:
    set_environment(CRM_TERMII_URL="http://127.0.0.1:9")
    with pytest.raises(GatewayDown, match="could not be reached"):
        gateway_for(Channel.SMS).send([make_letter(1), make_letter(2)])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(silent=True),
        Answer({}, 500),
        Answer({}, 408),
        Answer("<html>busy</html>", 502),
        Answer('{"message_id": "91'),
        Answer("[]"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_a_letter_that_may_have_been_taken_is_unknown(
    gateway: Gateway, termii: HttpProvider, answer: Answer
) -> None:
    termii.answers = [answer]
    with pytest.raises(Unanswered):
        gateway.send([make_letter(1)])
    assert len(termii.heard) == 1


@pytest.mark.usefixtures("impatient")
def test_after_a_silence_no_further_letter_is_begun(gateway: Gateway, termii: HttpProvider) -> None:
    termii.answers = [TAKEN, Answer(silent=True)]

    outcomes = gateway.send([make_letter(n) for n in range(1, 5)])

    verdicts = [outcome.verdict.value for outcome in outcomes]
    assert verdicts == ["accepted", "unknown", "not_begun", "not_begun"]
    assert len(termii.heard) == 2


def test_a_yes_without_a_number_is_unknown(gateway: Gateway, termii: HttpProvider) -> None:
    termii.answers = [Answer({"message": "Successfully Sent"})]
    assert gateway.send([make_letter(1)])[0].verdict is Verdict.UNKNOWN
