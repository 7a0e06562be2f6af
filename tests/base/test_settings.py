"""Settings come from the environment, then from .env, and else are the documented defaults."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from crm_core.base.settings import Settings, settings


def test_nothing_has_to_be_set() -> None:
    defaults = Settings()
    assert defaults.crm_host == "127.0.0.1"
    assert (defaults.crm_dashboard_port, defaults.crm_api_port) == (8501, 8000)
    assert Settings.model_fields["crm_data_dir"].default == Path(".data")
    assert defaults.database_url is None


def test_the_environment_decides(set_environment: Callable[..., None]) -> None:
    set_environment(CRM_API_PORT="9000")
    assert settings().crm_api_port == 9000


def test_a_file_fills_in_what_the_environment_leaves_open(
    tmp_path: Path, set_environment: Callable[..., None]
) -> None:
    file = tmp_path / ".env"
    file.write_text("CRM_API_PORT=9001\nCRM_DASHBOARD_PORT=9002\nDATABASE_URL=\n")
    set_environment(CRM_API_PORT="9000")
    read = Settings(_env_file=file)
    assert (read.crm_api_port, read.crm_dashboard_port) == (9000, 9002)


def test_an_empty_value_is_no_value(set_environment: Callable[..., None]) -> None:
    set_environment(DATABASE_URL="", CRM_API_PORT="")
    assert settings().database_url is None
    assert settings().crm_api_port == 8000


@pytest.mark.parametrize("port", ["0", "65536", "many"])
def test_a_port_that_cannot_be_is_refused(set_environment: Callable[..., None], port: str) -> None:
    set_environment(CRM_API_PORT=port)
    with pytest.raises(ValidationError):
        settings()


def test_secrets_do_not_show_when_settings_are_printed(
    set_environment: Callable[..., None],
) -> None:
    set_environment(DATABASE_URL="postgresql://crm:hidden-word@db/crm")
    assert "hidden-word" not in repr(settings())


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, one in Settings.model_fields.items() if not one.description] == []


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({"CRM_SMS_GATEWAY": "termii", "CRM_SMS_SENDER": "Us"}, "CRM_TERMII_API_KEY"),
        ({"CRM_SMS_GATEWAY": "africastalking"}, "CRM_AFRICASTALKING_USERNAME"),
        ({"CRM_EMAIL_GATEWAY": "smtp", "CRM_SMTP_HOST": "mail"}, "CRM_EMAIL_FROM"),
        ({"CRM_WHATSAPP_GATEWAY": "whatsapp"}, "CRM_WHATSAPP_TOKEN"),
    ],
)
def test_a_provider_that_lacks_a_key_is_refused_at_the_start(
    set_environment: Callable[..., None], chosen: dict[str, str], names: str
) -> None:
    set_environment(**chosen)
    with pytest.raises(ValidationError, match=f"is chosen: set {names}, too"):
        settings()
