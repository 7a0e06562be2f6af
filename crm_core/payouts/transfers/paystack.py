"""Paystack's transfer API, as its documentation has it.

Amounts are in kobo. What it answers is believed only where it can be read whole: a success it did
not say plainly is ``Unanswered``, never a success and never a failure.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from crm_core.payouts.transfers.gateway import (
    Account,
    Declined,
    NotTaken,
    Order,
    Recipient,
    Report,
    Unanswered,
)
from crm_core.payouts.transfers.schemas import TransferStatus

_PATIENCE = 20.0  # seconds for an answer; whether it arrived is unknown after that
_NEVER_ARRIVED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_OURS_TO_MEND = 600  # seconds until what we have to put right first is tried again


class Paystack:
    """The gateway to Paystack."""

    name = "paystack"
    title = "Paystack"
    most_at_once = 50

    def __init__(self, secret_key: str, url: str, *, patience: float = _PATIENCE) -> None:
        self._timeout = httpx2.Timeout(patience, connect=5)
        self._headers = {"authorization": f"Bearer {secret_key}"}
        self._url = url.rstrip("/")

    def resolve(self, account: Account) -> str:
        """The holder's name by the account's bank."""
        query = {"account_number": account.number, "bank_code": account.bank_code}
        data = _mapping(self._ask("GET", "/bank/resolve", params=query))
        name = data.get("account_name")
        if not isinstance(name, str) or not name.strip():
            raise Unanswered("Paystack gave no name for this account.")
        return " ".join(name.split())[:200]

    def make_recipient(self, account: Account) -> Recipient:
        """The account as a recipient; Paystack gives the same one for the same account."""
        body = {
            "type": "nuban",
            "name": account.name,
            "account_number": account.number,
            "bank_code": account.bank_code,
            "currency": "NGN",
        }
        data = _mapping(self._ask("POST", "/transferrecipient", json=body))
        code, details = data.get("recipient_code"), _mapping(data.get("details"))
        if not isinstance(code, str) or not code:
            raise Unanswered("Paystack gave no code for this recipient.")
        if (details.get("account_number"), details.get("bank_code")) != (
            account.number,
            account.bank_code,
        ):
            raise Declined("Paystack answered with another account than the one asked for.")
        return Recipient(code, _number(data.get("id")))

    def send(self, order: Order) -> Report:
        """One transfer from the balance."""
        body = {"source": "balance", "currency": "NGN", **_order(order)}
        report = read_report(self._ask("POST", "/transfer", json=body))
        return _of(report, order.reference)

    def send_many(self, orders: Sequence[Order]) -> list[Report]:
        """Several transfers from the balance; those it does not mention are left out."""
        body = {
            "source": "balance",
            "currency": "NGN",
            "transfers": [_order(order) for order in orders],
        }
        data = self._ask("POST", "/transfer/bulk", json=body)
        if not isinstance(data, list):
            raise Unanswered("Paystack's answer to the batch cannot be read.")
        wanted = {order.reference for order in orders}
        return [report for one in data if (report := _readable(one)) and report.reference in wanted]

    def verify(self, reference: str) -> Report | None:
        """How the transfer stands; None where Paystack has none of this reference."""
        try:
            data = self._ask("GET", f"/transfer/verify/{reference}")
        except _Missing:
            return None
        except Declined as declined:
            raise Unanswered(str(declined)) from declined
        return _of(read_report(data), reference)

    def _ask(self, method: str, path: str, **more: Any) -> object:
        """The ``data`` of an answer that says that it went well."""
        try:
            with httpx2.Client(timeout=self._timeout, headers=self._headers) as client:
                answer = client.request(method, self._url + path, **more)
        except _NEVER_ARRIVED as error:
            raise NotTaken("Paystack cannot be reached.") from error
        except httpx2.HTTPError as error:
            raise Unanswered("Paystack did not answer.") from error
        _refuse_trouble(answer)
        document = _document(answer)
        if document.get("status") is not True:
            _decline(answer.status_code, document)
        return document.get("data")


class _Missing(Declined):
    """There is nothing at this address of Paystack's."""


def read_report(data: object) -> Report:
    """What the ``data`` of an answer or a webhook says of a transfer.

    Raises:
        Unanswered: it cannot be read.
    """
    report = _readable(data)
    if report is None:
        raise Unanswered("Paystack's answer cannot be read.")
    return report


def _readable(data: object) -> Report | None:
    if not isinstance(data, Mapping):
        return None
    reference, status = data.get("reference"), data.get("status")
    if not isinstance(reference, str) or not isinstance(status, str):
        return None
    recipient = data.get("recipient")
    by_words = _mapping(recipient)
    code = recipient if isinstance(recipient, str) else by_words.get("recipient_code")
    number = recipient if isinstance(recipient, int) else by_words.get("id")
    return Report(
        reference=reference,
        status=_status(status),
        kobo=_number(data.get("amount")),
        currency=_word(data.get("currency")),
        recipient_code=_word(code),
        recipient_number=_number(number),
        transfer_code=_word(data.get("transfer_code")),
        sentence=_sentence(status, data),
    )


def _status(word: str) -> TransferStatus:
    """A status that nobody has documented yet concludes nothing."""
    try:
        return TransferStatus(word.lower())
    except ValueError:
        return TransferStatus.PENDING


def _sentence(status: str, data: Mapping[str, Any]) -> str:
    for name in ("failures", "gateway_response", "message"):
        if (why := _word(data.get(name))) is not None:
            return f"Paystack says {status[:30]}: {why}"
    if status == TransferStatus.OTP:
        return "Paystack waits for a one-time password: give it there, or switch it off there."
    return f"Paystack says {status[:30]}."


def _refuse_trouble(answer: httpx2.Response) -> None:
    """Raises where the number alone says that the order was not looked at, or nobody knows."""
    status = answer.status_code
    if status == 429:
        raise NotTaken("Paystack asks us to slow down.", _wait(answer))
    if status in (401, 403):
        raise NotTaken(f"Paystack does not accept our key ({status}).", _OURS_TO_MEND)
    if status >= 500 or 300 <= status < 400 or status == 408:
        raise Unanswered(f"Paystack answered with an error ({status}).")


def _wait(answer: httpx2.Response) -> int:
    """Seconds that it asks for, from one to an hour; a minute where it does not say."""
    asked = answer.headers.get("retry-after", "")
    return min(max(int(asked), 1), 3600) if re.fullmatch("[0-9]{1,9}", asked) else 60


def _document(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        document = answer.json()
    except ValueError as error:
        raise Unanswered("Paystack's answer cannot be read.") from error
    if not isinstance(document, Mapping) or not isinstance(document.get("status"), bool):
        raise Unanswered("Paystack's answer cannot be read.")
    return document


def _decline(status: int, document: Mapping[str, Any]) -> None:
    sentence = _word(document.get("message")) or f"Paystack declined it ({status})."
    code = _word(document.get("code")) or ""
    if "insufficient" in code or "balance is not enough" in sentence.lower():
        raise NotTaken(f"Paystack: {sentence}", _OURS_TO_MEND)
    if status == 404 or code == "transfer_not_found":
        raise _Missing(f"Paystack: {sentence}")
    raise Declined(f"Paystack: {sentence}")


def _of(report: Report, reference: str) -> Report:
    if report.reference != reference:
        raise Unanswered("Paystack answered about another transfer.")
    return report


def _order(order: Order) -> dict[str, object]:
    return {
        "amount": order.kobo,
        "reference": order.reference,
        "recipient": order.recipient_code,
        "reason": order.narration,
    }


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _word(value: object) -> str | None:
    return value.replace("\0", "").strip()[:500] or None if isinstance(value, str) else None
