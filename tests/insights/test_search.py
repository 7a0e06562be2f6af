"""One search: names, phones in any form, codes, emails, references, and only what one may see."""

import pytest
from sqlalchemy.orm import Session

from crm_core.insights.search import FIRST, search
from crm_core.people.schemas import Actor, Role
from tests.make import make_actor
from tests.make_business import make_owner, make_payout
from tests.make_patients import make_patient

VIEWER = make_actor(Role.VIEWER)


def kinds(session: Session, words: str, actor: Actor = VIEWER) -> list[str]:
    """What was found, as kind and name."""
    return [
        f"{hit.kind} {hit.title}" for one in search(session, words, actor=actor) for hit in one.hits
    ]


@pytest.mark.parametrize(
    "words", ["Zainab", "zainb", "0803 555 1234", "+2348035551234", "551234", "zb@example.ng"]
)
def test_a_patient_is_found_by_anything_known(session: Session, words: str) -> None:
    make_patient(session, "Zainab Bello", phone="08035551234", email="zb@example.ng")
    make_patient(session, "Ada Obi")
    assert kinds(session, words) == ["patients Zainab Bello"]


@pytest.mark.parametrize("words", ["0809 777 1234", "+2348097771234", "7771234"])
def test_an_owner_is_found_by_phone(session: Session, words: str) -> None:
    owner = make_owner(session, phone="08097771234")
    make_owner(session)
    found = search(session, words, actor=VIEWER)
    assert [(hit.kind, hit.id) for one in found for hit in one.hits] == [("owners", owner.id)]


def test_a_payout_is_found_by_code_and_reference(session: Session) -> None:
    payout = make_payout(session, make_owner(session).id)
    make_payout(session, make_owner(session).id)
    for words in (payout.payout_code, payout.payment_reference):
        found = search(session, words, actor=VIEWER)
        assert [(hit.kind, hit.id) for one in found for hit in one.hits] == [("payouts", payout.id)]


def test_nobody_finds_what_they_may_not_see(session: Session) -> None:
    make_patient(session, "Zainab Bello")
    assert kinds(session, "Zainab", make_actor()) == []


def test_the_first_of_many_are_shown_and_all_are_counted(session: Session) -> None:
    for number in range(FIRST + 2):
        make_patient(session, f"Zainab Bello{number}")
    [found] = search(session, "Zainab", actor=VIEWER)
    assert (found.total, len(found.hits)) == (FIRST + 2, FIRST)


@pytest.mark.parametrize("words", ["%", "_", "' OR 1=1 --", "\\", "():*&|!", "🙂"])
def test_any_words_may_be_typed(session: Session, words: str) -> None:
    make_patient(session, "Zainab Bello")
    assert kinds(session, words) == []
