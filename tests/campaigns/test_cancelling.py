"""Cancelling: nothing is sent from that moment on, and a job writes it down of each message."""

import pytest
from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory
from crm_core.campaigns import service
from crm_core.campaigns.figures import campaign_stats
from crm_core.campaigns.schemas import CampaignCancellation, CampaignRead
from crm_core.campaigns.service import running
from crm_core.messaging import invariants
from crm_core.messaging.dispatch.batches import CHUNK
from crm_core.messaging.gateways import GatewayDown, Letter, Outcome
from crm_core.messaging.service import audiences
from tests.campaigns.test_launching import make_crowd
from tests.campaigns.test_under_way import statuses
from tests.make_campaigns import LAUNCHER, make_approved, make_launched
from tests.messaging.dispatch.providers import Scripted, accepts
from tests.messaging.dispatch.working import send_all
from tests.observe import executed

BECAUSE = CampaignCancellation(reason="The talk was called off")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of ten, two of them a piece."""
    monkeypatch.setattr(running, "BATCH", 10)
    monkeypatch.setattr(running, "NEIGHBOURS", 1)
    monkeypatch.setattr(audiences, "CLEARED_AT_ONCE", 2)


def cancel(session: Session, campaign: CampaignRead) -> None:
    service.cancel_campaign(session, campaign.id, BECAUSE, actor=LAUNCHER)


def clear(session: Session) -> int:
    """What the worker does every minute; gives how many pieces that took."""
    pieces = 0
    while service.clear_cancelled_campaigns(session):
        pieces += 1
    return pieces


def test_of_many_messages_the_first_are_cleared_at_once_the_others_by_a_job(
    session: Session,
) -> None:
    make_crowd(session, 75)
    campaign = make_launched(session)

    cancel(session, campaign)
    assert statuses(session, campaign.id) == {"skipped": 20, "pending": 55}
    assert list(invariants.invariants(session)) == []

    assert clear(session) == 3
    assert statuses(session, campaign.id) == {"skipped": 75}
    stats = campaign_stats(session, campaign.id)
    assert (stats.total.waiting, stats.total.skipped, stats.rate) == (0, 75, 0)
    assert [one.reason for one in stats.failures] == ["campaign_cancelled"]
    assert clear(session) == 0


def test_nothing_is_sent_between_cancelling_and_clearing(session: Session) -> None:
    make_crowd(session, 75)
    campaign = make_launched(session)
    cancel(session, campaign)

    gateway = Scripted()
    assert send_all(gateway) == 0

    assert gateway.letters == []
    assert statuses(session, campaign.id) == {"skipped": 20, "pending": 55}


def test_cancelling_takes_as_many_statements_for_many_as_for_none(session: Session) -> None:
    make_crowd(session, 75)
    many = make_launched(session)
    none = make_approved(session)

    with executed(session) as for_none:
        cancel(session, none)
    with executed(session) as for_many:
        cancel(session, many)

    assert len(for_many) == len(for_none)


def test_the_chunk_on_its_way_is_left_to_its_worker(own_database: str) -> None:
    with SessionFactory.begin() as session:
        make_crowd(session, 30)
        campaign = make_launched(session)

    def cancels(letter: Letter) -> Outcome | None:
        if letter.id == gateway.letters[0].id:
            with SessionFactory.begin() as session:
                cancel(session, campaign)
                clear(session)
                assert statuses(session, campaign.id) == {"pending": 10, "skipped": 20}
        return accepts(letter)

    gateway = Scripted(answer=cancels)
    send_all(gateway)

    with SessionFactory.begin() as session:
        assert len(gateway.letters) == 10 <= CHUNK
        assert statuses(session, campaign.id) == {"sent": 10, "skipped": 20}
        clear(session)
        assert statuses(session, campaign.id) == {"sent": 10, "skipped": 20}


def test_a_chunk_that_the_provider_did_not_take_is_cleared_too(own_database: str) -> None:
    with SessionFactory.begin() as session:
        make_crowd(session, 10)
        campaign = make_launched(session)

    def is_down(_: Letter) -> Outcome | None:
        with SessionFactory.begin() as session:
            cancel(session, campaign)
        raise GatewayDown("Nobody answers.")

    send_all(Scripted(answer=is_down))

    with SessionFactory.begin() as session:
        assert statuses(session, campaign.id) == {"pending": 10}
        clear(session)
        assert statuses(session, campaign.id) == {"skipped": 10}
