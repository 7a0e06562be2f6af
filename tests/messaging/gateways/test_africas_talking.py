"""Africa's Talking, against a server that speaks its protocol."""

from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from crm_core.messaging.gateways import Gateway, GatewayDown, Unanswered, Verdict, gateway_for
from crm_core.messaging.schemas import Channel
from tests.messaging.gateways.http_provider import Answer, HttpProvider
from tests.messaging.gateways.letters import make_letter


@pytest.fixture
def gateway(africas_talking: HttpProvider) -> Gateway:
    africas_talking.answers = [recipient(101)]
    return gateway_for(Channel.SMS)


def recipient(code: object, **more: object) -> Answer:
    one = {"statusCode": code, "status": "Success", "messageId": "ATXid_1", "cost": "NGN 2.2000"}
    data = {"Message": "Sent to 1/1", "Recipients": [one | {"number": "+2348012300001"} | more]}
    return Answer({"SMSMessageData": data}, 201)


def test_an_accepted_letter_has_a_number_and_a_price(
    gateway: Gateway, africas_talking: HttpProvider
) -> None:
    (outcome,) = gateway.send([make_letter(1)])

    (said,) = africas_talking.heard
    assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, "ATXid_1")
    assert outcome.cost == Decimal("2.2000")
    assert (said.path, said.headers["apikey"]) == ("/version1/messaging", "key of the account")
    assert dict(parse_qsl(said.body.decode())) == {
        "username": "hospitals",
        "to": "+2348012300001",
        "message": "See you tomorrow.",
        "from": "OurHospital",
    }


def test_a_price_in_another_currency_is_not_taken_for_naira(
    gateway: Gateway, africas_talking: HttpProvider
) -> None:
    africas_talking.answers = [recipient(100, cost="KES 0.8000")]
    assert gateway.send([make_letter(1)])[0].cost is None


@pytest.mark.parametrize(
    ("code", "hard"), [(401, False), (402, False), (403, True), (406, True), (409, False)]
)
def test_a_refusal_says_why(
    gateway: Gateway, africas_talking: HttpProvider, code: int, hard: bool
) -> None:
    africas_talking.answers = [recipient(code, status="Rejected", messageId="None")]
    (outcome,) = gateway.send([make_letter(1)])
    assert (outcome.verdict, outcome.code, outcome.hard) == (Verdict.REFUSED, str(code), hard)
    assert outcome.error
    assert outcome.error.endswith(".")


def test_no_recipient_is_a_refusal_in_the_provider_s_words(
    gateway: Gateway, africas_talking: HttpProvider
) -> None:
    data = {"SMSMessageData": {"Message": "InvalidSenderId", "Recipients": []}}
    africas_talking.answers = [Answer(data, 201)]
    (outcome,) = gateway.send([make_letter(1)])
    assert (outcome.verdict, outcome.error) == (Verdict.REFUSED, "InvalidSenderId")


def test_an_empty_account_closes_the_channel(
    gateway: Gateway, africas_talking: HttpProvider
) -> None:
    africas_talking.answers = [recipient(405)]
    with pytest.raises(GatewayDown, match="empty"):
        gateway.send([make_letter(1)])


@pytest.mark.parametrize(
    "answer",
    [
        recipient(500),
        recipient(501),
        recipient(None),
        Answer({"SMSMessageData": None}),
        Answer({"SMSMessageData": {"Recipients": ["+2348012300001"]}}),
        Answer('{"SMSMessageData": {', 201),
        Answer(silent=True),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_what_cannot_be_read_is_unknown(
    gateway: Gateway, africas_talking: HttpProvider, answer: Answer
) -> None:
    africas_talking.answers = [answer]
    with pytest.raises(Unanswered):
        gateway.send([make_letter(1)])
