"""Banks are found by any usual name or code, and account numbers are checked by their digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crm_core.owners.banks import BANKS, find_bank, nuban_holds
from crm_core.owners.schemas import AccountChange

VALID = [
    ("011", "0000014579"),
    ("011", "0000000220"),
    ("50211", "2000000006"),
    ("50515", "2000000005"),
    ("999992", "2000000001"),
]
bank_codes = st.sampled_from([bank.code for bank in BANKS])
serials = st.from_regex(r"[0-9]{9}", fullmatch=True)


@pytest.mark.parametrize(("code", "number"), VALID)
def test_published_numbers_hold(code: str, number: str) -> None:
    assert nuban_holds(code, number)


@pytest.mark.parametrize("number", ["0000014579", "0000000220"])
def test_a_number_of_another_bank_does_not_hold(number: str) -> None:
    assert not nuban_holds("058", number)


@given(code=bank_codes, serial=serials)
def test_exactly_one_check_digit_fits(code: str, serial: str) -> None:
    assert sum(nuban_holds(code, f"{serial}{digit}") for digit in range(10)) == 1


@given(code=bank_codes, serial=serials, place=st.integers(0, 8), by=st.integers(1, 9))
def test_one_mistyped_digit_is_always_found(code: str, serial: str, place: int, by: int) -> None:
    check = next(d for d in range(10) if nuban_holds(code, f"{serial}{d}"))
    wrong = str((int(serial[place]) + by) % 10)
    assert not nuban_holds(code, f"{serial[:place]}{wrong}{serial[place + 1 :]}{check}")


@pytest.mark.parametrize("number", ["", "000001457", "00000145790", "000001457x", "٠٠٠٠٠١٤٥٧٩"])
def test_what_is_no_ten_digits_does_not_hold(number: str) -> None:
    assert not nuban_holds("011", number)


@pytest.mark.parametrize("bank", BANKS)
def test_every_bank_is_found_by_code_and_by_name_in_any_case(bank: object) -> None:
    for way in ("{0.code}", "{0.name}"):
        asked = way.format(bank)
        assert find_bank(asked) == find_bank(f"  {asked.upper()} ") == bank


@pytest.mark.parametrize(
    ("name", "code"),
    [("Guaranty Trust Bank", "058"), ("gtb", "058"), ("First  Bank of Nigeria", "011")],
)
def test_banks_are_found_by_other_names(name: str, code: str) -> None:
    assert find_bank(name).code == code


def test_codes_and_names_are_each_of_one_bank() -> None:
    assert len({bank.code for bank in BANKS}) == len({bank.name for bank in BANKS}) == len(BANKS)


def test_wallets_are_not_commercial_banks() -> None:
    assert {bank.name for bank in BANKS if not bank.commercial} == {"Kuda", "Moniepoint", "OPay"}


@pytest.mark.parametrize("name", ["Bank of Atlantis", "000014", "", "'; DROP TABLE x", "💸"])
def test_an_unknown_bank_is_refused_in_words(name: str) -> None:
    with pytest.raises(ValueError, match="choose one from the list of banks"):
        find_bank(name)


def test_an_account_keeps_the_banks_usual_name() -> None:
    change = AccountChange(bank_name="058", account_number="0123456789", account_name="ADA OBI")
    assert change.bank_name == "GTBank"


@pytest.mark.parametrize("number", ["123", "12345678901", "12345abc90", "-123456789"])
def test_an_account_number_has_ten_digits(number: str) -> None:
    with pytest.raises(ValidationError):
        AccountChange(bank_name="GTBank", account_number=number, account_name="ADA OBI")
