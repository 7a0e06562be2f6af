"""Every setting of the product, read from the environment and ``.env``.

``settings()`` reads once; tests that change the environment call ``settings.cache_clear()``.
"""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from crm_core.base.providers import ProviderSettings


class Settings(ProviderSettings):
    """Names are those of the environment variables, in lower case, with their defaults."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore"
    )

    crm_host: str = Field("127.0.0.1", description="Address the dashboard and the API listen on")
    crm_dashboard_port: int = Field(8501, ge=1, le=65535, description="Port of the dashboard")
    crm_api_port: int = Field(8000, ge=1, le=65535, description="Port of the API")
    crm_data_dir: Path = Field(Path(".data"), description="Embedded database, keys and outboxes")
    crm_public_url: str = Field(
        "", description="Address people type, such as https://ops.example.ng; empty: localhost"
    )
    crm_api_public_url: str = Field(
        "", description="Address of the API that links in messages name; empty: localhost"
    )
    database_url: SecretStr | None = Field(
        None, description="An outside PostgreSQL 15 or newer; empty: the embedded one"
    )
    crm_database_pooled: bool = Field(
        False, description="DATABASE_URL leads to a pooler in transaction mode, such as PgBouncer"
    )
    migration_database_url: SecretStr | None = Field(
        None, description="Same database as the tables' owner; empty: DATABASE_URL"
    )
    crm_encryption_key: SecretStr | None = Field(
        None, description="32 bytes in URL-safe base64; made in the data directory if embedded"
    )
    crm_session_key: SecretStr | None = Field(
        None, description="32 bytes in URL-safe base64; made in the data directory if embedded"
    )
    crm_log_format: Literal["console", "json"] = Field(
        "console", description="How logs are written"
    )
    crm_session_hours: int = Field(12, ge=1, description="A sign-in ends after so many hours")
    crm_session_idle_minutes: int = Field(60, ge=1, description="…or after so many idle minutes")
    crm_rate_limit: int = Field(600, ge=1, description="API requests a minute for each token")
    crm_max_body_bytes: int = Field(1_000_000, ge=1000, description="Largest API request body")
    crm_snapshot_dir: Path | None = Field(
        None, description="Where a snapshot for analytics is written each night; empty: none is"
    )
    crm_max_import_bytes: int = Field(
        200_000_000, ge=1000, description="Largest file of patients to import"
    )
    crm_oidc_issuer: str = Field("", description="OpenID Connect issuer; empty: no single sign-on")
    crm_oidc_client_id: str = Field("", description="Client id registered with the issuer")
    crm_oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="Client secret registered with the issuer"
    )
    crm_paystack_secret_key: SecretStr = Field(
        SecretStr(""), description="Secret key of Paystack; empty: transfers are not offered"
    )
    crm_paystack_url: str = Field("https://api.paystack.co", description="Address of Paystack")
    crm_paystack_approval_secret: SecretStr = Field(
        SecretStr(""),
        description="Last part of the approval address given to Paystack, 32 characters or more;"
        " empty: only signed questions are answered",
    )
    crm_message_lease: float = Field(
        30, gt=0, description="Seconds after which a silent worker's messages go to another"
    )
    crm_oidc_label: str = Field("single sign-on", description="Name on the sign-in button")


@cache
def settings() -> Settings:
    """The settings in force, read once a process."""
    return Settings()
