"""Whatever is killed while messages go out: none is lost, none goes out twice, all is told."""

from pathlib import Path

import pytest

from crm_core.base.db import SessionFactory, connected
from crm_core.messaging.invariants import invariants
from tests.messaging.dispatch.disaster import Scene, play, scene

MESSAGES, KILLS = 6000, 8


def check(played: Scene, messages: int) -> str:
    """Asserts what must hold; gives the counts for people to read."""
    counts, seen = played.counts(), played.seen()
    sent, unknown = played.ids("sent"), played.ids("unknown")
    assert sum(counts.values()) == messages
    assert set(counts) <= {"sent", "unknown"}
    assert len(seen) == len(set(seen))
    assert sent <= set(seen)
    assert set(seen) - sent <= unknown
    with connected(played.url), SessionFactory() as session:
        assert list(invariants(session)) == []
    reached = len(unknown & set(seen))
    return (
        f"killed {dict(played.killed)}: of {messages:,} messages {len(sent):,} sent,"
        f" {len(unknown):,} unknown (the provider has {reached:,} of them), 0 lost, 0 twice"
    )


def test_kill_minus_nine_loses_nothing_and_sends_nothing_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scene(tmp_path, MESSAGES, delay=0.02) as made:
        play(made, MESSAGES, KILLS)
        told = check(made, MESSAGES)
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201
    assert made.killed == {"worker": 4, "provider": 2, "PostgreSQL": 2}
