"""The two secret keys: from the environment, or made once in the data directory.

Next to an outside database a key made on one machine would be wrong on the next, so there
the environment must name them.
"""

import base64
import binascii
import os
import secrets
from functools import cache
from pathlib import Path

from pydantic import SecretStr

from crm_core.base.settings import settings


class KeyMissing(RuntimeError):
    """One sentence that says which key to set and how."""


@cache
def encryption_key() -> bytes:
    """32 bytes that encrypt national identity and account numbers."""
    return _key("CRM_ENCRYPTION_KEY", settings().crm_encryption_key, "encryption.key")


@cache
def session_key() -> bytes:
    """32 bytes that sign links, forms and cursors."""
    return _key("CRM_SESSION_KEY", settings().crm_session_key, "session.key")


def _key(name: str, given: SecretStr | None, file_name: str) -> bytes:
    if given is not None:
        return _decoded(name, given.get_secret_value())
    if settings().database_url is not None:
        raise KeyMissing(
            f"Set {name} to 32 random bytes in URL-safe base64: with DATABASE_URL every machine "
            "needs the same key."
        )
    return _decoded(name, _read_or_make(settings().crm_data_dir / file_name))


def _read_or_make(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_suffix(f".{os.getpid()}")
    if not path.exists():
        handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        # link() fails where another process was first, so that both read the same key.
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text().strip()


def _decoded(name: str, text: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise KeyMissing(f"{name} is not URL-safe base64: give 32 random bytes.") from error
    if len(key) != 32:
        raise KeyMissing(f"{name} holds {len(key)} bytes: give 32 random bytes in base64.")
    return key
