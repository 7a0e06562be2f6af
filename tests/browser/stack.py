"""The whole product as its users start it, and what a test does beside the browser."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.processes import PATIENCE, PROJECT, free_port, running

READY = "Ctrl-C stops everything."


@dataclass(frozen=True)
class Stack:
    """Dashboard, API and worker on an embedded database of their own, with the sample data."""

    variables: Mapping[str, str]
    pid: int
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def dashboard(self) -> str:
        """The address as `up` prints it: the session's cookie is Secure, so by this name alone."""
        return f"http://localhost:{self.variables['CRM_DASHBOARD_PORT']}"

    def command(self, *words: str, typed: str = "", patience: float = PATIENCE) -> str:
        """What `python -m crm_core` prints, beside the running product."""
        done = subprocess.run(
            [sys.executable, "-m", "crm_core", *words],
            cwd=PROJECT,
            env={**os.environ, **self.variables},
            input=typed,
            capture_output=True,
            text=True,
            timeout=patience,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def api(self, role: str) -> Iterator[httpx2.Client]:
        """The API, as a program with this role."""
        with httpx2.Client(
            base_url=f"http://127.0.0.1:{self.variables['CRM_API_PORT']}/api/crm-v2",
            headers={"Authorization": f"Bearer {self._token(role)}"},
            timeout=PATIENCE,
        ) as client:
            yield client

    def _token(self, role: str) -> str:
        if role not in self._tokens:
            words = ("token", "create", f"Accounting ({role})", "--role", role)
            self._tokens[role] = self.command(*words)
        return self._tokens[role]


@contextmanager
def running_stack(folder: Path) -> Iterator[Stack]:
    """Starts everything, and stops it as Ctrl-C does."""
    variables = {
        "CRM_DATA_DIR": str(folder / "data"),
        "CRM_DASHBOARD_PORT": str(free_port()),
        "CRM_API_PORT": str(free_port()),
        "DATABASE_URL": "",
        "CRM_ENCRYPTION_KEY": "",
        "CRM_SESSION_KEY": "",
    }
    with running(["-m", "crm_core", "up"], folder, variables) as started:
        try:
            started.wait_until_it_says(READY)
            yield Stack(variables, started.process.pid)
        finally:
            started.process.terminate()
            started.process.wait(PATIENCE)


def data_of(answer: httpx2.Response) -> Any:  # JSON of whatever shape
    """What an envelope holds."""
    assert answer.is_success, answer.text
    return answer.json()["data"]
