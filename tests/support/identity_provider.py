"""A provider of identities on this machine, as OpenID Connect wants one: it asks who one is and believes the answer.

It speaks the authorization code flow with PKCE: discovery, authorization, token and keys, and the end of a session.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "da-lab", "the-client-s-secret"


@dataclass
class IdentityProvider:
    """A running provider, its people by subject with their claims, and the tokens that it has given out."""

    issuer: str
    people: Mapping[str, Mapping[str, Any]]
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    given_out: list[str] = field(default_factory=list)
    cookie_secret: str = field(default_factory=lambda: secrets.token_hex(32))

    def secrets_file(self) -> str:
        """Write the ``secrets.toml`` of a server whose people sign in here."""
        lines = {
            "redirect_uri": "http://localhost:{port}/oauth2callback",
            "cookie_secret": self.cookie_secret,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "server_metadata_url": f"{self.issuer}/.well-known/openid-configuration",
        }
        return "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())

    def metadata(self) -> dict[str, Any]:
        """Describe the provider, as clients look it up."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def ask(self, query: dict[str, str]) -> str:
        """Write the page on which one says who one is."""
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        ways = []
        for subject, claims in self.people.items():
            code = secrets.token_urlsafe(24)
            self.codes[code] = {**query, "subject": subject}
            self.given_out.append(code)
            answer = urlencode({"code": code, "state": query["state"]})
            name = html.escape(str(claims["name"]))
            ways.append(f'<a href="{html.escape(query["redirect_uri"] + "?" + answer)}">{name}</a>')
        return "<h1>Who are you?</h1>" + " ".join(ways)

    def exchange(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Give tokens for a code, once, to the client that it was for; None for anybody else."""
        told = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        if told != f"{CLIENT_ID}:{CLIENT_SECRET}" or asked is None:
            return None
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        if challenge.rstrip("=") != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        subject, now = asked["subject"], int(time.time())
        claims = {
            **self.people[subject],
            **{"iss": self.issuer, "sub": subject, "aud": CLIENT_ID, "iat": now, "exp": now + 600},
            "nonce": asked["nonce"],
        }
        tokens = {
            "id_token": jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key),
            "access_token": secrets.token_urlsafe(32),
        }
        self.given_out += tokens.values()
        return {**tokens, "token_type": "Bearer", "expires_in": 600}


@contextmanager
def providing(people: Mapping[str, Mapping[str, Any]]) -> Iterator[IdentityProvider]:
    """Run a provider of these people on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
            match path:
                case "/.well-known/openid-configuration":
                    self._answer(provider.metadata())
                case "/keys":
                    self._answer({"keys": [provider.key.as_dict(private=False)]})
                case "/authorize":
                    self._answer(provider.ask(query))
                case "/end":
                    self.send_response(302)
                    self.send_header("Location", query["post_logout_redirect_uri"])
                    self.end_headers()
                case _:
                    self.send_error(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            tokens = provider.exchange(form, self.headers.get("Authorization", ""))
            self._answer(tokens or {"error": "invalid_grant"}, 200 if tokens else 400)

        def _answer(self, what: dict[str, Any] | str, status: int = 200) -> None:
            is_page = isinstance(what, str)
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8" if is_page else "application/json")
            self.end_headers()
            self.wfile.write((what if isinstance(what, str) else json.dumps(what)).encode())

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = IdentityProvider(f"http://127.0.0.1:{server.server_port}", people)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
