"""How alike two names of a holder are, and the bank's word among the checks."""

import pytest
from sqlalchemy.orm import Session

from crm_core.payouts.checks import check_beneficiaries
from crm_core.payouts.transfers import accounts
from crm_core.payouts.transfers.configured import required_gateway
from crm_core.payouts.transfers.names import FITS, name_match
from crm_core.payouts.transfers.queries import holders_of
from tests.make_business import APPROVER
from tests.payouts import paystack as bad_days
from tests.payouts.acts import new
from tests.payouts.paystack import LocalPaystack


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Ada Obi", "ADA OBI"),
        ("Ada Obi", "OBI, ADA NGOZI"),
        ("Chief (Dr.) Ada Obi", "OBI ADA"),
        ("Adébáyọ̀ Ògúndìmú", "OGUNDIMU ADEBAYO"),
        ("A. Ogundimu", "OGUNDIMU ADEBAYO"),
        ("Fatima Abdullahi", "FATIMAH ABDULLAHI"),
        ("Lagos Hospital Ltd", "LAGOS HOSPITAL LIMITED"),
        ("O'Neil Ada", "ONEIL ADA"),
    ],
)
def test_the_same_holder_fits(ours: str, theirs: str) -> None:
    assert name_match(ours, theirs) >= FITS


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Ada Obi", "EMEKA NWANKWO"),
        ("Ada Obi", "ADA BELLO"),
        ("Ada Obi", "ADA"),
        ("Ada Obi", ""),
        ("", "ADA OBI"),
        ("Ada Obi", "123"),
    ],
)
def test_another_holder_does_not_fit(ours: str, theirs: str) -> None:
    assert name_match(ours, theirs) < FITS


def test_the_match_is_the_same_from_both_sides_and_whole_for_the_same() -> None:
    assert name_match("Ada Obi", "Musa Bello") == name_match("Musa Bello", "Ada Obi")
    assert name_match("Ada Obi", "Ada Obi") == 100


def codes(session: Session, payout_id: int) -> set[str]:
    found = check_beneficiaries(session, [payout_id]).get(payout_id, [])
    return {check.code for check in found} & {"holder", "no_holder"}


@pytest.mark.parametrize(
    ("holder", "finding"),
    [("ADA OBI", set()), ("EMEKA NWANKWO", {"holder"}), ("", {"no_holder"})],
)
def test_the_worker_asks_whose_the_accounts_are_that_wait(
    session: Session, paystack: LocalPaystack, holder: str, finding: set[str]
) -> None:
    payout = new(session)
    session.commit()
    paystack.holders["0000014579"] = holder

    assert accounts.resolve_waiting(required_gateway()) == 1

    assert codes(session, payout.id) == finding
    assert accounts.resolve_waiting(required_gateway()) == 0


def test_a_bank_that_is_silent_is_asked_again(session: Session, paystack: LocalPaystack) -> None:
    payout = new(session)
    session.commit()
    paystack.fault("/bank/resolve", bad_days.BROKEN)
    accounts.resolve_waiting(required_gateway())
    assert holders_of(session, [payout.id]) == {}

    accounts.resolve_waiting(required_gateway())

    assert holders_of(session, [payout.id])[payout.id].name == "ADA OBI"


def test_asking_again_takes_the_new_name(session: Session, paystack: LocalPaystack) -> None:
    payout = new(session)
    session.commit()
    accounts.resolve_account(payout.id, actor=APPROVER)
    paystack.holders["0000014579"] = "BELLO MUSA"

    found = accounts.resolve_account(payout.id, actor=APPROVER)

    assert (found.name, found.error) == ("BELLO MUSA", None)
    assert found.match is not None
    assert found.match < FITS
