"""A provider of the tests that speaks HTTP: a real server that answers what it is told to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread


@dataclass(frozen=True)
class Said:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.body)
        return found


@dataclass(frozen=True)
class Answer:
    """What is answered; ``silent``: it takes the request and never says anything."""

    body: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False


@dataclass
class HttpProvider:
    """Answers in turn, the last answer for ever."""

    address: str = ""
    answers: list[Answer] = field(default_factory=list)
    heard: list[Said] = field(default_factory=list)
    over: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    def next_answer(self, said: Said) -> Answer:
        with self._lock:
            self.heard.append(said)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def running_http_provider() -> Iterator[HttpProvider]:
    """Listens on this machine until the block ends."""
    provider = HttpProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = provider.next_answer(Said(self.path, headers, body))
            if answer.silent:
                provider.over.wait(30)
                return
            text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name there
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        provider.address = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield provider
        provider.over.set()
        server.shutdown()
