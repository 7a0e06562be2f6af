"""A server on this machine that speaks Paystack's transfer API, its bad days included.

It keeps what it took, as Paystack does: a reference is taken once. What a test puts into ``faults``
happens to the next request of that path, before or after the work was done.
"""

import hashlib
import hmac
import json
import socket
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SECRET = "sk_test_of_the_local_server"


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong: an answer instead of the right one, or none at all.

    ``after`` means that the work was done all the same, which the client cannot know.
    """

    status: int = 0
    body: str = ""
    after: bool = False
    headers: tuple[tuple[str, str], ...] = ()


HANGS_UP = Fault()
HANGS_UP_AFTER_ACCEPTING = Fault(after=True)
BUSY = Fault(
    429, '{"status": false, "message": "Too many requests"}', headers=(("Retry-After", "7"),)
)
BROKEN = Fault(502, "<html>Bad gateway</html>")
BROKEN_AFTER_ACCEPTING = Fault(500, '{"status": false, "message": "Oops"}', after=True)
GARBLED_AFTER_ACCEPTING = Fault(200, '{"status": true, "data": {"refer', after=True)
POOR = Fault(
    400, '{"status": false, "message": "Your balance is not enough to fulfil this request"}'
)
OTP_ON = Fault(400, '{"status": false, "message": "Disable OTP to use bulk transfers"}')
NO_KEY = Fault(401, '{"status": false, "message": "Invalid key"}')


@dataclass
class LocalPaystack:
    """What the server knows and what was asked of it."""

    url: str = ""
    transfers: dict[str, dict[str, Any]] = field(default_factory=dict)
    recipients: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=lambda: defaultdict(lambda: "ADA OBI"))
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    first_status: str = "pending"
    change: Callable[[dict[str, Any]], None] = lambda _: None
    lock: Lock = field(default_factory=Lock)

    def fault(self, path: str, *faults: Fault) -> None:
        """The next requests of this path go wrong like this."""
        self.faults[path].extend(faults)

    def next_fault(self, path: str) -> Fault | None:
        """What goes wrong now; a path that ends in a slash stands for all below it."""
        folder = path[: path.rindex("/") + 1]
        waiting = self.faults.get(path) or self.faults.get(folder)
        return waiting.pop(0) if waiting else None

    def conclude(self, reference: str, status: str, **more: Any) -> None:
        """The transfer ends like this at the provider."""
        self.transfers[reference].update(status=status, **more)

    def event(self, reference: str, name: str = "", **more: Any) -> bytes:
        """The webhook about the transfer as it is."""
        data = {**self.transfers[reference], **more}
        return json.dumps({"event": name or f"transfer.{data['status']}", "data": data}).encode()

    def orders(self) -> list[str]:
        """The references of all orders that came in, single and bulk, as often as they came."""
        return [
            each["reference"]
            for method, path, body in self.asked
            if method == "POST" and path.startswith("/transfer") and path != "/transferrecipient"
            for each in body.get("transfers", [body])
        ]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, object]:
        """What the documentation says is answered."""
        with self.lock:
            route, _, query = path.partition("?")
            if route == "/bank/resolve":
                return self._resolve(dict(parse_qsl(query)))
            if (method, route) == ("POST", "/transferrecipient"):
                return 201, _good(self._recipient(body))
            if (method, route) == ("POST", "/transfer"):
                return self._transfer(body)
            if (method, route) == ("POST", "/transfer/bulk"):
                return self._bulk(body)
            if route.startswith("/transfer/verify/"):
                return self._verify(route.rsplit("/", 1)[1])
            return 404, {"status": False, "message": "No such route"}

    def _resolve(self, query: dict[str, str]) -> tuple[int, object]:
        name = self.holders[query["account_number"]]
        if not name:
            return 422, {"status": False, "message": "Could not resolve account name"}
        return 200, _good({"account_number": query["account_number"], "account_name": name})

    def _recipient(self, body: dict[str, Any]) -> dict[str, Any]:
        key = (body["bank_code"], body["account_number"])
        number = len(self.recipients) + 1
        made = {
            "id": number,
            "recipient_code": f"RCP_{number:08}",
            "name": body["name"],
            "details": {"account_number": key[1], "bank_code": key[0]},
        }
        return self.recipients.setdefault(key, made)

    def _transfer(self, body: dict[str, Any]) -> tuple[int, object]:
        if body["reference"] in self.transfers:
            return 400, {"status": False, "message": "Please provide a unique reference"}
        return 200, _good(self._take(body))

    def _bulk(self, body: dict[str, Any]) -> tuple[int, object]:
        taken = [each for each in body["transfers"] if each["reference"] not in self.transfers]
        return 200, _good([self._take(each) for each in taken])

    def _take(self, order: dict[str, Any]) -> dict[str, Any]:
        (recipient,) = [
            each
            for each in self.recipients.values()
            if each["recipient_code"] == order["recipient"]
        ]
        transfer = {
            "id": len(self.transfers) + 1,
            "reference": order["reference"],
            "amount": order["amount"],
            "currency": "NGN",
            "recipient": recipient,
            "status": self.first_status,
            "transfer_code": f"TRF_{len(self.transfers) + 1:08}",
        }
        self.change(transfer)
        self.transfers[order["reference"]] = transfer
        # The answer to an order names the recipient by its number alone.
        return {**transfer, "recipient": transfer["recipient"]["id"]}

    def _verify(self, reference: str) -> tuple[int, object]:
        if reference not in self.transfers:
            return 404, {"status": False, "message": "Transfer not found"}
        return 200, _good(self.transfers[reference])


def sign(body: bytes, secret: str = SECRET) -> str:
    """The signature of a webhook."""
    return hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()


class _Server(ThreadingHTTPServer):
    paystack: LocalPaystack


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._work(None)

    def do_POST(self) -> None:
        self._work(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def _work(self, body: Any) -> None:
        paystack, path = self.server.paystack, urlsplit(self.path).path
        assert self.headers["authorization"] == f"Bearer {SECRET}"
        paystack.asked.append((self.command, path, body))
        fault = paystack.next_fault(path)
        if fault is not None and not fault.after:
            self._fail(fault)
            return
        status, document = paystack.answer(self.command, self.path, body)
        if fault is not None:
            self._fail(fault)
        else:
            self._send(status, json.dumps(document))

    def _fail(self, fault: Fault) -> None:
        if fault.status == 0:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._send(fault.status, fault.body, fault.headers)

    def _send(self, status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name there
        """Says nothing."""


@contextmanager
def running_paystack() -> Iterator[LocalPaystack]:
    """The server, until the block ends."""
    paystack = LocalPaystack()
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.paystack = paystack
        paystack.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield paystack
        server.shutdown()


def _good(data: object) -> dict[str, object]:
    return {"status": True, "message": "OK", "data": data}
