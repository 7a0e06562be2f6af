"""Another system that is told of events: a local server that checks the signature and remembers."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Receiver:
    """What came, and what to answer: the statuses in turn, then 204 for ever.

    Attributes:
        endless: a body follows that never ends.
        dripping: so does a header.
    """

    url: str = ""
    secret: str = ""
    answers: list[int] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    forged: int = 0
    endless: bool = False
    dripping: bool = False
    over: Event = field(default_factory=Event)

    def receive(self, headers: Any, body: bytes) -> int:
        """Remembers an event whose signature holds."""
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        if headers["webhook-signature"] != f"v1,{expected}":
            self.forged += 1
            return 401
        self.ids.append(headers["webhook-id"])
        self.taken.append(json.loads(body))
        return self.answers.pop(0) if self.answers else 204


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(receiver.receive(self.headers, body))
            if receiver.dripping:
                self.flush_headers()
                self.wfile.write(b"x-drip: ")
            else:
                self.end_headers()
            endless = receiver.endless or receiver.dripping
            # Until the other one has had enough, or the test is over.
            with suppress(ConnectionError):
                while endless and not receiver.over.wait(0.01):
                    self.wfile.write(b".")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        receiver.over.set()
        server.shutdown()
