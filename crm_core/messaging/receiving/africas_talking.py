"""What Africa's Talking's callbacks say: forms for receipts, replies and people who opted out."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from crm_core.messaging.foreign_text import clean
from crm_core.messaging.gateways.africas_talking import NAME
from crm_core.messaging.receiving.json_body import international
from crm_core.messaging.receiving.schemas import Failing, Receipt, Reply, Told, Unreadable
from crm_core.messaging.schemas import Channel, MessageStatus

_STATES = {
    "sent": MessageStatus.SENT,
    "submitted": MessageStatus.SENT,
    "buffered": MessageStatus.SENT,
    "success": MessageStatus.DELIVERED,
    "failed": MessageStatus.FAILED,
    "rejected": MessageStatus.FAILED,
}
_FAILINGS = {
    "UserInBlackList": Failing.BLOCKED,
    "UserDoesNotExist": Failing.BAD_ADDRESS,
    "UserNotProvisioned": Failing.BAD_ADDRESS,
    "DoNotDisturbRejection": Failing.DND,
    "DeliveryFailure": Failing.UNDELIVERED,
}
_MOST_FIELDS = 50


def read(body: bytes) -> Told:
    """One receipt, one reply, or one person who opted out at the provider.

    Raises:
        Unreadable: it is none of them.
    """
    form = _form(body)
    if form.get("status") and form.get("id"):
        return Told(receipts=(_receipt(form),))
    if form.get("from") and form.get("id"):
        return Told(replies=(_reply(form["from"], form["id"], form.get("text", "")),))
    if form.get("phoneNumber") and form.get("senderId"):
        # It has no number of its own: the same person opts out of the same sender once.
        number = f"opt-out:{form['senderId']}:{form['phoneNumber']}"
        return Told(replies=(_reply(form["phoneNumber"], number, "STOP"),))
    raise Unreadable("The form is neither a receipt nor a reply.")


def _form(body: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, strict_parsing=True
        )
    except ValueError as error:
        raise Unreadable("The body is not a form.") from error
    return {name: clean(value) for name, value in pairs}


def _receipt(form: Mapping[str, str]) -> Receipt:
    status = _STATES.get(form["status"].lower())
    if status is None:
        raise Unreadable(f"The state '{form['status'][:60]}' is unknown.")
    failed = status is MessageStatus.FAILED
    why = form.get("failureReason", "")
    usual = Failing.REJECTED if form["status"].lower() == "rejected" else Failing.UNDELIVERED
    return Receipt(
        provider=NAME,
        provider_id=form["id"],
        status=status,
        failing=_FAILINGS.get(why, usual) if failed else None,
        error=(why or form["status"]) if failed else None,
    )


def _reply(sender: str, number: str, text: str) -> Reply:
    return Reply(
        provider=NAME,
        provider_id=number,
        channel=Channel.SMS,
        sender=international(sender),
        text=text,
    )
