"""Termii: text messages to Nigerian numbers."""

from collections.abc import Sequence

from crm_core.base.settings import settings
from crm_core.messaging.gateways import http
from crm_core.messaging.gateways.interface import GatewayDown, Letter, Outcome
from crm_core.messaging.schemas import Channel, Purpose

NAME = "termii"


class Termii:
    """``POST /api/sms/send``; promotions by the generic route, the rest by the one past DND."""

    name = NAME
    honours_keys = False
    sandbox = False

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._client = http.client(base_url=settings().crm_termii_url)

    def send(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """One request a letter."""
        return http.hand_over(letters, self._hand)

    def look_up(self, letters: Sequence[Letter]) -> Sequence[Outcome]:  # noqa: ARG002  (interface)
        """Nothing: Termii finds a message only by its own number."""
        return ()

    def _hand(self, letter: Letter) -> Outcome:
        wanted = {
            "api_key": settings().crm_termii_api_key.get_secret_value(),
            "to": http.digits(letter.address),
            "from": settings().crm_sms_sender,
            "sms": letter.content,
            "type": "plain",
            "channel": "generic" if letter.purpose is Purpose.PROMOTIONAL else "dnd",
        }
        answer = http.post(self._client, "/api/sms/send", json=wanted)
        said = http.document(answer)
        if answer.status_code < 400:
            return http.accepted(letter, said.get("message_id"))
        return _refused(letter, str(said.get("message", "")), str(said.get("code", "")))


def _refused(letter: Letter, message: str, code: str) -> Outcome:
    if "balance" in message.lower():
        raise GatewayDown(f"The account at Termii is empty: {message}")
    invalid = "number" in message.lower() and "invalid" in message.lower()
    return http.refused(letter, message, code, hard=invalid)
