"""The dashboard refuses to start where passwords would cross a network in the clear."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_core.ui.address import AddressUnfit, public_url
from tests.conftest import KEYS

Set = Callable[..., None]


@pytest.mark.parametrize(
    ("host", "given", "shown"),
    [
        ("127.0.0.1", None, "http://localhost:8501"),
        ("0.0.0.0", "https://ops.example.ng/", "https://ops.example.ng"),
        ("0.0.0.0", "http://localhost:9000", "http://localhost:9000"),
        ("127.0.0.1", "http://127.0.0.1:8501", "http://127.0.0.1:8501"),
        ("127.0.0.1", "http://[::1]:8501", "http://[::1]:8501"),
    ],
)
def test_a_safe_address_is_used(
    set_environment: Set, host: str, given: str | None, shown: str
) -> None:
    set_environment(CRM_HOST=host, CRM_PUBLIC_URL=given)

    assert public_url() == shown


@pytest.mark.parametrize(
    ("host", "given"),
    [
        ("0.0.0.0", None),
        ("10.0.0.5", None),
        ("127.0.0.1", "http://ops.example.ng"),
        ("127.0.0.1", "http://10.0.0.5:8501"),
        ("127.0.0.1", "http://localhost.example.ng"),
        ("127.0.0.1", "ops.example.ng"),
        ("127.0.0.1", "https://ops.example.ng/dashboard"),
    ],
)
def test_an_unsafe_or_broken_address_is_refused(
    set_environment: Set, host: str, given: str | None
) -> None:
    set_environment(CRM_HOST=host, CRM_PUBLIC_URL=given)

    with pytest.raises(AddressUnfit):
        public_url()


def test_the_server_says_so_in_a_sentence_and_does_not_start(project: Path) -> None:
    environment = {**os.environ, **KEYS, "CRM_PUBLIC_URL": "http://ops.example.ng"}

    ended = subprocess.run(
        [sys.executable, "-m", "uvicorn", "crm_core.ui.server:app", "--port", "0"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 1
    assert "put a proxy with TLS in front" in ended.stderr
    assert "Traceback" not in ended.stderr
