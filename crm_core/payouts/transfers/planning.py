"""Choosing transfer: what would go, and the claim that makes it go.

The commit only writes: attempts, transfers and a job for the worker, in one transaction. Nothing
is sent before that is committed, and what is committed will be sent or accounted for.
"""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import BigInteger, Insert, cast, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from crm_core.base import jobs
from crm_core.base.acts import Act
from crm_core.base.errors import Conflict
from crm_core.base.money import naira
from crm_core.base.preflight import Plan, Receipt, Verdict, check_ids, make_plan
from crm_core.payouts.models import Payout, PayoutAttempt
from crm_core.payouts.queries import PAYOUTS
from crm_core.payouts.schemas import PaymentMethod, PayoutRead, PayoutStatus
from crm_core.payouts.service import common
from crm_core.payouts.transfers import guarding
from crm_core.payouts.transfers.configured import required_gateway
from crm_core.payouts.transfers.models import Transfer, TransferAccount
from crm_core.payouts.transfers.names import FITS
from crm_core.payouts.transfers.queries import holders_of
from crm_core.payouts.transfers.schemas import AccountHolder
from crm_core.people.schemas import Actor, Permission

SEND_JOB = "send_transfers"
"""The worker's task; queued with every commit."""


def plan_transfer(session: Session, ids: Sequence[int], *, actor: Actor) -> Plan:
    """Which of these go by transfer, to whom by their bank's word, and the total."""
    actor.require(Permission.PAYOUTS_PAY)
    required_gateway()
    return _plan(session, check_ids(ids))


def commit_transfer(
    session: Session, fingerprint: str, ids: Sequence[int], *, actor: Actor
) -> Receipt:
    """Claims what was shown: it is processing from now on, and the worker sends it."""
    actor.require(Permission.PAYOUTS_PAY)
    provider = required_gateway().name
    wanted = check_ids(ids)
    common.lock_payouts(session, wanted)
    act = Act("payout_transfer", "Transfers ordered", fingerprint, actor)
    accepted, refused = act.accepted_now(_plan(session, wanted))
    if not accepted:
        raise Conflict("None of these payouts can go by transfer: look at them again.")
    payouts = PAYOUTS.some(session, accepted)
    _claim(session, accepted, provider, actor)
    jobs.queue(session, SEND_JOB)
    total = sum((payout.net_amount for payout in payouts), Decimal(0))
    return act.conclude(
        session,
        changed=[common.change_of(payout, "processing") for payout in payouts],
        refused=refused,
        totals={"count": str(len(payouts)), "control_total": f"{total:.2f}", "provider": provider},
    )


def _plan(session: Session, ids: Sequence[int]) -> Plan:
    payouts = PAYOUTS.some(session, ids)
    frozen, holders = guarding.frozen(session, ids), holders_of(session, ids)
    verdicts = common.missing(ids, payouts)
    for payout in payouts:
        verdicts.append(_verdict(payout, frozen.get(payout.id), holders.get(payout.id)))
    accepted = {verdict.id for verdict in verdicts if verdict.ok}
    total = sum((p.net_amount for p in payouts if p.id in accepted), Decimal(0))
    totals: dict[str, str | int | Decimal] = {
        "count": len(accepted),
        "control_total": f"{total:.2f}",
        "doubtful": sum(_is_doubtful(holders.get(payout_id)) for payout_id in accepted),
        "refused": len(verdicts) - len(accepted),
    }
    return make_plan(verdicts, totals)


def _verdict(payout: PayoutRead, frozen: str | None, holder: AccountHolder | None) -> Verdict:
    code, reason = _judge(payout, frozen, holder)
    return Verdict(
        id=payout.id,
        label=f"{common.label_of(payout)} · {naira(payout.net_amount)}",
        ok=code == "send",
        code=code,
        reason=reason,
        # Whose account it is was shown too: another name is another decision.
        state=f"{payout.version}|{holder.name if holder else ''}",
    )


def _judge(payout: PayoutRead, frozen: str | None, holder: AccountHolder | None) -> tuple[str, str]:
    if payout.status is not PayoutStatus.APPROVED:
        return "state", f"It is {payout.status}: only approved payouts are sent."
    if frozen is not None:
        return "frozen", f"It is frozen: {frozen}"
    if payout.payment_method is not PaymentMethod.BANK_TRANSFER:
        return "method", f"It is paid by {payout.payment_method.replace('_', ' ')}."
    if payout.bank_code is None:
        return "no_account", "There is no account to pay to: add it to the payout."
    if payout.net_amount == 0:
        return "nothing", "There is nothing left to pay after deductions."
    to = f"{payout.bank_name} {payout.account_number}, {payout.account_name}."
    # What a person has to know comes first: a line in a table is cut at its end.
    said = [_known(holder), to] if _is_doubtful(holder) else [to, _known(holder)]
    return "send", " ".join(said)


def _is_doubtful(holder: AccountHolder | None) -> bool:
    return holder is not None and (holder.match is None or holder.match < FITS)


def _known(holder: AccountHolder | None) -> str:
    if holder is None:
        return "The bank was not asked for the holder's name yet."
    if holder.name is None:
        return f"The bank gives no name: {holder.error}"
    return f"The bank says {holder.name}, {holder.match} % alike."


def _claim(session: Session, ids: Sequence[int], provider: str, actor: Actor) -> None:
    """Attempts, accounts and transfers of payouts that are locked; three statements for all."""
    chosen = Payout.id.in_(ids)
    begun = select(Payout.id, Payout.payment_reference, literal("transfer")).where(chosen)
    accounts = (
        select(literal(provider), Payout.bank_code, Payout.account_hash).where(chosen).distinct()
    )
    with common.refusing():
        session.execute(
            insert(PayoutAttempt).from_select(["payout_id", "reference", "method"], begun)
        )
        session.execute(
            upsert(TransferAccount)
            .from_select(["provider", "bank_code", "account_hash"], accounts)
            .on_conflict_do_nothing()
        )
        session.execute(_transfers(ids, provider, actor))
        session.execute(
            update(Payout).where(chosen).values(status=PayoutStatus.PROCESSING.value),
            execution_options=common.VALUES,
        )


def _transfers(ids: Sequence[int], provider: str, actor: Actor) -> Insert:
    columns = [
        "payout_id",
        "attempt_id",
        "account_id",
        "provider",
        "reference",
        "amount_kobo",
        "created_by",
    ]
    ordered = (
        select(
            Payout.id,
            PayoutAttempt.id,
            TransferAccount.id,
            literal(provider),
            Payout.payment_reference,
            cast(Payout.net_amount * 100, BigInteger),
            literal(actor.key),
        )
        .join(PayoutAttempt, PayoutAttempt.payout_id == Payout.id)
        .join(
            TransferAccount,
            (TransferAccount.account_hash == Payout.account_hash)
            & (TransferAccount.bank_code == Payout.bank_code),
        )
        .where(
            Payout.id.in_(ids),
            PayoutAttempt.outcome == "open",
            TransferAccount.provider == provider,
        )
    )
    return insert(Transfer).from_select(columns, ordered)
