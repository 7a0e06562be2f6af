"""Carrying a bulk act out: what still holds under lock, what is refused, and the receipt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from crm_core.base.preflight import Change, Done, Plan, Receipt, Verdict, compare, store_receipt


class Doer(Protocol):
    """Whoever acts: the key that the history keeps, and a name for people."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class Act:
    """A bulk act after the rows were locked: what was shown, and who does it."""

    kind: str
    title: str
    fingerprint: str
    actor: Doer

    def accepted_now(self, now: Plan) -> tuple[list[int], list[Verdict]]:
        """Ids that may change, as was shown and still holds; and the refusals."""
        verdicts = compare(self.fingerprint, now)
        refused = [verdict for verdict in verdicts if not verdict.ok]
        return [verdict.id for verdict in verdicts if verdict.ok], refused

    def conclude(
        self,
        session: Session,
        *,
        changed: Sequence[Change],
        refused: Sequence[Verdict],
        totals: Mapping[str, str],
    ) -> Receipt:
        """Writes the receipt in the transaction of the act."""
        done = Done(self.kind, self.title, changed, refused, totals)
        return store_receipt(
            session,
            done,
            who=self.actor.key,
            who_name=self.actor.name,
            fingerprint=self.fingerprint,
        )


def not_found(ids: Iterable[int], found: Iterable[int], noun: str) -> list[Verdict]:
    """Verdicts about the ids that no record has, by id; ``noun`` such as "payout"."""
    reason = f"There is no such {noun}."
    return [
        Verdict(id=one, label=f"#{one}", ok=False, code="not_found", reason=reason)
        for one in sorted(set(ids) - set(found))
    ]
