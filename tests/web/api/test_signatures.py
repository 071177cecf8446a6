"""A slip is signed through the API: drawn or on paper, once, and printed with its signature."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from dispatch.domain.roles import Grant, Role
from tests.accounts import factories as a
from tests.signature_samples import EMPTY, SIGNATURE
from tests.slips import paper
from tests.web.conftest import API, Web
from tests.web.prepared_changes import give_counter

SERIAL = "S000000001"
URL = f"{API}/slips/{SERIAL}/signature"
HTML = {"Accept": "text/html"}


def coded(png: bytes) -> str:
    return base64.b64encode(png).decode()


@pytest.fixture
def clerk(small_web: Web) -> TestClient:
    """A clerk at whose counter an account was opened."""
    a.opened(small_web.database, give_counter(small_web))
    return small_web.browser("chen", Role.CLERK)


def sign(client: TestClient, **changes: Any) -> Any:
    asked = {"who": "holder", "slip_sha256": client.get(URL).json()["slip_sha256"], "png": coded(SIGNATURE)}
    return client.post(URL, json={name: each for name, each in {**asked, **changes}.items() if each is not None})


def test_the_slip_says_who_may_sign_it_until_when_and_what_they_sign(small_web: Web, clerk: TestClient) -> None:
    told = clerk.get(URL).json()
    assert told["signers"] == [{"who": "holder", "title": {"zh": "客户签名", "en": "Customer's signature"}}]
    assert told["drawn_until"] == (small_web.now + timedelta(minutes=30)).isoformat().replace("+00:00", "Z")
    assert len(told["slip_sha256"]) == 64
    assert (told["signed_by"], told["paper"], told["sha256"], told["signed_at"], told["taken_by"]) == (None,) * 5


def test_a_drawn_signature_is_on_the_record_and_on_every_print(web: Web) -> None:
    a.opened(web.database, give_counter(web))
    clerk = web.browser("chen", Role.CLERK)
    unsigned = clerk.get(f"{API}/slips/{SERIAL}").content

    made = sign(clerk)

    assert made.status_code == 201, made.text
    told = made.json()
    digest = hashlib.sha256(SIGNATURE).hexdigest()
    assert (told["signed_by"]["who"], told["paper"], told["sha256"], told["taken_by"]) == (
        "holder", False, digest, "chen",
    )  # fmt: skip
    assert clerk.get(URL).json() == told
    signed = clerk.get(f"{API}/slips/{SERIAL}").content
    assert signed == clerk.get(f"{API}/slips/{SERIAL}").content
    assert signed != unsigned
    text = paper.text(signed)
    assert digest in text
    assert "电子签名Signed2026-03-0216:00:00" in text
    page = clerk.get(f"/slips/{SERIAL}", headers=HTML).text
    assert digest in page
    assert "data-signed" in page
    assert "<canvas" not in page
    again = sign(clerk)
    assert (again.status_code, again.json()["code"]) == (409, "already-signed")


def test_a_signature_on_paper_is_noted_and_the_print_keeps_its_place_for_it(clerk: TestClient) -> None:
    unsigned = clerk.get(f"{API}/slips/{SERIAL}").content
    told = sign(clerk, png=None, paper=True).json()
    assert (told["paper"], told["sha256"]) == (True, None)
    assert clerk.get(f"{API}/slips/{SERIAL}").content == unsigned
    assert "已在纸质受理单上签名" in clerk.get(f"/slips/{SERIAL}", headers=HTML).text


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"png": coded(EMPTY)}, 422, "bad-signature"),
        ({"png": coded(SIGNATURE + bytes(200_000))}, 422, "bad-signature"),
        ({"png": coded(b"\xff\xd8\xff" + bytes(99))}, 422, "bad-signature"),
        ({"png": "#"}, 422, "invalid-request"),
        ({"png": None}, 422, "bad-input"),
        ({"paper": True}, 422, "bad-input"),
        ({"who": "agent"}, 422, "bad-input"),
        ({"who": "somebody"}, 422, "invalid-request"),
        ({"slip_sha256": "0" * 64}, 409, "slip-differs"),
    ],
)
def test_what_is_no_signature_of_this_slip_is_refused(
    clerk: TestClient, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = sign(clerk, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert clerk.get(URL).json()["signed_at"] is None


def test_half_an_hour_later_the_page_offers_the_paper_alone(small_web: Web, clerk: TestClient) -> None:
    page = clerk.get(f"/slips/{SERIAL}", headers=HTML).text
    assert "<canvas" in page
    small_web.now += timedelta(minutes=30, seconds=1)
    late = sign(clerk)
    assert (late.status_code, late.json()["code"]) == (409, "signing-over")
    page = clerk.get(f"/slips/{SERIAL}", headers=HTML).text
    assert "<canvas" not in page
    assert "data-paper" in page
    assert sign(clerk, png=None, paper=True).status_code == 201


def test_the_same_request_sent_twice_signs_once(clerk: TestClient) -> None:
    asked = {"who": "holder", "slip_sha256": clerk.get(URL).json()["slip_sha256"], "png": coded(SIGNATURE)}
    first, second = (clerk.post(URL, json=asked, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"


def test_a_slip_of_another_area_is_hidden_and_a_hotline_signs_none(small_web: Web, clerk: TestClient) -> None:
    hashed = clerk.get(URL).json()["slip_sha256"]
    asked = {"who": "holder", "slip_sha256": hashed, "paper": True}
    elsewhere = small_web.browser("elsewhere", Grant(Role.CLERK, frozenset({"nowhere"})))
    assert elsewhere.post(URL, json=asked).status_code == 404
    assert elsewhere.get(URL).status_code == 404
    assert small_web.browser("wang", Role.AGENT_10086).post(URL, json=asked).status_code == 403
