"""A mail server of the tests: SMTP over a real socket, refusing and falling silent as told."""

import socketserver
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from threading import Event, Thread

HANG_UP = "hang up"
SILENCE = "say nothing"


@dataclass
class MailServer:
    """What it got, and what it says instead of yes: command → its answer, or one of the above.

    A command is a verb (``DATA``), with its word (``RCPT TO``) or whole; ``greeting`` and
    ``text`` stand for what has no verb.
    """

    port: int = 0
    emails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    says: dict[str, str] = field(default_factory=dict)
    passwords: list[str] = field(default_factory=list)
    certificate: Path | None = None
    encrypted_from_the_start: bool = False
    over: Event = field(default_factory=Event)

    def answer_to(self, line: str) -> str:
        """What the test wants said to this command; empty: yes."""
        wanted = {command.upper(): said for command, said in self.says.items()}
        verb = line.upper().split(":")[0]
        found = (wanted.get(one) for one in (line.upper(), verb, verb.split()[0]))
        return next((said for said in found if said), "")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, state: MailServer) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.state = state

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: clients of the tests break off on purpose."""


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Until the client quits, or the test wants it broken off."""
        self.state = self.server.state
        if self.state.encrypted_from_the_start:
            self._encrypt()
        going_on = self._say(self.state.says.get("greeting", "220 mail.example ready"))
        while going_on and (line := self.rfile.readline()):
            going_on = self._do(line.strip().decode())

    def _do(self, line: str) -> bool:
        answer, verb = self.state.answer_to(line), line.split(maxsplit=1)[0].upper()
        if not answer and verb == "DATA":
            return self._take_text()
        if not answer and verb == "RCPT":
            self.state.recipients.append(line.split(":", 1)[1].strip("<>"))
        if verb == "STARTTLS":
            self._say("220 go on")
            self._encrypt()
            return True
        if verb == "AUTH":
            self.state.passwords.append(line.rsplit(maxsplit=1)[-1])
        return self._say(answer or self._usual(verb)) and verb != "QUIT"

    def _usual(self, verb: str) -> str:
        if verb != "EHLO":
            return "235 welcome" if verb == "AUTH" else "250 fine"
        encrypts = "250-STARTTLS\r\n" if self.state.certificate else ""
        return f"250-mail.example\r\n{encrypts}250-AUTH PLAIN\r\n250 8BITMIME"

    def _encrypt(self) -> None:
        assert self.state.certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.state.certificate)
        self.secured = context.wrap_socket(self.request, server_side=True)
        self.rfile = self.secured.makefile("rb")
        self.wfile = self.secured.makefile("wb")

    def finish(self) -> None:
        """Closes what encryption opened, as well."""
        with suppress(OSError, AttributeError):
            self.secured.close()
        with suppress(OSError, ValueError):
            super().finish()

    def _take_text(self) -> bool:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        answer = self.state.says.get("text", "250 taken")
        if answer in {"250 taken", SILENCE, HANG_UP}:
            self.state.emails.append(message_from_bytes(b"".join(lines), policy=default))
        return self._say(answer)

    def _say(self, answer: str) -> bool:
        """False where the conversation is over."""
        if answer in {HANG_UP, SILENCE}:
            self.state.over.wait(30 if answer == SILENCE else 0)
            return False
        self.wfile.write(f"{answer}\r\n".encode())
        self.wfile.flush()
        return True


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    """Listens on this machine until the block ends."""
    state = MailServer()
    with _Server(state) as server:
        state.port = server.server_address[1]
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield state
        state.over.set()
        server.shutdown()
