"""Email through any mail server that speaks SMTP."""

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from crm_core.base.clock import utc_now
from crm_core.base.settings import settings
from crm_core.messaging import unsubscribing
from crm_core.messaging.gateways.http import refused
from crm_core.messaging.gateways.interface import (
    GatewayDown,
    Letter,
    Outcome,
    Verdict,
)
from crm_core.messaging.schemas import Channel

NAME = "smtp"

_LINES = SMTP.clone(cte_type="7bit")
_NO_SUCH_ADDRESS = "5.1."
"""How an answer that closes an address begins (RFC 3463); a bare 550 may be about us as well."""

_CLOSING = 421


class Smtp:
    """One connection a call, one message after the other.

    A server's yes is the message's acceptance; what it bounces later comes to the sender's own
    mailbox, which nobody here reads.
    """

    name = NAME
    honours_keys = False
    sandbox = False

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def send(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """Hands the letters over; after the connection broke none is begun any more."""
        outcomes: list[Outcome] = []
        error = "The mail server closed the connection."
        with _connection() as server:
            for letter in letters:
                try:
                    outcomes.append(_hand(server, letter))
                except GatewayDown as down:
                    if not any(one.verdict.is_answer for one in outcomes):
                        raise
                    error = str(down)
                    break
                if outcomes[-1].verdict is Verdict.UNKNOWN or server.sock is None:
                    break
        left = letters[len(outcomes) :]
        return [*outcomes, *(Outcome(one.id, Verdict.NOT_BEGUN, error=error) for one in left)]

    def look_up(self, letters: Sequence[Letter]) -> Sequence[Outcome]:  # noqa: ARG002  (interface)
        """Nothing: SMTP has no question for it."""
        return ()


def compose(letter: Letter) -> EmailMessage:
    """The email; one that needs consent says how to end it, for people and for mail programs.

    Raises:
        ValueError: the address cannot stand in an email.
    """
    given = settings()
    email = EmailMessage(policy=_LINES)
    email["From"] = given.crm_email_from
    email["To"] = letter.address
    email["Subject"] = " ".join((letter.subject or "").split())
    email["Date"] = format_datetime(utc_now())
    email["Message-ID"] = message_id(letter)
    email["Auto-Submitted"] = "auto-generated"
    content = letter.content
    if letter.purpose.needs_consent:
        address = unsubscribing.address_for(letter.id)
        email["List-Unsubscribe"] = f"<{address}>"
        email["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        if not unsubscribing.names_link(content):
            content = f"{content}\n\n-- \nTo get no more of these: {address}\n"
    email.set_content(content)
    return email


def message_id(letter: Letter) -> str:
    """The same however often the letter is handed over: mail programs show it once."""
    _, sender = parseaddr(settings().crm_email_from)
    return f"<{letter.key}@{sender.rpartition('@')[2] or 'localhost'}>"


@contextmanager
def _connection() -> Iterator[smtplib.SMTP]:
    """A server that has greeted us and let us in.

    Raises:
        GatewayDown: it did not.
    """
    try:
        server = _open()
    except (OSError, smtplib.SMTPException) as error:
        raise GatewayDown(f"The mail server cannot be used: {_words(error)}") from error
    try:
        yield server
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()


def _open() -> smtplib.SMTP:
    given = settings()
    where = (given.crm_smtp_host, given.crm_smtp_port)
    context = ssl.create_default_context()
    if given.crm_smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            *where, timeout=given.crm_gateway_timeout, context=context
        )
    else:
        server = smtplib.SMTP(*where, timeout=given.crm_gateway_timeout)
    try:
        if given.crm_smtp_security == "starttls":
            server.starttls(context=context)
        if given.crm_smtp_user:
            server.login(given.crm_smtp_user, given.crm_smtp_password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


def _hand(server: smtplib.SMTP, letter: Letter) -> Outcome:
    """Step by step, for a connection that breaks before the text has left broke nothing.

    Raises:
        GatewayDown: the server does not take our sender, whoever we write to.
    """
    if not letter.address.isascii():
        return refused(
            letter, "This address has letters that not every server takes.", "unwritable"
        )
    try:
        email = compose(letter)
        text = email.as_bytes()
    except (ValueError, UnicodeError) as error:
        return refused(letter, f"The email cannot be written: {error}", "unwritable")
    try:
        if (answer := _address(server, letter)) is not None:
            return answer
    except (OSError, smtplib.SMTPException) as error:
        server.close()
        return Outcome(letter.id, Verdict.RETRY, error=_words(error))
    return _text(server, letter, text)


def _address(server: smtplib.SMTP, letter: Letter) -> Outcome | None:
    """Says from whom and to whom; an outcome where the server refuses that."""
    _, sender = parseaddr(settings().crm_email_from)
    server.ehlo_or_helo_if_needed()
    code, said = _commanded(server.mail(sender))
    if code // 100 == 5:
        raise GatewayDown(f"The mail server does not take mail from {sender}: {said}")
    if code // 100 != 2:
        return _refused_early(server, letter, code, said)
    code, said = _commanded(server.rcpt(letter.address))
    if code // 100 != 2:
        outcome = _refused_early(server, letter, code, said)
        # A mailbox that is full, or a server that wants to see us again, speaks for itself alone.
        return replace(outcome, verdict=Verdict.LATER) if code // 100 == 4 else outcome
    return None


def _refused_early(server: smtplib.SMTP, letter: Letter, code: int, said: str) -> Outcome:
    if code == _CLOSING:
        server.close()
    else:
        _reset(server)
    return _judged(letter, code, said, hard=said.startswith(_NO_SUCH_ADDRESS))


def _text(server: smtplib.SMTP, letter: Letter, text: bytes) -> Outcome:
    """From here on silence means that nobody knows."""
    try:
        code, said = _commanded(server.data(text))
    except smtplib.SMTPDataError as error:
        _reset(server)
        return _judged(letter, *_commanded((error.smtp_code, _bytes(error.smtp_error))))
    except (OSError, smtplib.SMTPException) as error:
        server.close()
        sentence = f"The mail server did not say whether it took the email: {_words(error)}"
        return Outcome(letter.id, Verdict.UNKNOWN, error=sentence)
    if code // 100 == 2:
        return Outcome(letter.id, Verdict.ACCEPTED, message_id(letter))
    return _judged(letter, code, said)


def _judged(letter: Letter, code: int, said: str, *, hard: bool = False) -> Outcome:
    """4xx may be tried again, 5xx not; an address that the server does not know is bad for good."""
    if code // 100 == 4:
        return Outcome(letter.id, Verdict.RETRY, error=said, code=str(code))
    return refused(letter, said, code, hard=hard)


def _reset(server: smtplib.SMTP) -> None:
    with suppress(OSError, smtplib.SMTPException):
        server.rset()


def _commanded(answer: tuple[int, bytes]) -> tuple[int, str]:
    code, said = answer
    return code, said.decode("ascii", "replace").replace("\n", " ")


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
