"""Signing in by the operator's identity provider: it tells the person's identity, and no other source is believed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey
from pydantic import SecretStr
from starlette.testclient import TestClient

from dispatch.access import users
from dispatch.domain.roles import Role
from dispatch.errors import BadSettings
from dispatch.settings import Settings, load_settings
from tests.identity_provider import CLIENT, SECRET, SimulatedProvider, provider
from tests.users import CONSOLE, user
from tests.web.conftest import API, Web


@pytest.fixture
def there() -> Iterator[SimulatedProvider]:
    with provider() as simulated:
        yield simulated


@pytest.fixture
def web(small_web: Web, there: SimulatedProvider) -> Web:
    small_web.installation.settings = Settings(
        oidc_issuer=there.issuer, oidc_client_id=CLIENT, oidc_client_secret=SecretStr(SECRET)
    )
    user(small_web.database, "li", Role.NOC)
    return small_web


def begin(client: TestClient) -> str:
    answer = client.get("/sign-in/oidc", follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def come_back(client: TestClient, brought: dict[str, str]) -> Any:
    return client.get("/sign-in/oidc/back", params=brought, follow_redirects=False)


def test_a_person_known_to_the_provider_is_signed_in_as_their_user(web: Web, there: SimulatedProvider) -> None:
    client = web.client()
    assert "统一认证登录" in client.get("/sign-in", headers={"Accept": "text/html"}).text
    answer = come_back(client, there.agree(begin(client), "Li"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    told = client.get(f"{API}/session").json()
    assert (told["user"], [each["role"] for each in told["roles"]]) == ("li", ["noc"])


def test_a_person_without_an_enabled_user_is_refused(web: Web, there: SimulatedProvider) -> None:
    with web.database.write() as tx:
        users.disable(tx, "li", CONSOLE, web.now)
    for name in ("stranger", "li"):
        client = web.client()
        answer = come_back(client, there.agree(begin(client), name))
        assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-refused")
        assert client.get(f"{API}/session").status_code == 401


def test_a_sign_in_begun_in_one_browser_cannot_end_in_another(web: Web, there: SimulatedProvider) -> None:
    """Otherwise a person could be signed in as another without noticing."""
    brought = there.agree(begin(web.client()), "li")
    other = web.client()
    assert come_back(other, brought).status_code == 401
    begin(other)
    assert come_back(other, brought).status_code == 401


def test_a_code_works_once(web: Web, there: SimulatedProvider) -> None:
    client = web.client()
    brought = there.agree(begin(client), "li")
    kept = client.cookies["paidan_oidc"]
    assert come_back(client, brought).status_code == 303
    again = web.client()
    again.cookies.set("paidan_oidc", kept)
    assert come_back(again, brought).status_code == 401


@pytest.mark.parametrize(
    "says",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another"},
        {"nonce": "an older one"},
        {"exp": 1_700_000_000},
        {"preferred_username": ""},
        {"preferred_username": None},
    ],
)
def test_a_token_for_another_audience_or_time_signs_nobody_in(
    web: Web, there: SimulatedProvider, says: dict[str, Any]
) -> None:
    there.says = says
    client = web.client()
    assert come_back(client, there.agree(begin(client), "li")).status_code == 401


def test_a_token_of_another_key_signs_nobody_in(web: Web, there: SimulatedProvider) -> None:
    there.key = ECKey.generate_key("P-256", {"kid": "one"})
    client = web.client()
    assert come_back(client, there.agree(begin(client), "li")).status_code == 401


def test_an_unreachable_provider_is_reported_and_the_password_still_works(web: Web) -> None:
    web.installation.settings = web.installation.settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    answer = web.client().get("/sign-in/oidc", follow_redirects=False)
    assert (answer.status_code, answer.json()["code"]) == (502, "provider-away")


def test_a_provider_must_be_reached_by_https(web: Web) -> None:
    web.installation.settings = web.installation.settings.model_copy(update={"oidc_issuer": "http://idp.example"})
    answer = web.client().get("/sign-in/oidc", follow_redirects=False)
    assert "not https" in answer.json()["detail"]


def test_single_sign_on_does_not_exist_without_a_provider(small_web: Web) -> None:
    assert small_web.client().get("/sign-in/oidc").status_code == 404
    assert "统一认证" not in small_web.client().get("/sign-in", headers={"Accept": "text/html"}).text


def test_a_provider_without_client_credentials_is_a_fault_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_OIDC_ISSUER", "https://idp.example")
    with pytest.raises(BadSettings, match="DISPATCH_OIDC_CLIENT_ID"):
        load_settings()
