"""Campaigns at 1,000,000 patients: counts while a segment is written, and a launch on two channels.

The machine may be busy: beside the time that passed stands the processor time that PostgreSQL took.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory, connected, reading
from crm_core.base.migrate import migrate
from crm_core.campaigns import service
from crm_core.campaigns.people import list_recipients
from crm_core.campaigns.previewing import preview_campaign
from crm_core.campaigns.schemas import CampaignCancellation, Fate, RecipientFilter
from crm_core.campaigns.segments.counting import count_segment
from crm_core.campaigns.segments.schemas import Criteria
from tests.load.measuring import Table
from tests.make_campaigns import (
    DRAFTER,
    LAUNCHER,
    WORKER,
    criteria,
    drafted,
    make_approved,
    open_runs,
    run_of,
    where,
)
from tests.servers import OWNER, Databases

pytestmark = [pytest.mark.load, pytest.mark.timeout(3600)]

SEGMENTS: dict[str, Criteria] = {
    "age": criteria(where("age", "between", [40, 60])),
    "sex and state": criteria(
        where("sex", "is_any_of", ["female"]), where("state", "is_any_of", ["Lagos", "Kano"])
    ),
    "area": criteria(where("lga", "is_any_of", ["Lagos: Ikeja"])),
    "hospital": criteria(where("hospital", "is_any_of", [3, 4])),
    "tier": criteria(where("tier", "is_any_of", ["gold", "platinum"])),
    "points": criteria(where("points", "at_least", 1000)),
    "points expiring": criteria(where("points_expiring", "within_days", 30)),
    "last visit": criteria(where("last_visit", "longer_ago_than_days", 180)),
    "visits": criteria(where("visits", "at_least", 5)),
    "no-shows": criteria(where("no_shows", "at_least", 1)),
    "not booked since": criteria(where("booked", "not_since", "2026-06-01")),
    "conditions": criteria(where("conditions", "includes_any_of", ["diabetes"])),
    "consent": criteria(where("consent", "includes_all_of", ["sms", "email"])),
    "five, all": criteria(
        where("age", "at_least", 18),
        where("consent", "includes_any_of", ["sms"]),
        where("points", "at_least", 100),
        where("last_visit", "within_days", 365),
        where("state", "is_none_of", ["Yobe"]),
    ),
    "five, any": criteria(
        where("age", "at_least", 70),
        where("tier", "is_any_of", ["gold"]),
        where("points_expiring", "within_days", 30),
        where("no_shows", "at_least", 1),
        where("conditions", "includes_any_of", ["asthma"]),
        match="any",
    ),
}
CAMPAIGNS: dict[str, dict[str, object]] = {
    "follow-up": {"type": "follow_up", "message_template": "Hello {first_name}"},
    "promotion": {
        "type": "promotional",
        "message_template": "Come on Friday, {first_name}. Reply STOP to opt out.",
        "control_percent": 10,
    },
}
_BARE = """
    INSERT INTO bare SELECT 1, p.id, c, 'pending' FROM crm_patients p
    CROSS JOIN unnest('{sms,email}'::crm_channel[]) c LIMIT :rows
"""


@dataclass(frozen=True)
class Took:
    """Seconds on the clock, and of the processor in PostgreSQL's process."""

    clock: float
    processor: float


@pytest.fixture(scope="session")
def crowd(databases: Databases) -> Iterator[str]:
    """The address of a database with 1,000,000 patients."""
    name = databases.empty()
    migrate(databases.url(name, role=OWNER))
    with psycopg.connect(databases.url(name), autocommit=True) as admin:
        admin.execute((Path(__file__).parent / "crowd.sql").read_bytes())
        admin.execute(
            "CREATE TABLE bare (campaign_id bigint, recipient_id bigint, channel crm_channel,"
            " status crm_message_status); GRANT INSERT ON bare TO crm_app"
        )
        admin.execute("VACUUM ANALYZE")
    with connected(databases.url(name)):
        yield databases.url(name)
    databases.drop(name)


def test_every_segment_is_counted_while_it_is_written(crowd: str, tables: list[Table]) -> None:
    table = Table("Segments of 1,000,000", ("", "patients", "ms", "floor", "ratio", "exact"))
    tables.append(table)
    floor = _quickest(_count_everybody)
    for name, wanted in SEGMENTS.items():
        with reading() as session:
            found = count_segment(session, wanted, actor=DRAFTER)
        took = _quickest(partial(count_segment, criteria=wanted, actor=DRAFTER))
        cells = (f"{found.count:,}", f"{took:.0f}", f"{floor:.0f}", f"{took / floor:.1f}")
        table.add(name, *cells, "no" if found.estimated else "yes")


@pytest.mark.usefixtures("tidied")
@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_launch_to_everybody_on_two_channels(tables: list[Table], name: str) -> None:
    table = Table(
        f"Launch to 1,000,000: {name}",
        ("", "rows", "s", "bare s", "ratio", "cpu s", "bare cpu", "ratio", "private MB"),
    )
    tables.append(table)
    more = {"channels": ["sms", "email"], **CAMPAIGNS[name]}
    with SessionFactory() as session:
        campaign = make_approved(session, **more)
        planned = partial(
            preview_campaign, session, drafted(**more), actor=DRAFTER, campaign_id=campaign.id
        )
        preview, messages = _timed(session, planned), planned().messages
        floors = [_timed_bare(session, messages) for _ in range(3)]
        launch = _timed_launch(session, campaign.id)
        assert run_of(session, campaign.id).messages == messages
        pages = _timed(session, lambda: _look_at_people(session, campaign.id))
        after_launch = _private_megabytes(session)
        floors += [_timed_bare(session, messages) for _ in range(3)]
        lines = [
            ("preview", run_of(session, campaign.id).people, preview),
            ("launch: decided, frozen, queued", messages, launch),
            ("three pages of its people", 60, pages),
            *_afterwards(session, campaign.id, messages),
        ]
        session.rollback()
    for line, rows, took in lines:
        table.add(line, f"{rows:,}", *_beside(took, _best(floors)), f"{after_launch}")

    # Memory does not grow with the audience: a million people would be gigabytes.
    assert after_launch < 600


def _timed_launch(session: Session, campaign_id: int) -> Took:
    service.launch_campaign(session, campaign_id, actor=LAUNCHER)
    (run_id,) = open_runs(session, campaign_id)
    return _timed(session, lambda: service.work_on_run(session, run_id, actor=WORKER))


def _afterwards(session: Session, campaign_id: int, messages: int) -> list[tuple[str, int, Took]]:
    """What becomes of it: some of the messages are written, and the others called off."""
    some = _some_batches(session, campaign_id)
    writing = _timed(session, lambda: _write(session, some))
    written = _written(session, campaign_id)
    because = CampaignCancellation(reason="The talk was called off")
    cancel = _timed(
        session, lambda: service.cancel_campaign(session, campaign_id, because, actor=LAUNCHER)
    )
    clear = _timed(session, lambda: _clear_all(session))
    return [
        ("later: 200 batches are written", written, writing),
        ("or cancelled: no more is sent", messages, cancel),
        ("then written down of each", written, clear),
    ]


@pytest.fixture
def tidied(crowd: str) -> Iterator[None]:
    """What a launch before wrote and took back is cleared away: it would slow down the next."""
    yield
    with psycopg.connect(crowd, autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE")


def _beside(took: Took, bare: Took) -> list[str]:
    pairs = ((took.clock, bare.clock), (took.processor, bare.processor))
    return [
        cell
        for ours, floor in pairs
        for cell in (f"{ours:.1f}", f"{floor:.1f}", f"{ours / floor:.1f}")
    ]


def _some_batches(session: Session, campaign_id: int) -> list[int]:
    statement = "SELECT batch_id FROM crm_unwritten_messages WHERE campaign_id = :id LIMIT 200"
    return list(session.execute(text(statement), {"id": campaign_id}).scalars())


def _write(session: Session, batches: list[int]) -> None:
    """As the workers do that take them."""
    for batch_id in batches:
        service.write_batch(session, batch_id)


def _written(session: Session, campaign_id: int) -> int:
    statement = "SELECT count(*) FROM crm_communication_logs WHERE campaign_id = :id"
    return int(session.execute(text(statement), {"id": campaign_id}).scalar_one())


def _clear_all(session: Session) -> None:
    while service.clear_cancelled_campaigns(session):
        pass


def _look_at_people(session: Session, campaign_id: int) -> None:
    """Everybody, who gets it, and one reason."""
    for outcome in (None, Fate.QUEUED, Fate.NO_CONSENT):
        wanted = RecipientFilter(outcome=outcome)
        found = list_recipients(session, campaign_id, wanted, actor=DRAFTER).page(session)
        assert len(found.rows) == 20


def _timed_bare(session: Session, rows: int) -> Took:
    """As many rows of four columns, into a table without an index; taken back again."""
    with session.begin_nested() as once:
        took = _timed(session, lambda: session.execute(text(_BARE), {"rows": rows}))
        once.rollback()
    return took


def _best(runs: list[Took]) -> Took:
    """The floor is to be low: others use the machine, too."""
    return Took(min(one.clock for one in runs), min(one.processor for one in runs))


def _count_everybody(session: Session) -> object:
    statement = "SELECT count(*) FROM crm_patients WHERE merged_into_id IS NULL"
    return session.execute(text(f"{statement} AND status = 'active'")).scalar()


def _quickest(act: Callable[[Session], object], runs: int = 3) -> float:
    """Milliseconds of the best of a few runs: others use the machine, too."""
    best = float("inf")
    for _ in range(runs):
        with reading() as session:
            started = time.perf_counter()
            act(session)
            best = min(best, (time.perf_counter() - started) * 1000)
    return best


def _timed(session: Session, act: Callable[[], object]) -> Took:
    process = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    used, started = _processor_seconds(process), time.perf_counter()
    act()
    return Took(time.perf_counter() - started, _processor_seconds(process) - used)


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _private_megabytes(session: Session) -> int:
    """Memory of PostgreSQL's process that it shares with nobody."""
    process = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (anonymous,) = [line.split()[1] for line in lines if line.startswith("RssAnon")]
    return int(anonymous) // 1024
