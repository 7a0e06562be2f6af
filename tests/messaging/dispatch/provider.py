"""A provider in its own process: ``python -m tests.messaging.dispatch.provider PORT LOG DELAY``.

A line is a chunk of ids. They are in the log before it answers: killed in between, it has them,
and nobody was told.
"""

import json
import os
import sys
import time
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer


class Provider(ThreadingTCPServer):
    """Takes every id, and logs it."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, log: Path, delay: float) -> None:
        super().__init__(("127.0.0.1", port), Taking)
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.delay = delay


class Taking(StreamRequestHandler):
    """One chunk."""

    server: Provider

    def handle(self) -> None:
        """Logs the ids, is slow, and says so."""
        ids = json.loads(self.rfile.readline())
        os.write(self.server.log, "".join(f"{one}\n" for one in ids).encode())
        time.sleep(self.server.delay)
        self.wfile.write(b"ok\n")


if __name__ == "__main__":
    port, log, delay = sys.argv[1:]
    with Provider(int(port), Path(log), float(delay)) as provider:
        print("ready", flush=True)  # noqa: T201  (whoever started it waits for this)
        provider.serve_forever()
