"""Which provider serves a channel."""

from collections.abc import Callable, Mapping

from crm_core.base.errors import Invalid
from crm_core.base.settings import settings
from crm_core.messaging.gateways import africas_talking, sandbox, smtp, termii, whatsapp
from crm_core.messaging.gateways.interface import Gateway
from crm_core.messaging.schemas import Channel


def gateway_for(channel: Channel) -> Gateway:
    """The gateway that the settings name for this channel; make it once and keep it.

    Raises:
        Invalid: nobody sends on this channel.
    """
    chosen = {
        Channel.SMS: settings().crm_sms_gateway,
        Channel.EMAIL: settings().crm_email_gateway,
        Channel.WHATSAPP: settings().crm_whatsapp_gateway,
    }
    if channel not in chosen:
        raise Invalid(f"Nothing is sent by {channel}: such a message is only written down.")
    return _MAKERS[chosen[channel]](channel)


_MAKERS: Mapping[str, Callable[[Channel], Gateway]] = {
    sandbox.NAME: sandbox.Sandbox,
    termii.NAME: termii.Termii,
    africas_talking.NAME: africas_talking.AfricasTalking,
    whatsapp.NAME: whatsapp.WhatsApp,
    smtp.NAME: smtp.Smtp,
}
