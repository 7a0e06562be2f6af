"""People at the dashboard without a browser each: they speak its protocol, as the frontend does.

``python -m tests.load.people`` reads what to do as JSON from its first line of input, clicks until
the input ends, and prints how long the clicks took.
"""

import json
import random
import statistics
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

PAUSE = 2.0
"""Seconds that a person looks at a page before the next click."""

_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class Clicker:
    """One person: the cookie of their session, and the addresses that they go round."""

    cookie: str
    paths: Sequence[str]


@dataclass(frozen=True)
class Asked:
    """Where the dashboard answers, and who clicks there."""

    address: str
    people: Sequence[Clicker]

    def line(self) -> str:
        """As the program reads it."""
        return json.dumps(asdict(self))


def rerun(server: ClientConnection, path: str) -> float:
    """Opens a page of the dashboard; gives the seconds until its script has run to the end."""
    parts = urlsplit(path)
    asked = BackMsg()
    asked.rerun_script.page_name = parts.path.strip("/")
    asked.rerun_script.query_string = parts.query
    started = time.perf_counter()
    server.send(asked.SerializeToString())
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(_bytes(server.recv(timeout=60)))
        if answer.WhichOneof("type") == "script_finished":
            return time.perf_counter() - started


def _bytes(received: str | bytes) -> bytes:
    assert isinstance(received, bytes), "the dashboard speaks protocol buffers"
    return received


def _click(
    address: str, person: Clicker, stopped: threading.Event, took: list[float], seed: int
) -> None:
    dice = random.Random(seed)
    stopped.wait(dice.uniform(0, PAUSE))
    with connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        additional_headers={"Cookie": person.cookie},
        subprotocols=[Subprotocol("streamlit")],
        max_size=_LARGEST,
    ) as server:
        at = seed
        while not stopped.is_set():
            took.append(rerun(server, person.paths[at % len(person.paths)]))
            at += 1
            stopped.wait(PAUSE)


def _told(took: Iterable[float]) -> str:
    sorted_ms = sorted(1000 * each for each in took)
    p95 = sorted_ms[int(len(sorted_ms) * 0.95)]
    median = statistics.median(sorted_ms)
    return json.dumps({"clicks": len(sorted_ms), "median_ms": median, "p95_ms": p95})


def main() -> None:
    """Clicks until nobody wants it any more."""
    asked = json.loads(sys.stdin.readline())
    stopped = threading.Event()
    took: list[float] = []
    threads = [
        threading.Thread(
            target=_click, args=(asked["address"], Clicker(**each), stopped, took, seed)
        )
        for seed, each in enumerate(asked["people"])
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stopped.set()
    for thread in threads:
        thread.join()
    sys.stdout.write(_told(took))


if __name__ == "__main__":
    main()
