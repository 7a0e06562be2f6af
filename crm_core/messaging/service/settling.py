"""What a person found out about messages of which nobody knew what became."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_core.base.acts import Act, not_found
from crm_core.base.preflight import Change, Plan, Receipt, Verdict, check_ids, make_plan
from crm_core.messaging.models import Communication
from crm_core.messaging.schemas import MessageSettlement, MessageStatus
from crm_core.people.schemas import Actor, Permission

_KNOWN = "It is {}: there is nothing to settle."
_BECOMES: Mapping[str, str] = {
    "sent": "It is written down as sent.",
    "failed": "It is written down as failed; it may be sent again then.",
}


def plan_settle(
    session: Session, ids: Sequence[int], settlement: MessageSettlement, *, actor: Actor
) -> Plan:
    """Which of these are unknown and would be settled so; writes nothing."""
    actor.require(Permission.MESSAGES_MANAGE)
    return _plan(session, check_ids(ids), settlement)


def commit_settle(
    session: Session,
    fingerprint: str,
    ids: Sequence[int],
    settlement: MessageSettlement,
    *,
    actor: Actor,
) -> Receipt:
    """Settles what was shown and has not changed since: a receipt may have come meanwhile."""
    actor.require(Permission.MESSAGES_MANAGE)
    wanted = check_ids(ids)
    _lock(session, wanted)
    now = _plan(session, wanted, settlement)
    labels = {verdict.id: verdict.label for verdict in now.verdicts}
    act = Act("message_settlement", "Unknown messages settled", fingerprint, actor)
    accepted, refused = act.accepted_now(now)
    _settle(session, accepted, settlement)
    changed = [
        Change(id=one, label=labels[one], before="unknown", after=settlement.outcome)
        for one in accepted
    ]
    totals = {settlement.outcome: str(len(accepted)), "because": settlement.reason}
    return act.conclude(session, changed=changed, refused=refused, totals=totals)


def _plan(session: Session, ids: Sequence[int], settlement: MessageSettlement) -> Plan:
    wanted = select(Communication).where(Communication.id.in_(ids)).order_by(Communication.id)
    messages = session.scalars(wanted, execution_options={"populate_existing": True}).all()
    verdicts = [
        *not_found(ids, (message.id for message in messages), "message"),
        *(_judge(message, settlement) for message in messages),
    ]
    accepted = sum(verdict.ok for verdict in verdicts)
    return make_plan(verdicts, {"count": accepted, "refused": len(verdicts) - accepted})


def _judge(message: Communication, settlement: MessageSettlement) -> Verdict:
    unknown = message.status == MessageStatus.UNKNOWN
    return Verdict(
        id=message.id,
        label=f"{message.address or message.recipient_type} · {message.channel}",
        ok=unknown,
        code=message.status,
        reason=_BECOMES[settlement.outcome] if unknown else _KNOWN.format(message.status),
        state=settlement.outcome,
    )


def _lock(session: Session, ids: Sequence[int]) -> None:
    session.execute(
        select(Communication.id)
        .where(Communication.id.in_(ids))
        .order_by(Communication.id)
        .with_for_update()
    )


def _settle(session: Session, ids: Sequence[int], settlement: MessageSettlement) -> None:
    sent = settlement.outcome == "sent"
    session.execute(
        update(Communication)
        .where(Communication.id.in_(ids), Communication.status == MessageStatus.UNKNOWN.value)
        .values(
            status=settlement.outcome,
            # When it was handed over nobody wrote down; that it was in doubt, somebody did then.
            sent_at=Communication.updated_at if sent else Communication.sent_at,
            reason=None if sent else "settled",
            error_message=None if sent else settlement.reason,
            updated_at=func.now(),
        )
        .execution_options(synchronize_session=False)
    )
