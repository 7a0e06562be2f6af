"""The sandbox's outbox: read newest first by people, and onwards by whoever plays it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm_core.messaging.gateways import outbox
from crm_core.messaging.gateways.outbox import Kept, append, read_on, read_outbox
from crm_core.messaging.schemas import Channel, Purpose

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(set_environment: Callable[..., None], tmp_path: Path) -> None:
    set_environment(CRM_DATA_DIR=str(tmp_path))


def kept(number: int, at: datetime = NOON, channel: Channel = Channel.SMS) -> Kept:
    return Kept(
        at=at,
        channel=channel,
        provider_id=f"sandbox-{number}",
        id=number,
        address="+2348012345678",
        subject=None,
        content="Ẹ káàárọ̀\nto you",
        purpose=Purpose.REMINDER,
    )


def numbers(letters: list[Kept]) -> list[int]:
    return [letter.id for letter in letters]


def test_the_newest_letters_come_first_over_the_days() -> None:
    append([kept(1, NOON - timedelta(days=1)), kept(2), kept(3)])
    assert numbers(read_outbox()) == [3, 2, 1]
    assert numbers(read_outbox(most=2)) == [3, 2]


def test_one_channel_may_be_looked_at_alone() -> None:
    append([kept(1), kept(2, channel=Channel.EMAIL)])
    assert numbers(read_outbox(channel=Channel.EMAIL)) == [2]


def test_a_long_day_is_read_from_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_TAIL", 500)
    append([kept(number) for number in range(50)])
    found = numbers(read_outbox(most=2))
    assert found == [49, 48]


def test_a_reader_goes_on_where_it_was_also_on_the_next_day() -> None:
    append([kept(1), kept(2)])
    letters, places = read_on(None, most=1)
    assert numbers(letters) == [1]
    append([kept(3, NOON + timedelta(days=1))])
    letters, places = read_on(places[-1], most=10)
    assert numbers(letters) == [2, 3]
    assert read_on(places[-1], most=10) == ([], [])


def test_a_line_that_is_being_written_is_left_for_later() -> None:
    append([kept(1)])
    with (outbox.folder() / f"{NOON.date()}.jsonl").open("a") as file:
        file.write('{"half')
    assert numbers(read_outbox()) == [1]
    assert numbers(read_on(None, most=10)[0]) == [1]


def test_a_line_that_was_cut_short_stops_nobody() -> None:
    append([kept(1)])
    with (outbox.folder() / f"{NOON.date()}.jsonl").open("a") as file:
        file.write('{"half')
    append([kept(2)])
    append([kept(3)])
    assert numbers(read_outbox()) == [3, 2, 1]
    assert numbers(read_on(None, most=10)[0]) == [1, 2, 3]
    assert list(outbox.ids()) == ["sandbox-1", "sandbox-2", "sandbox-3"]


def test_old_letters_are_forgotten() -> None:
    append([kept(1, NOON - timedelta(days=15)), kept(2, NOON - timedelta(days=14)), kept(3)])
    outbox.forget_old(NOON.date())
    assert numbers(read_outbox()) == [3, 2]


def test_an_empty_outbox_is_empty() -> None:
    assert read_outbox() == []
    assert list(outbox.ids()) == []
