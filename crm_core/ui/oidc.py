"""Single sign-on with OpenID Connect: our own routes, ending in the same session as a password.

Code flow with state, nonce and PKCE. The provider says who the person is; whether that
person has an account, and which roles, is decided here.
"""

import base64
import json
import logging
from dataclasses import asdict, dataclass

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crm_core.base.crypto import new_token, sign, signature_holds
from crm_core.base.db import transaction
from crm_core.base.errors import Forbidden, Refusal
from crm_core.base.settings import settings
from crm_core.people import service
from crm_core.ui.address import public_url
from crm_core.ui.form_guard import own_path, same_text
from crm_core.ui.sessions import in_thread
from crm_core.ui.sign_in_routes import browser_of, enter, sign_in_page

COOKIE = "__Host-ops-oidc"
_PURPOSE = "single sign-on"
_TEN_MINUTES = 600

# Only signatures by the provider's private key: one made with our client secret proves nothing.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trip:
    """What a browser carries to the provider and back, signed."""

    state: str
    nonce: str
    verifier: str
    target: str


async def start(request: Request) -> Response:
    """Sends the browser to the provider."""
    target = own_path(request.query_params.get("next", "/"))
    trip = Trip(new_token(), new_token(), new_token() + new_token(), target)
    try:
        async with _client() as client:
            provider = await _provider(client)
            url, _ = client.create_authorization_url(
                provider["authorization_endpoint"],
                state=trip.state,
                nonce=trip.nonce,
                code_verifier=trip.verifier,
            )
    except (httpx2.HTTPError, ValueError, KeyError):
        return _failed(request, target)
    response = RedirectResponse(url, status_code=303, headers={"cache-control": "no-store"})
    _keep(response, trip)
    return response


async def callback(request: Request) -> Response:
    """Opens a session for whom the provider vouches for."""
    trip = _trip_of(request)
    target = trip.target if trip else "/"
    try:
        email = await _verified_email(request, trip)
        token = await in_thread(_open_session, email, browser_of(request))
    except Refusal as refusal:
        return sign_in_page(request, target=target, error=str(refusal))
    except (httpx2.HTTPError, AuthlibBaseError, JoseError, ValueError, KeyError):
        return _failed(request, target)
    response = await enter(request, token, target)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


async def _verified_email(request: Request, trip: Trip | None) -> str:
    """The address in a token that is the provider's, ours, of this trip, and verified."""
    query = request.query_params
    if trip is None or not same_text(trip.state, query.get("state", "")):
        raise Forbidden("This sign-in was not started in this browser: start again.")
    if query.get("iss", settings().crm_oidc_issuer) != settings().crm_oidc_issuer:
        raise Forbidden("Another provider answered: start again.")
    if "code" not in query:
        raise Forbidden("The sign-in was cancelled at the provider: try again.")
    claims = await _claims(query["code"], trip)
    if claims.get("email_verified") is not True or not claims.get("email"):
        raise Forbidden("The provider has not verified your e-mail address, so it proves nothing.")
    return str(claims["email"])


async def _claims(code: str, trip: Trip) -> CodeIDToken:
    """The claims of the identity token that the code is exchanged for, once they hold."""
    async with _client() as client:
        provider = await _provider(client)
        token = await client.fetch_token(
            provider["token_endpoint"], code=code, code_verifier=trip.verifier
        )
        answer = await client.request("GET", provider["jwks_uri"], withhold_token=True)
        keys = KeySet.import_key_set(answer.raise_for_status().json())
    signed = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS)
    expected = {
        "iss": {"essential": True, "value": settings().crm_oidc_issuer},
        "aud": {"essential": True, "value": settings().crm_oidc_client_id},
    }
    params = {"nonce": trip.nonce, "client_id": settings().crm_oidc_client_id}
    claims = CodeIDToken(signed.claims, signed.header, expected, params)
    claims.validate(leeway=60)
    return claims


def _client() -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        settings().crm_oidc_client_id,
        settings().crm_oidc_client_secret.get_secret_value(),
        scope="openid email profile",
        redirect_uri=f"{public_url()}/auth/oidc/callback",
        code_challenge_method="S256",
        timeout=10,
    )


async def _provider(client: AsyncOAuth2Client) -> dict[str, str]:
    """Where the provider's endpoints are, from its own description."""
    issuer = settings().crm_oidc_issuer
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    answer = await client.request("GET", url, withhold_token=True)
    described: dict[str, str] = answer.raise_for_status().json()
    if described["issuer"] != issuer:
        raise ValueError(f"the provider at {issuer} calls itself {described['issuer']}")
    return described


def _open_session(email: str, user_agent: str) -> str:
    with transaction(who="sign-in") as session:
        return service.sign_in_verified(session, email, user_agent=user_agent)


def _keep(response: Response, trip: Trip) -> None:
    packed = base64.urlsafe_b64encode(json.dumps(asdict(trip)).encode()).decode()
    response.set_cookie(
        COOKIE,
        f"{packed}.{sign(_PURPOSE, packed)}",
        max_age=_TEN_MINUTES,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )


def _trip_of(request: Request) -> Trip | None:
    packed, _, signature = request.cookies.get(COOKIE, "").rpartition(".")
    if not packed or not signature_holds(_PURPOSE, packed, signature):
        return None
    return Trip(**json.loads(base64.urlsafe_b64decode(packed)))


def _failed(request: Request, target: str) -> Response:
    _log.exception("single sign-on failed")
    sentence = "Single sign-on did not work just now: try again, or use your password."
    return sign_in_page(request, target=target, error=sentence)


ROUTES = [
    Route("/auth/oidc/start", start, methods=["GET"]),
    Route("/auth/oidc/callback", callback, methods=["GET"]),
]
