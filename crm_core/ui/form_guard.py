"""What protects the sign-in forms: who posts them, and where they lead."""

import secrets
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from crm_core.base.crypto import new_token, sign, signature_holds
from crm_core.base.errors import Forbidden, Invalid

COOKIE = "__Host-ops-form"
_PURPOSE = "sign-in form"
_LARGEST = 20_000


def form_token(request: Request) -> tuple[str, str]:
    """The browser's own secret for our forms, and the signature that goes into the form."""
    secret = request.cookies.get(COOKIE) or new_token()
    return secret, sign(_PURPOSE, secret)


def keep_secret(response: Response, secret: str) -> None:
    """Leaves the secret with the browser for when the form comes back."""
    response.set_cookie(COOKIE, secret, path="/", secure=True, httponly=True, samesite="lax")


async def read_form(request: Request) -> FormData:
    """The form that was posted, once it is known to be one of ours.

    Raises:
        Forbidden: another site posted it, or the browser kept no cookie.
        Invalid: it is far larger than any of our forms.
    """
    if not 0 < int(request.headers.get("content-length", "0")) <= _LARGEST:
        raise Invalid("This form is empty or too large.")
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("Another website sent this form: open the sign-in page yourself.")
    form = await request.form()
    secret = request.cookies.get(COOKIE, "")
    if not secret:
        raise Forbidden("Your browser kept no cookie of ours: allow cookies and try again.")
    if not signature_holds(_PURPOSE, secret, text_in(form, "form_token")):
        raise Forbidden("This form is out of date: try again.")
    return form


def text_in(form: FormData, name: str) -> str:
    """A text field of the form; empty where it is missing or a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def own_path(target: str) -> str:
    """``target`` where it is a path of our own with its query, else the home page.

    Browsers read ``//host`` and ``/\\host`` as other sites, so that neither may pass.
    """
    url = urlsplit(target)
    foreign = url.scheme or url.netloc or "\\" in target or not target.isprintable()
    if foreign or not target.startswith("/") or target.startswith(("//", "/auth/", "/_stcore")):
        return "/"
    return target


def same_text(one: str, other: str) -> bool:
    """Compares secrets in constant time."""
    return secrets.compare_digest(one.encode(), other.encode())
