"""Settings of those who carry messages: which provider serves a channel, and its keys."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

_NONE = SecretStr("")

_NEEDS: dict[str, tuple[str, ...]] = {
    "termii": ("crm_termii_api_key", "crm_sms_sender"),
    "africastalking": ("crm_africastalking_username", "crm_africastalking_api_key"),
    "smtp": ("crm_smtp_host", "crm_email_from"),
    "whatsapp": ("crm_whatsapp_token", "crm_whatsapp_phone_number_id"),
}


class ProviderSettings(BaseSettings):
    """Names are those of the environment variables, in lower case, with their defaults."""

    crm_sms_gateway: Literal["sandbox", "termii", "africastalking"] = Field(
        "sandbox", description="Who sends text messages; the sandbox reaches nobody"
    )
    crm_email_gateway: Literal["sandbox", "smtp"] = Field(
        "sandbox", description="Who sends email; the sandbox reaches nobody"
    )
    crm_whatsapp_gateway: Literal["sandbox", "whatsapp"] = Field(
        "sandbox", description="Who sends WhatsApp messages; the sandbox reaches nobody"
    )
    crm_gateway_timeout: float = Field(
        10, gt=0, description="Seconds to wait for a provider's answer"
    )
    crm_gateway_at_once: int = Field(
        4, ge=1, le=64, description="Messages handed to a provider at the same time by one worker"
    )
    crm_sms_sender: str = Field("", description="Sender name that the SMS provider registered")
    crm_termii_url: str = Field(
        "https://v3.api.termii.com", description="Base address that Termii shows for the account"
    )
    crm_termii_api_key: SecretStr = Field(_NONE, description="API key of Termii")
    crm_termii_secret_key: SecretStr = Field(
        _NONE, description="Secret key of Termii, which signs its webhooks; empty: none is taken"
    )
    crm_africastalking_url: str = Field(
        "https://api.africastalking.com", description="Base address of Africa's Talking"
    )
    crm_africastalking_username: str = Field("", description="User name at Africa's Talking")
    crm_africastalking_api_key: SecretStr = Field(_NONE, description="API key of Africa's Talking")
    crm_africastalking_webhook_secret: SecretStr = Field(
        _NONE, description="Last part of the webhook's address; empty: no webhook is taken"
    )
    crm_whatsapp_url: str = Field(
        "https://graph.facebook.com/v23.0", description="Base address of the WhatsApp Cloud API"
    )
    crm_whatsapp_token: SecretStr = Field(_NONE, description="Access token of WhatsApp Cloud")
    crm_whatsapp_phone_number_id: str = Field("", description="Id of the number that sends")
    crm_whatsapp_app_secret: SecretStr = Field(
        _NONE, description="App secret, which signs WhatsApp's webhooks; empty: none is taken"
    )
    crm_whatsapp_verify_token: SecretStr = Field(
        _NONE, description="Word that WhatsApp says when the webhook is registered"
    )
    crm_whatsapp_template: str = Field(
        "", description="Approved utility template with one text, for use outside conversations"
    )
    crm_whatsapp_promotion_template: str = Field(
        "", description="Approved marketing template with one text, for promotions"
    )
    crm_whatsapp_template_language: str = Field("en", description="Language of the templates")
    crm_smtp_host: str = Field("", description="Mail server that sends email")
    crm_smtp_port: int = Field(587, ge=1, le=65535, description="Port of the mail server")
    crm_smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to the mail server is encrypted"
    )
    crm_smtp_user: str = Field("", description="User name at the mail server; empty: no sign-in")
    crm_smtp_password: SecretStr = Field(_NONE, description="Password at the mail server")
    crm_email_from: str = Field("", description="Sender of email: Name <address>")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """A provider that was chosen has what it needs: nobody finds out at the first message."""
        for chosen in (self.crm_sms_gateway, self.crm_email_gateway, self.crm_whatsapp_gateway):
            for name in _NEEDS.get(chosen, ()):
                given = getattr(self, name)
                if not (given.get_secret_value() if isinstance(given, SecretStr) else given):
                    raise ValueError(f"{chosen} is chosen: set {name.upper()}, too")
        return self
