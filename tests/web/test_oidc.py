"""Signing in by the operator's identity provider: it tells the person's identity, and no other source is believed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc.jwk import ECKey
from pydantic import SecretStr
from sqlalchemy import update
from starlette.testclient import TestClient

from dispatch.access import users
from dispatch.domain.roles import Role
from dispatch.errors import BadSettings
from dispatch.settings import Settings, load_settings
from dispatch.storage.tables import access as w
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


# -- a person is known by issuer and subject -----------------------------------------------------------


def enter(web: Web, there: SimulatedProvider, name: str, **says: Any) -> tuple[TestClient, Any]:
    there.says = says
    client = web.client()
    return client, come_back(client, there.agree(begin(client), name))


def signed_in_as(client: TestClient) -> str:
    return str(client.get(f"{API}/session").json()["user"])


def acts(web: Web, path: str) -> list[str]:
    answer = web.program("root", *(() if acts_root(web) else (Role.ADMINISTRATOR,))).get(f"{API}{path}")
    return [each["act"] for each in answer.json()["items"]]


def acts_root(web: Web) -> bool:
    with web.database.read() as tx:
        return any(each.name == "root" for each in users.everybody(tx))


def test_the_first_sign_in_binds_the_user_to_the_person(web: Web, there: SimulatedProvider) -> None:
    enter(web, there, "li", sub="a1")
    with web.database.read() as tx:
        assert users.get(tx, "li").bound_at == web.now
    assert "bind identity" in acts(web, "/audit")
    enter(web, there, "li", sub="a1")
    assert acts(web, "/audit").count("bind identity") == 1


def test_another_person_who_is_given_the_name_later_does_not_get_in(web: Web, there: SimulatedProvider) -> None:
    enter(web, there, "li", sub="a1")
    client, refused = enter(web, there, "li", sub="b2")
    assert (refused.status_code, refused.json()["code"]) == (401, "identity-taken")
    assert client.get(f"{API}/session").status_code == 401
    assert acts(web, "/audit/access")[0] == "identity-taken"
    shown = client.get("/sign-in/oidc/back", headers={"Accept": "text/html"})
    assert shown.status_code == 401


def test_a_person_whose_name_changes_at_the_provider_stays_the_same_user(web: Web, there: SimulatedProvider) -> None:
    user(web.database, "li.wei", Role.SUPERVISOR)
    enter(web, there, "li", sub="a1")
    client, _ = enter(web, there, "li.wei", sub="a1")
    assert signed_in_as(client) == "li", "neither nobody nor the user whose name it now is"


def test_the_same_subject_of_another_issuer_is_another_person(web: Web, there: SimulatedProvider) -> None:
    enter(web, there, "li", sub="a1")
    with web.database.write() as tx:
        tx.execute(update(w.user).where(w.user.c.name == "li").values(oidc_issuer="https://former.example"))
    _, refused = enter(web, there, "li", sub="a1")
    assert refused.json()["code"] == "identity-taken"


@pytest.mark.parametrize("says", [{"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 256}])
def test_a_token_without_a_proper_subject_signs_nobody_in(
    web: Web, there: SimulatedProvider, says: dict[str, Any]
) -> None:
    _, refused = enter(web, there, "li", **says)
    assert (refused.status_code, refused.json()["code"]) == (401, "sign-in-refused")
    assert acts(web, "/audit/access") == ["sign-in-refused"]


def test_an_administrator_unbinds_a_user_and_the_next_person_of_the_name_is_bound(
    web: Web, there: SimulatedProvider
) -> None:
    former, _ = enter(web, there, "li", sub="a1")
    root = web.browser("root", Role.ADMINISTRATOR)
    assert root.get(f"{API}/users/li").json()["bound_at"]
    assert root.delete(f"{API}/users/li/identity").json()["bound_at"] is None
    assert former.get(f"{API}/session").status_code == 401, "the former person is put out"
    client, _ = enter(web, there, "li", sub="b2")
    assert signed_in_as(client) == "li"
    _, refused = enter(web, there, "li", sub="a1")
    assert refused.json()["code"] == "identity-taken"


def test_two_windows_of_one_person_bind_their_user_once(web: Web, there: SimulatedProvider) -> None:
    brought = []
    for _ in range(4):
        client = web.client()
        brought.append((client, there.agree(begin(client), "li")))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda each: come_back(*each), brought))
    assert [answer.status_code for answer in answers] == [303] * 4
    assert acts(web, "/audit").count("bind identity") == 1


def test_a_person_whom_another_sign_in_binds_at_the_same_moment_is_refused_and_told_why(
    web: Web, there: SimulatedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    user(web.database, "li.wei", Role.SUPERVISOR)
    enter(web, there, "li", sub="a1")
    with monkeypatch.context() as before_the_other_committed:
        before_the_other_committed.setattr("dispatch.storage.users.find_bound", lambda *_: None)
        client, refused = enter(web, there, "li.wei", sub="a1")
    assert (refused.status_code, refused.json()["code"]) == (401, "identity-taken")
    assert client.get(f"{API}/session").status_code == 401
    assert acts(web, "/audit/access")[0] == "identity-taken"
    with web.database.read() as tx:
        assert users.get(tx, "li.wei").bound_at is None
    assert signed_in_as(enter(web, there, "li.wei", sub="a1")[0]) == "li"


def test_identifying_oneself_anew_allows_a_token_and_coming_in_by_a_standing_session_there_does_not(
    web: Web, there: SimulatedProvider
) -> None:
    web.now = datetime.now(UTC)
    for again, status in ((False, 403), (True, 201)):
        client = web.client()
        way = client.get(f"/sign-in/oidc?again={str(again).lower()}", follow_redirects=False).headers["location"]
        came = come_back(client, there.agree(way, "li"))
        assert came.headers["location"] == ("/account" if again else "/")
        csrf = client.get(f"{API}/session").json()["csrf"]
        made = client.post(f"{API}/tokens", json={"title": "laptop"}, headers={"X-CSRF-Token": csrf})
        assert made.status_code == status


def test_coming_by_the_provider_is_logged_and_ends_the_session_that_the_browser_had(
    web: Web, there: SimulatedProvider
) -> None:
    client, _ = enter(web, there, "li")
    copied = web.client()
    copied.cookies.update(client.cookies)
    come_back(client, there.agree(begin(client), "li"))
    assert (copied.get(f"{API}/session").status_code, client.get(f"{API}/session").status_code) == (401, 200)
    assert acts(web, "/audit/access") == ["sign-in", "sign-out", "sign-in"]
