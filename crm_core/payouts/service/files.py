"""The bank upload file: approved payouts as CSV, with a control total and a digest."""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import insert, literal, select, update
from sqlalchemy.orm import Session

from crm_core.base import crypto, history
from crm_core.base.acts import Act
from crm_core.base.cells import harmless
from crm_core.base.errors import Conflict, NotFound
from crm_core.base.money import naira
from crm_core.base.preflight import Plan, Receipt, Verdict, check_ids, make_plan
from crm_core.payouts.models import Payout, PayoutAttempt, PayoutFile
from crm_core.payouts.queries import PAYOUTS
from crm_core.payouts.schemas import PaymentMethod, PayoutRead, PayoutStatus
from crm_core.payouts.service import common
from crm_core.payouts.transfers import guarding
from crm_core.people.schemas import Actor, Permission

COLUMNS = (
    "payment_reference",
    "beneficiary_name",
    "bank_name",
    "bank_code",
    "account_number",
    "amount",
    "narration",
)


@dataclass(frozen=True)
class BankFile:
    """A file ready to download."""

    name: str
    content: bytes


def plan_file(session: Session, ids: Sequence[int], *, actor: Actor) -> Plan:
    """Which of these go into a bank file, and its control total."""
    actor.require(Permission.PAYOUTS_PAY)
    return _plan(session, check_ids(ids))


def commit_file(session: Session, fingerprint: str, ids: Sequence[int], *, actor: Actor) -> Receipt:
    """Writes the file; its payouts are processing from now on and in no other file."""
    actor.require(Permission.PAYOUTS_PAY)
    wanted = check_ids(ids)
    common.lock_payouts(session, wanted)
    act = Act("payout_file", "Bank file written", fingerprint, actor)
    accepted, refused = act.accepted_now(_plan(session, wanted))
    if not accepted:
        raise Conflict("None of these payouts can go into a bank file: look at them again.")
    payouts = PAYOUTS.some(session, accepted)
    file = _store(session, payouts, actor)
    _start_attempts(session, accepted, file.id)
    changed = [common.change_of(payout, "processing") for payout in payouts]
    totals = {
        "file_id": str(file.id),
        "file_code": file.file_code,
        "count": str(file.payout_count),
        "control_total": f"{file.control_total:.2f}",
        "digest": file.digest,
    }
    return act.conclude(session, changed=changed, refused=refused, totals=totals)


def bank_file_content(session: Session, file_id: int, *, actor: Actor) -> BankFile:
    """The file as it was written; every download is in the history."""
    actor.require(Permission.PAYOUTS_PAY)
    found = session.execute(
        select(PayoutFile.file_code, PayoutFile.content_encrypted, PayoutFile.digest).where(
            PayoutFile.id == file_id
        )
    ).one_or_none()
    if found is None:
        raise NotFound("Bank file not found")
    history.note(session, "export", "crm_payout_files", file_id, {"digest": found.digest})
    content = crypto.decrypt(found.content_encrypted).encode()
    return BankFile(f"{found.file_code}.csv", content)


def _plan(session: Session, ids: Sequence[int]) -> Plan:
    payouts = PAYOUTS.some(session, ids)
    frozen = guarding.frozen(session, ids)
    verdicts = common.missing(ids, payouts)
    verdicts += [_verdict(payout, frozen.get(payout.id)) for payout in payouts]
    accepted = {verdict.id for verdict in verdicts if verdict.ok}
    total = sum((p.net_amount for p in payouts if p.id in accepted), Decimal(0))
    refused = len(verdicts) - len(accepted)
    return make_plan(
        verdicts, {"count": len(accepted), "control_total": f"{total:.2f}", "refused": refused}
    )


def _verdict(payout: PayoutRead, frozen: str | None) -> Verdict:
    code, reason = "send", f"{payout.bank_name} {payout.account_number}, {payout.account_name}."
    if payout.status is not PayoutStatus.APPROVED:
        code, reason = "state", f"It is {payout.status}: only approved payouts are sent."
    elif frozen is not None:
        code, reason = "frozen", f"It is frozen: {frozen}"
    elif payout.payment_method is not PaymentMethod.BANK_TRANSFER:
        code, reason = "method", f"It is paid by {payout.payment_method.replace('_', ' ')}."
    elif payout.bank_code is None:
        code, reason = "no_account", "There is no account to pay to: add it to the payout."
    elif payout.net_amount == 0:
        code, reason = "nothing", "There is nothing left to pay after deductions."
    return Verdict(
        id=payout.id,
        label=f"{common.label_of(payout)} · {naira(payout.net_amount)}",
        ok=code == "send",
        code=code,
        reason=reason,
        state=f"{payout.version}|{frozen or ''}",
    )


def _store(session: Session, payouts: Sequence[PayoutRead], actor: Actor) -> PayoutFile:
    total = sum((payout.net_amount for payout in payouts), Decimal(0))
    content = _content(session, payouts, total)
    file = PayoutFile(
        payout_count=len(payouts),
        control_total=total,
        digest=hashlib.sha256(content.encode()).hexdigest(),
        content_encrypted=crypto.encrypt(content),
        created_by=actor.key,
    )
    session.add(file)
    session.flush()
    session.refresh(file)
    return file


def _content(session: Session, payouts: Sequence[PayoutRead], total: Decimal) -> str:
    """One line a payout, and a last line that controls count and total."""
    found = session.execute(
        select(Payout.id, Payout.account_encrypted).where(
            Payout.id.in_([payout.id for payout in payouts])
        )
    )
    numbers = {payout_id: crypto.decrypt(number or b"") for payout_id, number in found}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for payout in payouts:
        writer.writerow(_line(payout, numbers[payout.id]))
    writer.writerow(("CONTROL", len(payouts), "", "", "", f"{total:.2f}", ""))
    return text.getvalue()


def _line(payout: PayoutRead, account_number: str) -> tuple[str, ...]:
    narration = f"{payout.payout_code} {payout.period_start:%b %Y}"
    return (
        payout.payment_reference,
        harmless(payout.account_name or ""),
        payout.bank_name or "",
        payout.bank_code or "",
        account_number,
        f"{payout.net_amount:.2f}",
        narration,
    )


def _start_attempts(session: Session, ids: Sequence[int], file_id: int) -> None:
    columns = ["payout_id", "reference", "method", "file_id"]
    started = select(
        Payout.id, Payout.payment_reference, literal("bank_file"), literal(file_id)
    ).where(Payout.id.in_(ids))
    with common.refusing():
        session.execute(insert(PayoutAttempt).from_select(columns, started))
        session.execute(
            update(Payout)
            .where(Payout.id.in_(ids))
            .values(status=PayoutStatus.PROCESSING.value, file_id=file_id),
            execution_options=common.VALUES,
        )
