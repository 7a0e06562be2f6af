"""An identity provider that speaks OpenID Connect: a real server, with keys of its own.

It answers its description, its keys and the token endpoint; where a browser would be shown its
sign-in page, ``agree`` says what that page would send back.
"""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "ops", "of the client"


@dataclass
class Provider:
    """What it says of the person; a test changes what it must not believe."""

    issuer: str = ""
    claims: dict[str, object] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    signing_key: RSAKey | None = None
    asked: dict[str, str] = field(default_factory=dict)

    def agree(self, location: str) -> str:
        """The path that the browser comes back with after the person has said yes."""
        self.asked = dict(parse_qsl(urlsplit(location).query))
        back = urlsplit(self.asked["redirect_uri"]).path
        return f"{back}?{urlencode({'code': 'the code', 'state': self.asked['state']})}"

    def describe(self) -> dict[str, object]:
        """The provider's description of itself."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def token_for(self, form: dict[str, list[str]], authorization: str) -> dict[str, object] | None:
        """Tokens for the code, where the client is who it says and began this trip itself."""
        client = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        wanted = self.asked["code_challenge"], "S256", f"Basic {client}", ["the code"]
        given = challenge, self.asked["code_challenge_method"], authorization, form["code"]
        if wanted != given:
            return None
        return {"access_token": "a", "token_type": "Bearer", "id_token": self._identity()}

    def _identity(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "42",
            "iat": now,
            "exp": now + 60,
            "nonce": self.asked["nonce"],
            "email_verified": True,
            **self.claims,
        }
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.signing_key or self.key)


@contextmanager
def running_provider() -> Iterator[Provider]:
    """A provider that listens on this machine until the block ends."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                self._answer(provider.describe())
            else:
                self._answer({"keys": [provider.key.as_dict(private=False)]})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            token = provider.token_for(parse_qs(body), self.headers["authorization"])
            self._answer(token or {"error": "invalid_grant"}, 200 if token else 400)

        def _answer(self, document: dict[str, object], status: int = 200) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name there
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield provider
        server.shutdown()
