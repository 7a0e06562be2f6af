"""Accounts with a provider: asking whose one is, and making it known before it is paid."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm_core.base import crypto
from crm_core.base.clock import utc_now
from crm_core.base.db import reading, transaction
from crm_core.base.errors import Conflict
from crm_core.payouts.models import Payout
from crm_core.payouts.transfers import recording
from crm_core.payouts.transfers.configured import required_gateway
from crm_core.payouts.transfers.gateway import (
    Account,
    Declined,
    Gateway,
    NotTaken,
    Recipient,
    Unanswered,
)
from crm_core.payouts.transfers.models import Transfer, TransferAccount
from crm_core.payouts.transfers.queries import HOLDS, holders_of
from crm_core.payouts.transfers.schemas import AccountHolder, TransferState
from crm_core.people.schemas import Actor, Permission

WHO = "job:transfers"
_AT_ONCE = 50


@dataclass(frozen=True)
class _Known:
    """An account as the database has it, and as the provider is told."""

    bank_code: str
    account_hash: bytes
    account: Account


def resolve_account(payout_id: int, *, actor: Actor) -> AccountHolder:
    """Asks the bank whose the payout's account is, now; opens its transactions itself.

    Raises:
        Conflict: no provider, no account, or no answer.
    """
    if not actor.may(Permission.PAYOUTS_APPROVE):
        actor.require(Permission.PAYOUTS_PAY)
    provider = required_gateway()
    with reading() as session:
        known = _account_of(session, payout_id)
    try:
        _resolve(provider, known, who=actor.key)
    except (NotTaken, Unanswered) as silence:
        raise Conflict(f"{silence} Nothing was changed: try again.") from silence
    with reading() as session:
        return holders_of(session, [payout_id])[payout_id]


def resolve_waiting(gateway: Gateway) -> int:
    """Asks for the holders of accounts that payouts wait for approval with; gives how many."""
    with reading() as session:
        waiting = session.execute(
            _UNRESOLVED,
            {"provider": gateway.name, "since": utc_now() - HOLDS, "most": _AT_ONCE},
        ).mappings()
        accounts = [_known(row) for row in waiting]
    for known in accounts:
        try:
            _resolve(gateway, known, who=WHO)
        except (NotTaken, Unanswered):
            break  # the next run asks again
    return len(accounts)


def make_recipients(gateway: Gateway, now: datetime) -> None:
    """Makes the accounts known whose transfers are due; a declined account fails its transfers."""
    with reading() as session:
        waiting = session.execute(
            _UNKNOWN, {"provider": gateway.name, "now": now, "most": _AT_ONCE}
        ).mappings()
        accounts = [(int(row["account_id"]), _known(row)) for row in waiting]
    for account_id, known in accounts:
        try:
            recipient = gateway.make_recipient(known.account)
        except Declined as declined:
            _fail_all(account_id, str(declined))
        except (NotTaken, Unanswered) as silence:
            wait = silence.wait_seconds if isinstance(silence, NotTaken) else 60
            _hold_all(account_id, str(silence), until=now + timedelta(seconds=wait))
        else:
            _keep_recipient(account_id, recipient)


def _account_of(session: Session, payout_id: int) -> _Known:
    found = session.execute(
        select(
            Payout.bank_code, Payout.account_hash, Payout.account_encrypted, Payout.account_name
        ).where(Payout.id == payout_id)
    ).mappings()
    row = found.one_or_none()
    if row is None or row["account_hash"] is None:
        raise Conflict("This payout has no account yet.")
    return _known(row)


def _known(row: RowMapping) -> _Known:
    number = crypto.decrypt(bytes(row["account_encrypted"]))
    account = Account(row["bank_code"], number, row["account_name"] or "")
    return _Known(row["bank_code"], bytes(row["account_hash"]), account)


def _resolve(gateway: Gateway, known: _Known, *, who: str) -> None:
    name, error = None, None
    try:
        name = gateway.resolve(known.account)
    except Declined as declined:
        error = str(declined)
    said = {"resolved_name": name, "resolve_error": error, "resolved_at": utc_now()}
    statement = insert(TransferAccount).values(
        provider=gateway.name, bank_code=known.bank_code, account_hash=known.account_hash, **said
    )
    with transaction(who=who, why="the bank was asked for the holder's name") as session:
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["provider", "bank_code", "account_hash"], set_=said
            )
        )


def _keep_recipient(account_id: int, recipient: Recipient) -> None:
    with transaction(who=WHO, why="the account was made known to the provider") as session:
        session.execute(
            update(TransferAccount)
            .where(TransferAccount.id == account_id)
            .values(recipient_code=recipient.code, recipient_number=recipient.number)
        )


def _fail_all(account_id: int, sentence: str) -> None:
    """Nothing was sent and nothing can be: that is conclusive."""
    for transfer_id in _queued(account_id):
        with transaction(who=WHO, why="the provider declined the account") as session:
            locked = recording.lock(session, transfer_id)
            if locked.transfer.state == TransferState.QUEUED and not locked.transfer.sends:
                recording.fail(session, locked, sentence, source="send")


def _hold_all(account_id: int, sentence: str, *, until: datetime) -> None:
    for transfer_id in _queued(account_id):
        with transaction(who=WHO, why="the provider did not take the account") as session:
            recording.lock(session, transfer_id)
            recording.say(session, transfer_id, "send", sentence)
            recording.write(session, transfer_id, due_at=until)


def _queued(account_id: int) -> list[int]:
    with reading() as session:
        found = session.scalars(
            select(Transfer.id).where(
                Transfer.account_id == account_id, Transfer.state == TransferState.QUEUED.value
            )
        )
        return list(found)


_UNRESOLVED = text(
    """
    SELECT p.bank_code, p.account_hash, min(p.account_name) AS account_name,
           (array_agg(p.account_encrypted ORDER BY p.id))[1] AS account_encrypted
    FROM crm_payouts p
    LEFT JOIN crm_transfer_accounts a ON a.account_hash = p.account_hash
        AND a.bank_code = p.bank_code AND a.provider = :provider AND a.resolved_at > :since
    WHERE p.status IN ('pending', 'failed') AND p.account_hash IS NOT NULL AND a.id IS NULL
    GROUP BY p.bank_code, p.account_hash
    ORDER BY min(p.created_at) LIMIT :most
    """
)
_UNKNOWN = text(
    """
    SELECT DISTINCT ON (a.id) a.id AS account_id, p.bank_code, p.account_hash,
           p.account_name, p.account_encrypted
    FROM crm_transfers t
    JOIN crm_transfer_accounts a ON a.id = t.account_id AND a.recipient_code IS NULL
    JOIN crm_payouts p ON p.id = t.payout_id
    WHERE t.provider = :provider AND t.state = 'queued' AND t.due_at <= :now
    ORDER BY a.id, t.id LIMIT :most
    """
)
