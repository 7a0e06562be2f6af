"""Africa's Talking: text messages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from crm_core.base.settings import settings
from crm_core.messaging.gateways import http
from crm_core.messaging.gateways.interface import GatewayDown, Letter, Outcome, Unanswered
from crm_core.messaging.schemas import Channel

NAME = "africastalking"

_ACCEPTED = {100, 101, 102}
_INVALID_NUMBER, _UNSUPPORTED_NUMBER, _NO_BALANCE, _BLACKLISTED = 403, 404, 405, 406
_BAD_ADDRESS = {_INVALID_NUMBER, _UNSUPPORTED_NUMBER, _BLACKLISTED}
_SENTENCES = {
    401: "Held back by the provider as risky.",
    402: "The sender name is not registered with the provider.",
    _INVALID_NUMBER: "The provider says that this is no valid number.",
    _UNSUPPORTED_NUMBER: "The provider does not serve this kind of number.",
    _BLACKLISTED: "The person has blocked messages from this sender.",
    407: "The provider found no way to this number.",
    409: "Refused outside the hours in which such messages are permitted.",
    502: "Refused by the provider's network.",
}
_NAIRA = re.compile(r"NGN\s*([0-9]{1,6}(?:\.[0-9]{1,4})?)")


class AfricasTalking:
    """``POST /version1/messaging``, one recipient a request, for every text is its own."""

    name = NAME
    honours_keys = False
    sandbox = False

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        key = settings().crm_africastalking_api_key.get_secret_value()
        self._client = http.client(
            base_url=settings().crm_africastalking_url,
            headers={"apiKey": key, "accept": "application/json"},
        )

    def send(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """One request a letter."""
        return http.hand_over(letters, self._hand)

    def look_up(self, letters: Sequence[Letter]) -> Sequence[Outcome]:  # noqa: ARG002  (interface)
        """Nothing: Africa's Talking finds a message only by its own number."""
        return ()

    def _hand(self, letter: Letter) -> Outcome:
        wanted = {
            "username": settings().crm_africastalking_username,
            "to": letter.address,
            "message": letter.content,
        }
        if sender := settings().crm_sms_sender:
            wanted["from"] = sender
        answer = http.post(self._client, "/version1/messaging", data=wanted)
        if answer.status_code >= 400:
            return http.refused(letter, answer.text, answer.status_code)
        return _outcome(letter, http.document(answer))


def _outcome(letter: Letter, said: Mapping[str, Any]) -> Outcome:
    data = said.get("SMSMessageData")
    if not isinstance(data, dict) or not isinstance(data.get("Recipients"), list):
        raise Unanswered("The provider's answer could not be read.")
    if not data["Recipients"]:
        # Without recipients the message says why none was taken, such as InvalidSenderId.
        return http.refused(letter, data.get("Message", ""), data.get("Message", ""))
    recipient = data["Recipients"][0]
    if not isinstance(recipient, dict):
        raise Unanswered("The provider's answer could not be read.")
    return _of_recipient(letter, recipient)


def _of_recipient(letter: Letter, recipient: Mapping[str, Any]) -> Outcome:
    code = recipient.get("statusCode")
    if code in _ACCEPTED:
        cost = _NAIRA.fullmatch(str(recipient.get("cost", "")))
        outcome = http.accepted(letter, recipient.get("messageId"))
        return replace(outcome, cost=Decimal(cost[1])) if cost else outcome
    if code == _NO_BALANCE:
        raise GatewayDown("The account at Africa's Talking is empty.")
    if not isinstance(code, int) or (code >= 500 and code not in _SENTENCES):
        raise Unanswered(f"The provider broke down (status {code}).")
    sentence = _SENTENCES.get(code, recipient.get("status", ""))
    return http.refused(letter, sentence, code, hard=code in _BAD_ADDRESS)
