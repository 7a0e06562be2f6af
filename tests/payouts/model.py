"""The rules of payouts once more, written from the rules alone: what the code is compared with."""

from dataclasses import dataclass, field
from decimal import Decimal

from tests.payouts.acts import THRESHOLD

STEPS: dict[str, dict[str, str]] = {
    "reject": {"pending": "rejected"},
    "cancel": {"pending": "cancelled", "approved": "cancelled"},
    "send": {"approved": "processing"},
    "pay": {"approved": "paid", "processing": "paid"},
    "fail": {"processing": "failed"},
    "suspend": {"processing": "unknown"},
    "settle as paid": {"unknown": "paid"},
    "settle as failed": {"unknown": "failed"},
    "reverse": {"paid": "reversed"},
}
OPEN = ("pending", "approved", "failed")


@dataclass
class Model:
    """One payout as it must be: ``steps`` counts the lines that its history must have."""

    maker: str
    net: Decimal
    state: str = "pending"
    approvers: set[str] = field(default_factory=set)
    steps: int = 0
    references: int = 1

    @property
    def needed(self) -> int:
        """How many approvals the amount takes."""
        return 2 if self.net >= THRESHOLD else 1

    @property
    def paid(self) -> bool:
        """Whether the amount counts for the owner's lifetime value."""
        return self.state == "paid"

    def approve(self, person: str) -> bool:
        """Whether this person may approve now; if so it is done."""
        if self.state not in ("pending", "failed") or person in {self.maker, *self.approvers}:
            return False
        self.approvers.add(person)
        if len(self.approvers) >= self.needed:
            self.references += self.state == "failed"
            self._go("approved")
        return True

    def undo(self, person: str) -> bool:
        """Whether this person may take an approval back now; if so it is done."""
        if self.state == "approved":
            self._go("pending")
            self.approvers.clear()
            return True
        if self.state in ("pending", "failed") and person in self.approvers:
            self.approvers.remove(person)
            return True
        return False

    def correct(self, net: Decimal) -> bool:
        """Whether the amount may be changed now; another amount voids the approvals."""
        if self.state not in OPEN:
            return False
        if net != self.net:
            self.net = net
            self.approvers.clear()
            if self.state == "approved":
                self._go("pending")
        return True

    def act(self, name: str) -> bool:
        """Whether any other act is possible now; if so it is done."""
        new = STEPS[name].get(self.state)
        if new is None:
            return False
        # Paying by hand begins an attempt on its way.
        self.steps += (name, self.state) == ("pay", "approved")
        self._go(new)
        if new == "failed":
            self.approvers.clear()
        return True

    def _go(self, state: str) -> None:
        self.state = state
        self.steps += 1
