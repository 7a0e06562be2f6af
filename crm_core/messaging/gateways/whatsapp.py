"""WhatsApp Cloud: free text within 24 hours after the person wrote, else approved templates."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm_core.base.settings import settings
from crm_core.messaging.gateways import http
from crm_core.messaging.gateways.interface import GatewayDown, Letter, Outcome, Verdict
from crm_core.messaging.schemas import Channel

NAME = "whatsapp"

NOT_ON_WHATSAPP = 131026
_BUSY = {4, 80007, 130429, 131048, 133016}
_TOO_MANY_TO_ONE_PERSON = 131056
_TURNED_AWAY = {0, 3, 10, 190, 368, 131005, 131031, 131042, 131045, *range(200, 300)}


class WhatsApp:
    """``POST /{phone number id}/messages``."""

    name = NAME
    honours_keys = False
    sandbox = False

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        token = settings().crm_whatsapp_token.get_secret_value()
        self._client = http.client(headers={"authorization": f"Bearer {token}"})
        number = settings().crm_whatsapp_phone_number_id
        self._address = f"{settings().crm_whatsapp_url.rstrip('/')}/{number}/messages"

    def send(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """One request a letter."""
        return http.hand_over(letters, self._hand)

    def look_up(self, letters: Sequence[Letter]) -> Sequence[Outcome]:  # noqa: ARG002  (interface)
        """Nothing: but receipts name our own number, and settle what is unknown."""
        return ()

    def _hand(self, letter: Letter) -> Outcome:
        content = _content(letter)
        if content is None:
            return http.refused(
                letter,
                "The person has not written within 24 hours, and no WhatsApp template is set.",
                "no_template",
            )
        wanted = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": http.digits(letter.address),
            # It comes back with every receipt, and tells of which message it speaks.
            "biz_opaque_callback_data": str(letter.id),
            **content,
        }
        answer = http.post(self._client, self._address, json=wanted)
        said = http.document(answer)
        if answer.status_code >= 400:
            return _refused(letter, said.get("error"))
        messages = said.get("messages")
        first = messages[0] if isinstance(messages, list) and messages else None
        return http.accepted(letter, first.get("id") if isinstance(first, dict) else None)


def _content(letter: Letter) -> Mapping[str, Any] | None:
    """Text where a conversation is open, else the template of the purpose; None without one."""
    if letter.in_conversation:
        return {"type": "text", "text": {"body": letter.content, "preview_url": False}}
    given = settings()
    promotes = letter.purpose.needs_consent
    name = given.crm_whatsapp_promotion_template if promotes else given.crm_whatsapp_template
    if not name:
        return None
    # Meta refuses line breaks, tabs and runs of spaces in what fills a template.
    filling = {"type": "text", "text": " ".join(letter.content.split())}
    return {
        "type": "template",
        "template": {
            "name": name,
            "language": {"code": given.crm_whatsapp_template_language},
            "components": [{"type": "body", "parameters": [filling]}],
        },
    }


def _refused(letter: Letter, error: object) -> Outcome:
    found = error if isinstance(error, dict) else {}
    code, message = found.get("code"), str(found.get("message", ""))
    if code in _BUSY:
        raise GatewayDown(f"WhatsApp asks to wait: {message}")
    if code in _TURNED_AWAY:
        raise GatewayDown(f"WhatsApp turns us away: {message}")
    if code == _TOO_MANY_TO_ONE_PERSON:
        return Outcome(letter.id, Verdict.LATER, error=message, code=str(code))
    return http.refused(letter, message, code or "", hard=code == NOT_ON_WHATSAPP)
