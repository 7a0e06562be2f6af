"""Nigerian banks and the check digit of their account numbers (NUBAN)."""

from dataclasses import dataclass

_WEIGHTS = (3, 7, 3)


@dataclass(frozen=True)
class Bank:
    """A bank with its clearing code; ``commercial`` ones always follow the NUBAN standard."""

    code: str
    name: str
    commercial: bool = True


BANKS = (
    Bank("044", "Access Bank"),
    Bank("023", "Citibank"),
    Bank("050", "Ecobank"),
    Bank("214", "FCMB"),
    Bank("070", "Fidelity Bank"),
    Bank("011", "First Bank"),
    Bank("00103", "Globus Bank"),
    Bank("058", "GTBank"),
    Bank("301", "Jaiz Bank"),
    Bank("082", "Keystone Bank"),
    Bank("50211", "Kuda", commercial=False),
    Bank("50515", "Moniepoint", commercial=False),
    Bank("999992", "OPay", commercial=False),
    Bank("076", "Polaris Bank"),
    Bank("101", "Providus Bank"),
    Bank("221", "Stanbic IBTC"),
    Bank("068", "Standard Chartered"),
    Bank("232", "Sterling Bank"),
    Bank("033", "UBA"),
    Bank("032", "Union Bank"),
    Bank("215", "Unity Bank"),
    Bank("035", "Wema Bank"),
    Bank("057", "Zenith Bank"),
)

_BY_CODE = {bank.code: bank for bank in BANKS}
_OTHER_NAMES = {
    "guaranty trust bank": "058",
    "gtb": "058",
    "united bank for africa": "033",
    "first city monument bank": "214",
    "firstbank": "011",
    "first bank of nigeria": "011",
    "access": "044",
    "zenith": "057",
    "fidelity": "070",
    "union": "032",
    "wema": "035",
}
_BY_NAME = {bank.name.lower(): bank for bank in BANKS} | {
    name: _BY_CODE[code] for name, code in _OTHER_NAMES.items()
}


def find_bank(name_or_code: str) -> Bank:
    """The bank by its name in any case, or its clearing code; ``ValueError`` where unknown."""
    wanted = " ".join(name_or_code.split())
    bank = _BY_CODE.get(wanted) or _BY_NAME.get(wanted.lower())
    if bank is None:
        raise ValueError(f"“{wanted[:40]}” is no bank we know: choose one from the list of banks")
    return bank


def nuban_holds(bank_code: str, account_number: str) -> bool:
    """Whether the tenth digit checks the bank's code and the nine digits before it."""
    if not (account_number.isascii() and account_number.isdigit() and len(account_number) == 10):
        return False
    digits = _padded(bank_code) + account_number[:9]
    total = sum(int(digit) * _WEIGHTS[n % 3] for n, digit in enumerate(digits))
    return (10 - total % 10) % 10 == int(account_number[9])


def _padded(bank_code: str) -> str:
    """Three digits count as themselves, five are prefixed with 9, six are used as they are."""
    return "9" + bank_code if len(bank_code) == 5 else bank_code
