"""Email over SMTP, against a mail server that refuses, closes and falls silent."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_core.messaging import unsubscribing
from crm_core.messaging.gateways import Gateway, GatewayDown, Letter, Verdict, gateway_for
from crm_core.messaging.schemas import Channel, Purpose
from tests.messaging.gateways.certificate import make_certificate
from tests.messaging.gateways.letters import make_letter
from tests.messaging.gateways.mail_server import HANG_UP, SILENCE, MailServer


@pytest.fixture
def gateway(mail_server: MailServer) -> Gateway:
    return gateway_for(Channel.EMAIL)


def email(number: int = 1, **more: object) -> Letter:
    wanted: dict[str, object] = {"address": f"ada{number}@email.example", "subject": "Your visit"}
    return make_letter(number, **(wanted | {"content": "Ẹ káàárọ̀, see you."} | more))


def test_an_email_arrives_with_a_number_that_is_kept(
    gateway: Gateway, mail_server: MailServer
) -> None:
    (outcome,) = gateway.send([email()])

    (came,) = mail_server.emails
    assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, "<crm-1@hospital.example>")
    assert came["Message-ID"] == outcome.provider_id
    assert (came["To"], came["Subject"]) == ("ada1@email.example", "Your visit")
    assert came["From"] == "Our Hospital <noreply@hospital.example>"
    assert came.get_content().strip() == "Ẹ káàárọ̀, see you."
    assert came["List-Unsubscribe"] is None


def test_a_promotion_can_be_ended_with_one_tap(gateway: Gateway, mail_server: MailServer) -> None:
    gateway.send([email(42, purpose=Purpose.PROMOTIONAL)])

    (came,) = mail_server.emails
    address = came["List-Unsubscribe"].strip("<>")
    assert came["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert address.startswith("https://api.hospital.example/api/crm-v2/links/unsubscribe/")
    assert unsubscribing.message_of(address.rpartition("/")[2]) == 42
    assert address in came.get_content()


def test_a_subject_cannot_add_a_header(gateway: Gateway, mail_server: MailServer) -> None:
    gateway.send([email(subject="Visit\r\nBcc: everybody@email.example")])
    (came,) = mail_server.emails
    assert came["Bcc"] is None
    assert mail_server.recipients == ["ada1@email.example"]


def test_an_address_cannot_add_a_recipient(gateway: Gateway, mail_server: MailServer) -> None:
    (outcome,) = gateway.send([email(address="ada@email.example\r\nRCPT TO:<b@email.example>")])
    assert outcome.verdict is Verdict.REFUSED
    assert not mail_server.recipients


def test_a_mailbox_that_does_not_exist_is_bad_for_good_and_holds_up_no_other(
    gateway: Gateway, mail_server: MailServer
) -> None:
    mail_server.says["RCPT TO:<ada1@email.example>"] = "550 5.1.1 no such user"

    refused, taken = gateway.send([email(1), email(2)])

    assert (refused.verdict, refused.code, refused.hard) == (Verdict.REFUSED, "550", True)
    assert refused.error == "5.1.1 no such user"
    assert taken.verdict is Verdict.ACCEPTED


def test_a_server_s_policy_is_not_the_address_s_fault(
    gateway: Gateway, mail_server: MailServer
) -> None:
    mail_server.says["RCPT TO"] = "550 5.7.1 relaying denied"
    assert not gateway.send([email()])[0].hard


def test_a_bare_550_does_not_close_an_address(gateway: Gateway, mail_server: MailServer) -> None:
    mail_server.says["RCPT TO"] = "550 relay not permitted"
    (outcome,) = gateway.send([email()])
    assert (outcome.verdict, outcome.hard) == (Verdict.REFUSED, False)


def test_a_sender_that_is_refused_is_nobody_s_address_s_fault(
    gateway: Gateway, mail_server: MailServer
) -> None:
    mail_server.says["MAIL FROM"] = "553 5.1.8 Domain of sender address does not exist"
    with pytest.raises(GatewayDown, match="does not take mail from noreply@"):
        gateway.send([email(1), email(2)])


@pytest.mark.parametrize("address", ["josé@mail.example", "ada@bücher.example"])
def test_an_address_in_other_letters_holds_up_no_other(
    gateway: Gateway, mail_server: MailServer, address: str
) -> None:
    first, odd, last = gateway.send([email(1), email(2, address=address), email(3)])
    assert (odd.verdict, odd.code, odd.hard) == (Verdict.REFUSED, "unwritable", False)
    assert {first.verdict, last.verdict} == {Verdict.ACCEPTED}
    assert len(mail_server.emails) == 2


@pytest.mark.parametrize(
    ("where", "verdict"),
    [
        ("MAIL FROM", Verdict.RETRY),
        ("RCPT TO", Verdict.LATER),
        ("DATA", Verdict.RETRY),
        ("text", Verdict.RETRY),
    ],
)
def test_a_server_that_is_busy_is_tried_again(
    gateway: Gateway, mail_server: MailServer, where: str, verdict: Verdict
) -> None:
    mail_server.says[where] = "451 4.3.0 later, please"
    (outcome,) = gateway.send([email()])
    assert (outcome.verdict, outcome.code) == (verdict, "451")


def test_a_server_that_closes_the_connection_is_offered_no_more(
    gateway: Gateway, mail_server: MailServer
) -> None:
    mail_server.says["RCPT TO:<ada2@email.example>"] = "421 4.7.0 too many in this connection"
    outcomes = gateway.send([email(1), email(2), email(3)])
    assert [one.verdict for one in outcomes] == [
        Verdict.ACCEPTED,
        Verdict.LATER,
        Verdict.NOT_BEGUN,
    ]


@pytest.mark.parametrize("where", ["DATA", "text"])
def test_a_text_that_is_refused_is_not_the_address_s_fault(
    gateway: Gateway, mail_server: MailServer, where: str
) -> None:
    mail_server.says[where] = "554 5.6.0 looks like spam"
    (outcome,) = gateway.send([email()])
    assert (outcome.verdict, outcome.hard) == (Verdict.REFUSED, False)


@pytest.mark.parametrize("where", ["MAIL FROM", "RCPT TO"])
@pytest.mark.parametrize("how", [HANG_UP, SILENCE])
@pytest.mark.usefixtures("impatient")
def test_a_line_that_breaks_before_the_text_broke_nothing(
    gateway: Gateway, mail_server: MailServer, where: str, how: str
) -> None:
    mail_server.says[where] = how
    outcomes = gateway.send([email(1), email(2)])
    assert [one.verdict for one in outcomes] == [Verdict.RETRY, Verdict.NOT_BEGUN]


@pytest.mark.parametrize("how", [HANG_UP, SILENCE])
@pytest.mark.usefixtures("impatient")
def test_a_server_that_took_the_text_and_says_nothing_leaves_it_unknown(
    gateway: Gateway, mail_server: MailServer, how: str
) -> None:
    mail_server.says["text"] = how

    first, second = gateway.send([email(1), email(2)])

    assert (first.verdict, second.verdict) == (Verdict.UNKNOWN, Verdict.NOT_BEGUN)
    assert len(mail_server.emails) == 1


@pytest.mark.parametrize(
    ("where", "says"), [("greeting", "421 4.3.2 closing"), ("greeting", "554 go away")]
)
def test_a_server_that_does_not_greet_closes_the_channel(
    gateway: Gateway, mail_server: MailServer, where: str, says: str
) -> None:
    mail_server.says[where] = says
    with pytest.raises(GatewayDown, match="cannot be used"):
        gateway.send([email()])


SIGNED_IN = {"CRM_SMTP_USER": "us", "CRM_SMTP_PASSWORD": "secret"}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_password_is_told_to_a_server_that_shows_who_it_is(
    mail_server: MailServer,
    set_environment: Callable[..., None],
    tmp_path: Path,
    security: str,
) -> None:
    mail_server.certificate = make_certificate(tmp_path)
    mail_server.encrypted_from_the_start = security == "tls"
    trusted = str(mail_server.certificate)
    set_environment(CRM_SMTP_SECURITY=security, SSL_CERT_FILE=trusted, **SIGNED_IN)

    (outcome,) = gateway_for(Channel.EMAIL).send([email()])

    assert outcome.verdict is Verdict.ACCEPTED
    assert [base64.b64decode(one) for one in mail_server.passwords] == [b"\0us\0secret"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_cannot_show_who_it_is_is_told_nothing(
    mail_server: MailServer,
    set_environment: Callable[..., None],
    tmp_path: Path,
    security: str,
) -> None:
    mail_server.certificate = make_certificate(tmp_path)
    mail_server.encrypted_from_the_start = security == "tls"
    set_environment(CRM_SMTP_SECURITY=security, **SIGNED_IN)
    with pytest.raises(GatewayDown, match="certificate verify failed"):
        gateway_for(Channel.EMAIL).send([email()])
    assert not mail_server.passwords
    assert not mail_server.emails


def test_a_server_that_cannot_encrypt_is_not_told_the_password(
    gateway: Gateway, mail_server: MailServer, set_environment: Callable[..., None]
) -> None:
    set_environment(CRM_SMTP_SECURITY="starttls", **SIGNED_IN)
    with pytest.raises(GatewayDown, match="STARTTLS"):
        gateway.send([email()])
    assert not mail_server.passwords


def test_a_password_that_is_refused_closes_the_channel(
    gateway: Gateway, mail_server: MailServer, set_environment: Callable[..., None]
) -> None:
    mail_server.says["AUTH"] = "535 5.7.8 no"
    set_environment(**SIGNED_IN)
    with pytest.raises(GatewayDown, match="cannot be used"):
        gateway.send([email()])
    assert not mail_server.emails
