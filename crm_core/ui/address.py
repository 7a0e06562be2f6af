"""Under which address people reach the dashboard, and whether signing in there is safe."""

import ipaddress
from urllib.parse import urlsplit

from crm_core.base.settings import Settings, settings


class AddressUnfit(RuntimeError):
    """One sentence that says which address to set."""


def public_url() -> str:
    """What people type, without a slash at the end; refuses an address that leaks sign-ins.

    Raises:
        AddressUnfit: passwords and sessions would cross a network in the clear.
    """
    chosen = settings()
    if not chosen.crm_public_url:
        return _loopback_url(chosen)
    url = urlsplit(chosen.crm_public_url)
    if url.scheme not in {"http", "https"} or not url.hostname or url.path.strip("/"):
        raise AddressUnfit(
            "CRM_PUBLIC_URL is not a whole address: give one such as https://ops.example.ng."
        )
    if url.scheme == "http" and not _is_this_machine(url.hostname):
        raise AddressUnfit(
            f"Passwords would cross the network unprotected at {chosen.crm_public_url}: put a "
            "proxy with TLS in front, and set CRM_PUBLIC_URL to its https:// address."
        )
    return chosen.crm_public_url.rstrip("/")


def _loopback_url(chosen: Settings) -> str:
    if not _is_this_machine(chosen.crm_host):
        raise AddressUnfit(
            f"CRM_HOST is {chosen.crm_host}, which others can reach without TLS: set "
            "CRM_PUBLIC_URL to the https:// address of a proxy in front, or CRM_HOST to 127.0.0.1."
        )
    return f"http://localhost:{chosen.crm_dashboard_port}"


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
