"""Tiers, and why points come and go."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field


class Tier(StrEnum):
    """From the first to the highest."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"

    @property
    def rank(self) -> int:
        """0 for bronze to 3 for platinum."""
        return list(Tier).index(self)

    @property
    def next(self) -> "Tier | None":
        """One step up; None at the top."""
        above = list(Tier)[self.rank + 1 :]
        return above[0] if above else None

    @property
    def below(self) -> "Tier":
        """One step down; bronze stays bronze."""
        return list(Tier)[max(0, self.rank - 1)]


class TransactionType(StrEnum):
    """What a row of the ledger is."""

    EARNED = "earned"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    ADJUSTED = "adjusted"


class Rule(StrEnum):
    """Why points came or went: with the source it is the key that nothing is earned twice by."""

    WELCOME = "welcome"
    VISIT = "visit"
    REFERRER = "referrer"
    REFERRED = "referred"
    TIER_BONUS = "tier_bonus"
    GIVEN = "given"
    RETURNED = "returned"
    PAID_BACK = "paid_back"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    MERGED = "merged"
    ADJUSTMENT = "adjustment"


Points = Annotated[int, Field(ge=1, le=1_000_000)]
