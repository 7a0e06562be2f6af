"""The API's lists in requests a second, beside Express and pg on the same data, by turns."""

import json
import os
import re
import shutil
import statistics
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

from crm_core.base.db import connected, transaction
from crm_core.base.read import Read
from crm_core.owners.queries import list_owners
from crm_core.owners.schemas import OwnerFilter
from crm_core.payouts.queries import list_payouts
from crm_core.payouts.schemas import PayoutFilter, PayoutStatus
from crm_core.people.schemas import Role
from tests.api.tokens import make_token
from tests.load.measuring import Table
from tests.load.traffic import SECONDS, Generator, generator
from tests.processes import Running, eventually, free_port, running

pytestmark = [pytest.mark.load, pytest.mark.timeout(1800)]

ROUNDS = 4
EXPRESS = Path(__file__).parent / "express"
WAYS = {
    "plain": "two queries, as one would write them",
    "rows": "our statement for rows, JSON by node",
    "text": "our statement for JSON, passed on",
}
LISTS = {
    "payouts": "payouts?limit=20",
    "owners": "owners?limit=20",
    "pending": "payouts?limit=20&status=pending",
}


@dataclass(frozen=True)
class Server:
    """Where it answers, and its process."""

    address: str
    pid: int

    def cpu_seconds(self) -> float:
        """What the process has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_requests_a_second(business: str, tmp_path: Path, tables: list[Table]) -> None:
    modules = _node_modules(tmp_path)
    traffic = generator(modules)
    headings = ("", "ours", "theirs", "ratio", "CPU µs", "theirs", "ratio", "Express and pg with")
    table = Table(f"Requests a second, one process each, {traffic.name}", headings)
    tables.append(table)
    token = _token(business)
    with _ours(business, tmp_path) as ours, _express(business, tmp_path, modules) as theirs:
        _assert_same_rows(ours, theirs, token)
        for name, path in LISTS.items():
            for way, words in WAYS.items():
                asked = ((ours, path), (theirs, f"{way}/{name}?limit=20"))
                runs = [[_hit(traffic, *ask, token) for ask in asked] for _ in range(ROUNDS)]
                table.add(name, *_compared(runs), words)


def _hit(traffic: Generator, server: Server, path: str, token: str) -> tuple[float, float]:
    """Requests a second, and the server's own seconds of CPU for each of them."""
    before = server.cpu_seconds()
    rate = traffic.requests_a_second(f"{server.address}/{path}", token)
    return rate, (server.cpu_seconds() - before) / (rate * SECONDS)


def _compared(runs: Sequence[Sequence[tuple[float, float]]]) -> Iterator[str]:
    """Medians of both, and of the ratios within each round; more is better for us."""
    (us, our_cpu), (them, their_cpu) = (
        [statistics.median(run[n][m] for run in runs) for m in (0, 1)] for n in (0, 1)
    )
    yield from (f"{us:,.0f}", f"{them:,.0f}")
    yield f"{statistics.median(run[0][0] / run[1][0] for run in runs):.2f}"
    yield from (f"{our_cpu * 1e6:,.0f}", f"{their_cpu * 1e6:,.0f}")
    yield f"{statistics.median(run[1][1] / run[0][1] for run in runs):.2f}"


def _assert_same_rows(ours: Server, theirs: Server, token: str) -> None:
    """They must do the same work, or the comparison is worth nothing."""
    for name, path in LISTS.items():
        wanted = [row["id"] for row in _get(f"{ours.address}/{path}", token)["data"]]
        assert len(wanted) == 20
        for way in WAYS:
            found = _get(f"{theirs.address}/{way}/{name}?limit=20", token)["data"]
            assert [int(row["id"]) for row in found] == wanted


def _get(url: str, token: str) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def _token(url: str) -> str:
    with connected(url), transaction(who="command:bench") as session:
        return make_token(session, Role.VIEWER)


@contextmanager
def _ours(url: str, folder: Path) -> Iterator[Server]:
    port = free_port()
    environment = {
        "DATABASE_URL": url,
        "CRM_API_PORT": str(port),
        "CRM_RATE_LIMIT": "100000000",
        "CRM_LOG_FORMAT": "json",
    }
    with running(["-m", "crm_core", "api"], folder, environment) as process:
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: _answers(f"{address}/health", process))
        yield Server(f"{address}/api/crm-v2", process.process.pid)


def _answers(url: str, process: Running) -> bool:
    assert process.process.poll() is None, process.said
    try:
        with urllib.request.urlopen(url) as response:
            return bool(response.status == 200)
    except OSError:
        return False


@contextmanager
def _express(url: str, folder: Path, modules: Path) -> Iterator[Server]:
    lists = folder / "lists.json"
    lists.write_text(json.dumps(_statements()))
    output = folder / "express.log"
    environment = {
        **os.environ,
        "NODE_ENV": "production",
        "NODE_PATH": str(modules),
        "NODE_DATABASE_URL": _node_url(url),
    }
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["node", EXPRESS / "server.js", lists], stdout=file, stderr=file, env=environment
        )
    try:
        eventually(lambda: "listening on" in output.read_text() or process.poll() is not None)
        port = re.search(r"listening on (\d+)", output.read_text())
        assert port is not None, output.read_text()
        yield Server(f"http://127.0.0.1:{port[1]}", process.pid)
    finally:
        process.kill()
        process.wait()


def _statements() -> dict[str, dict[str, object]]:
    reads: dict[str, Read[Any]] = {
        "payouts": list_payouts(PayoutFilter()),
        "owners": list_owners(OwnerFilter()),
        "pending": list_payouts(PayoutFilter(status=PayoutStatus.PENDING)),
    }
    return {
        name: {
            "rows": _numbered(read.statements.rows, read._all_values()),
            "text": _numbered(read.statements.json, read._all_values()),
            "plain": _PLAIN[name],
        }
        for name, read in reads.items()
    }


def _numbered(statement: str, values: dict[str, Any]) -> dict[str, object]:
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    sql = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", statement)
    return {"sql": sql.replace("%%", "%"), "values": [values[name] for name in names]}


def _node_url(url: str) -> str:
    """The same address as node's driver reads it: the folder of the socket is the host."""
    parts = conninfo_to_dict(url)
    user, password = str(parts["user"]), str(parts.get("password") or "")
    who = f"{quote(user, safe='')}:{quote(password, safe='')}"
    where = f"localhost:{parts.get('port', 5432)}/{parts['dbname']}"
    return f"postgresql://{who}@{where}?host={quote(str(parts.get('host', 'localhost')), safe='')}"


def _node_modules(folder: Path) -> Path:
    """Where Express is installed: BENCH_NODE_MODULES, or a folder that npm fills now."""
    if given := os.environ.get("BENCH_NODE_MODULES"):
        return Path(given)
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("The comparison with Express takes node and npm: install them.")
    shutil.copy(EXPRESS / "package.json", folder)
    words = [npm, "install", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(words, cwd=folder, check=True, timeout=300)
    return folder / "node_modules"


_PAYOUT_ROWS = """
    SELECT p.id, p.payout_code, p.owner_id, o.owner_code,
           o.first_name || ' ' || o.last_name AS owner_name, p.contract_id, p.period_start,
           p.period_end, p.due_on, p.gross_revenue, p.deductions, p.net_amount, p.status,
           p.status_reason, p.payment_method, p.payment_reference, p.bank_reference, p.bank_code,
           p.bank_name, p.account_last4, p.account_name, p.nuban_ok, p.approvals_needed,
           p.approved_by, p.approved_at, p.paid_at, p.file_id, p.notes, p.created_by, p.version,
           p.created_at, p.updated_at,
           (SELECT count(*) FROM crm_payout_approvals a
            WHERE a.payout_id = p.id AND a.voided_at IS NULL) AS approvals
    FROM crm_payouts p JOIN crm_owners o ON o.id = p.owner_id {where}
    ORDER BY p.created_at DESC, p.id DESC LIMIT $1 OFFSET $2
"""
_OWNER_ROWS = """
    SELECT id, owner_code, first_name, last_name, email, phone, nin_last4, hospital_id, status,
           onboarding_date, last_contact_date, satisfaction_score,
           opening_value + payouts_paid_gross AS lifetime_value, payouts_due_on, notes, version,
           created_at, updated_at, payouts_count, payouts_net
    FROM crm_owners ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2
"""
_PENDING = "WHERE p.status = 'pending'"
_PLAIN = {
    "payouts": {
        "rows": _PAYOUT_ROWS.format(where=""),
        "count": "SELECT count(*) FROM crm_payouts p",
    },
    "owners": {"rows": _OWNER_ROWS, "count": "SELECT count(*) FROM crm_owners"},
    "pending": {
        "rows": _PAYOUT_ROWS.format(where=_PENDING),
        "count": f"SELECT count(*) FROM crm_payouts p {_PENDING}",
    },
}
