"""A worker in a process of its own: ``python -m tests.messaging.dispatch.worker URL PORT``."""

import json
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from crm_core.base.db import connect
from crm_core.campaigns.service import write_batch
from crm_core.messaging.dispatch import Dispatcher, breaker, working
from crm_core.messaging.gateways import GatewayDown, Letter, Outcome, Unanswered, Verdict
from crm_core.messaging.schemas import Channel


@dataclass
class Wire:
    """Hands chunks to the provider process; without a port it accepts everything itself."""

    port: int
    channel: Channel = Channel.SMS
    name: str = "wire"
    honours_keys: bool = False
    sandbox: bool = False

    def send(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """A connection a chunk: where there is none, surely nothing was accepted."""
        if self.port:
            self._hand_over(json.dumps([letter.id for letter in letters]).encode())
        return [Outcome(one.id, Verdict.ACCEPTED, f"p{one.id}") for one in letters]

    def look_up(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """It does not tell."""
        return []

    def _hand_over(self, line: bytes) -> None:
        try:
            line_to = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        except OSError as refused:
            raise GatewayDown(str(refused)) from refused
        try:
            with line_to, line_to.makefile("rwb") as file:
                file.write(line + b"\n")
                file.flush()
                answer = file.readline()
        except OSError as broken:
            raise Unanswered(str(broken)) from broken
        if answer != b"ok\n":
            raise Unanswered("It hung up.")


if __name__ == "__main__":
    # What waits for minutes where a provider is in trouble waits for moments here.
    breaker.FIRST_PAUSE, working.PAUSE_AFTER_FAILURE = 0.5, timedelta(seconds=0.2)
    connect(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    dispatcher = Dispatcher([Wire(int(sys.argv[2]))], "test", write_batch)
    dispatcher.start()
    print("ready", flush=True)  # noqa: T201  (whoever started it waits for this)
    signal.sigwait({signal.SIGTERM})
    dispatcher.stop()
