"""A running dashboard as a test sees it: requests, and the websocket that pages come over."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
import psycopg
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from crm_core.people import service
from crm_core.people.schemas import Role
from crm_core.ui import sessions
from tests.make import make_staff


@dataclass
class Dashboard:
    """Where it listens, and the database that it uses."""

    address: str
    database_url: str

    def get(self, path: str, token: str = "", **headers: str) -> httpx2.Response:
        """One request as a browser makes it, redirects not followed."""
        sent = {"accept": "text/html", **_cookie(token), **headers}
        return httpx2.get(f"http://{self.address}{path}", headers=sent, timeout=30)

    @contextmanager
    def socket(self, token: str = "", **headers: str) -> Iterator[ClientConnection]:
        """The websocket that Streamlit's frontend opens."""
        with connect(
            f"ws://{self.address}/_stcore/stream",
            additional_headers={**_cookie(token), **headers},
            origin=Origin(f"http://{self.address}"),
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
        ) as opened:
            yield opened

    def sign_in(self, *roles: Role) -> tuple[str, str]:
        """A session's token, and the name of the new person whose it is."""
        with self.session() as session:
            person = make_staff(session, *roles)
            token = service.open_session(session, person.id, method="password", user_agent="")
            session.commit()
            return token, person.name

    def sign_out(self, token: str) -> None:
        """Ends the session, as another tab would."""
        with self.session() as session:
            service.close_session(session, token)
            session.commit()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session on the dashboard's database, beside it."""
        engine = create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(self.database_url)
        )
        with Session(engine) as session:
            yield session
        engine.dispose()


def ask_for_page(page: str, *, url: str = "") -> bytes:
    """What the frontend sends to have a page run."""
    message = BackMsg()
    message.rerun_script.page_name = page
    message.rerun_script.context_info.url = url
    return message.SerializeToString()


def read_page(opened: ClientConnection) -> str:
    """Everything that the server sends until the script has finished, as text."""
    return "\n".join(str(message) for message in _read_until(opened, "script_finished"))


def read_redirect(opened: ClientConnection) -> str:
    """Where the server sends the browser to."""
    return _read_until(opened, "auth_redirect")[-1].auth_redirect.url


def _read_until(opened: ClientConnection, kind: str) -> list[ForwardMsg]:
    seen: list[ForwardMsg] = []
    while not seen or seen[-1].WhichOneof("type") != kind:
        message = opened.recv(timeout=30)
        assert isinstance(message, bytes)
        seen.append(ForwardMsg.FromString(message))
    return seen


def wait_until_alive(running: Dashboard, process: "subprocess.Popen[bytes]") -> None:
    """Returns when /health answers; fails where the process ended instead."""
    transport = httpx2.HTTPTransport(retries=12)
    with httpx2.Client(transport=transport, timeout=30) as client:
        answer = client.get(f"http://{running.address}/health")
    assert process.poll() is None
    assert answer.status_code == 200


def _cookie(token: str) -> dict[str, str]:
    return {"cookie": f"{sessions.COOKIE}={token}"} if token else {}
