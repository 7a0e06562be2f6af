"""WhatsApp Cloud, against a server that speaks its protocol."""

from collections.abc import Callable

import pytest

from crm_core.messaging.gateways import Gateway, GatewayDown, Unanswered, Verdict, gateway_for
from crm_core.messaging.schemas import Channel, Purpose
from tests.messaging.gateways.http_provider import Answer, HttpProvider
from tests.messaging.gateways.letters import make_letter

TAKEN = Answer({"messaging_product": "whatsapp", "messages": [{"id": "wamid.1"}]})


@pytest.fixture
def gateway(whatsapp: HttpProvider) -> Gateway:
    whatsapp.answers = [TAKEN]
    return gateway_for(Channel.WHATSAPP)


def error(code: int, status: int = 400) -> Answer:
    return Answer({"error": {"message": "in words", "code": code}}, status)


def test_within_a_conversation_the_text_goes_as_it_is(
    gateway: Gateway, whatsapp: HttpProvider
) -> None:
    (outcome,) = gateway.send([make_letter(7, in_conversation=True)])

    (said,) = whatsapp.heard
    assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, "wamid.1")
    assert (said.path, said.headers["authorization"]) == (
        "/v23.0/1555/messages",
        "Bearer token of the app",
    )
    assert said.json == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "2348012300007",
        "biz_opaque_callback_data": "7",
        "type": "text",
        "text": {"body": "See you tomorrow.", "preview_url": False},
    }


def test_outside_a_conversation_an_approved_template_carries_the_text(
    gateway: Gateway, whatsapp: HttpProvider
) -> None:
    gateway.send([make_letter(7, content="Dear Ada,\n\tsee  you    tomorrow.")])
    assert whatsapp.heard[0].json["template"] == {
        "name": "hospital_note",
        "language": {"code": "en"},
        "components": [
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "Dear Ada, see you tomorrow."}],
            }
        ],
    }


def test_without_a_template_nothing_is_sent(gateway: Gateway, whatsapp: HttpProvider) -> None:
    (outcome,) = gateway.send([make_letter(7, purpose=Purpose.PROMOTIONAL)])
    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "no_template")
    assert not whatsapp.heard


def test_a_promotion_has_a_template_of_its_own(
    gateway: Gateway, whatsapp: HttpProvider, set_environment: Callable[..., None]
) -> None:
    set_environment(CRM_WHATSAPP_PROMOTION_TEMPLATE="hospital_news")
    gateway.send([make_letter(7, purpose=Purpose.PROMOTIONAL)])
    assert "hospital_news" in whatsapp.heard[0].body.decode()


def test_a_number_without_whatsapp_is_not_tried_again(
    gateway: Gateway, whatsapp: HttpProvider
) -> None:
    whatsapp.answers = [error(131026)]
    (outcome,) = gateway.send([make_letter(7)])
    assert (outcome.verdict, outcome.code, outcome.hard) == (Verdict.REFUSED, "131026", True)


def test_too_many_to_one_person_waits_alone(gateway: Gateway, whatsapp: HttpProvider) -> None:
    whatsapp.answers = [error(131056), TAKEN]
    outcomes = gateway.send([make_letter(7), make_letter(8)])
    assert {one.verdict for one in outcomes} == {Verdict.LATER, Verdict.ACCEPTED}


@pytest.mark.parametrize("code", [{}, []])
def test_an_answer_nobody_thought_of_leaves_the_others_what_they_are(
    gateway: Gateway, whatsapp: HttpProvider, set_environment: Callable[..., None], code: object
) -> None:
    set_environment(CRM_GATEWAY_AT_ONCE="1")
    whatsapp.answers = [TAKEN, Answer({"error": {"code": code}}, 400), TAKEN]
    outcomes = gateway.send([make_letter(7), make_letter(8), make_letter(9)])
    assert [one.verdict for one in outcomes] == [
        Verdict.ACCEPTED,
        Verdict.UNKNOWN,
        Verdict.NOT_BEGUN,
    ]


@pytest.mark.parametrize("answer", [error(130429), error(190, 401), error(131031), error(10)])
def test_trouble_with_the_account_closes_the_channel(
    gateway: Gateway, whatsapp: HttpProvider, answer: Answer
) -> None:
    whatsapp.answers = [answer]
    with pytest.raises(GatewayDown):
        gateway.send([make_letter(7)])


@pytest.mark.parametrize(
    "answer", [Answer({}, 500), Answer("{", 200), Answer("[" * 100_000, 200), Answer(silent=True)]
)
@pytest.mark.usefixtures("impatient")
def test_what_cannot_be_read_is_unknown(
    gateway: Gateway, whatsapp: HttpProvider, answer: Answer
) -> None:
    whatsapp.answers = [answer]
    with pytest.raises(Unanswered):
        gateway.send([make_letter(7)])


@pytest.mark.parametrize("said", [{"messages": []}, {"messages": ["x"]}, {}])
def test_a_yes_without_a_number_is_unknown(
    gateway: Gateway, whatsapp: HttpProvider, said: dict[str, object]
) -> None:
    whatsapp.answers = [Answer(said)]
    assert gateway.send([make_letter(7)])[0].verdict is Verdict.UNKNOWN
