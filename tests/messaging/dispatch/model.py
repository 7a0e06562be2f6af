"""One message as the rules describe it, without a database."""

from dataclasses import dataclass

MOST_ATTEMPTS = 5
_FORWARD = {
    "sent": {"delivered", "read", "failed"},
    "failed": {"delivered", "read"},
    "delivered": {"read"},
}


@dataclass
class Model:
    """Where the message should be.

    Attributes:
        handed: so often a provider was given it.
        numbered: a provider gave it a number, so that receipts find it.
        doubt: a worker died while handing it over; ``held``: nobody has noticed yet.
    """

    status: str = "pending"
    attempts: int = 0
    handed: int = 0
    due: bool = True
    paused: bool = False
    opted_out: bool = False
    numbered: bool = False
    doubt: bool = False
    held: bool = False

    def send(self, how: str) -> None:
        """A worker looks for work, and the provider behaves so."""
        if self.held:
            return
        if self.doubt:
            self.doubt, self.status = False, "unknown"
            self.attempts += 1
        elif self.status == "pending" and self.due and not self.paused:
            self._hand_over(how)

    def _hand_over(self, how: str) -> None:
        if self.opted_out:
            self.status = "skipped"
            return
        self.handed += 1
        if how == "down":
            self.due = False
        elif how == "die":
            self.doubt = self.held = True
        else:
            self.attempts += 1
            self._answer(how)

    def _answer(self, how: str) -> None:
        self.numbered = how == "accept"
        becomes = {"accept": "sent", "refuse": "failed", "silent": "unknown", "retry": "pending"}
        self.status, self.due = becomes[how], False
        if how == "retry" and self.attempts >= MOST_ATTEMPTS:
            self.status = "failed"

    def receive(self, status: str) -> None:
        """A receipt comes, which may be late, early or twice."""
        if self.numbered and status in _FORWARD.get(self.status, set()):
            self.status = status

    def settle(self, status: str) -> None:
        """A person found out."""
        if self.status == "unknown":
            self.status = status
