"""The providers that gateways are tried against, and the settings that name them."""

from collections.abc import Callable, Iterator

import pytest

from tests.messaging.gateways.http_provider import HttpProvider, running_http_provider
from tests.messaging.gateways.mail_server import MailServer, running_mail_server

Settings = Callable[..., None]


@pytest.fixture
def provider() -> Iterator[HttpProvider]:
    """A server that answers what the test tells it to."""
    with running_http_provider() as provider:
        yield provider


@pytest.fixture
def impatient(set_environment: Settings) -> None:
    """Silence is not waited for long, but a loaded machine may take its time to answer."""
    set_environment(CRM_GATEWAY_TIMEOUT="2")


@pytest.fixture
def termii(provider: HttpProvider, set_environment: Settings) -> HttpProvider:
    set_environment(
        CRM_SMS_GATEWAY="termii",
        CRM_TERMII_URL=provider.address,
        CRM_TERMII_API_KEY="key of the account",
        CRM_SMS_SENDER="OurHospital",
        CRM_GATEWAY_AT_ONCE="1",
    )
    return provider


@pytest.fixture
def africas_talking(provider: HttpProvider, set_environment: Settings) -> HttpProvider:
    set_environment(
        CRM_SMS_GATEWAY="africastalking",
        CRM_AFRICASTALKING_URL=provider.address,
        CRM_AFRICASTALKING_USERNAME="hospitals",
        CRM_AFRICASTALKING_API_KEY="key of the account",
        CRM_SMS_SENDER="OurHospital",
    )
    return provider


@pytest.fixture
def whatsapp(provider: HttpProvider, set_environment: Settings) -> HttpProvider:
    set_environment(
        CRM_WHATSAPP_GATEWAY="whatsapp",
        CRM_WHATSAPP_URL=f"{provider.address}/v23.0",
        CRM_WHATSAPP_TOKEN="token of the app",
        CRM_WHATSAPP_PHONE_NUMBER_ID="1555",
        CRM_WHATSAPP_TEMPLATE="hospital_note",
    )
    return provider


@pytest.fixture
def mail_server(set_environment: Settings) -> Iterator[MailServer]:
    """A mail server that takes everything, but for what the test tells it to refuse."""
    with running_mail_server() as server:
        set_environment(
            CRM_EMAIL_GATEWAY="smtp",
            CRM_SMTP_HOST="127.0.0.1",
            CRM_SMTP_PORT=str(server.port),
            CRM_SMTP_SECURITY="none",
            CRM_EMAIL_FROM="Our Hospital <noreply@hospital.example>",
            CRM_API_PUBLIC_URL="https://api.hospital.example",
        )
        yield server
