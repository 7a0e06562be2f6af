"""The sandbox: it reaches nobody, and keeps what it was given."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_core.base.errors import Invalid
from crm_core.messaging.gateways import Verdict, gateway_for
from crm_core.messaging.gateways.outbox import folder
from crm_core.messaging.schemas import Channel
from tests.messaging.gateways.letters import make_letter


@pytest.fixture(autouse=True)
def outbox(set_environment: Callable[..., None], tmp_path: Path) -> None:
    set_environment(CRM_DATA_DIR=str(tmp_path))


def test_what_is_sent_is_kept_in_a_file_that_others_may_not_read() -> None:
    outcomes = gateway_for(Channel.SMS).send([make_letter(1), make_letter(2)])

    (file,) = folder().glob("*.jsonl")
    kept = [json.loads(line) for line in file.read_text().splitlines()]
    assert [one.verdict for one in outcomes] == [Verdict.ACCEPTED, Verdict.ACCEPTED]
    assert [line["provider_id"] for line in kept] == [one.provider_id for one in outcomes]
    assert kept[0]["content"] == "See you tomorrow."
    assert file.stat().st_mode & 0o077 == 0


def test_it_knows_what_it_got_and_what_it_did_not() -> None:
    gateway = gateway_for(Channel.SMS)
    gateway.send([make_letter(1)])

    known, not_there = gateway.look_up([make_letter(1), make_letter(2)])

    assert (known.verdict, known.provider_id) == (Verdict.ACCEPTED, "sandbox-crm-1")
    assert not_there.verdict is Verdict.RETRY


def test_nothing_is_sent_by_call() -> None:
    with pytest.raises(Invalid, match="only written down"):
        gateway_for(Channel.CALL)
