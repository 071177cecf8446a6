"""An identity provider on loopback: it publishes its description, exchanges codes for tokens, and signs them."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

CLIENT, SECRET = "paidan", "its-secret"


class SimulatedProvider:
    """`says` changes the claims of tokens; `key` signs them. Everybody has a subject of their own."""

    def __init__(self) -> None:
        self.key = self.shown_key = ECKey.generate_key("P-256", {"kid": "one"})
        self.says: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.issuer = ""

    def agree(self, asked_at: str, name: str) -> dict[str, str]:
        """Return the `state` and `code` that the browser brings back after its user has signed in."""
        asked = {key: values[0] for key, values in parse_qs(urlsplit(asked_at).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**asked, "name": name}
        return {"state": asked["state"], "code": code}

    def token(self, form: dict[str, str]) -> dict[str, str] | None:
        begun = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if begun is None or form["client_secret"] != SECRET or form["redirect_uri"] != begun["redirect_uri"]:
            return None
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != begun["code_challenge"]:
            return None
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": f"of {begun['name'].lower()}", "iat": now, "exp": now + 300}
        if begun.get("max_age") == "0" and begun.get("prompt") == "login":
            claims["auth_time"] = now
        claims |= {"nonce": begun["nonce"], "preferred_username": begun["name"], **self.says}
        return {"id_token": jwt.encode({"alg": "ES256", "kid": "one"}, claims, self.key), "token_type": "Bearer"}


@contextmanager
def provider() -> Iterator[SimulatedProvider]:
    simulated = SimulatedProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                at = simulated.issuer
                self._say(
                    {
                        "issuer": at,
                        "authorization_endpoint": f"{at}/authorize",
                        "token_endpoint": f"{at}/token",
                        "jwks_uri": f"{at}/keys",
                    }
                )
            else:
                self._say({"keys": [simulated.shown_key.as_dict(private=False)]})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = simulated.token({key: values[0] for key, values in parse_qs(body).items()})
            self._say(answer or {"error": "invalid_grant"}, 200 if answer else 400)

        def _say(self, told: dict[str, Any], status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    simulated.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield simulated
    server.shutdown()
    server.server_close()
    thread.join()
