"""Uploaded photos and scans: of known kinds, of limited size, hidden from everybody they don't concern."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from dispatch.domain.roles import Grant, Role
from dispatch.settings import Settings
from dispatch.storage import uploads
from dispatch.storage.tables import access as w
from dispatch.tickets.photos import MOST_PHOTOS
from dispatch.web.api.uploads import SCANS_KEPT
from tests.web.conftest import API, Web

JPEG = b"\xff\xd8\xff\xe1" + b"GPS 23.13 N 113.32 E" + bytes(range(256))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(24)
PDF = b"%PDF-1.7\n" + bytes(24)


def in_hand(web: Web, who: TestClient) -> str:
    """Return a NOC hop claimed by this person."""
    hop = f"{web.on_board()}-1"
    assert who.post(f"{API}/hops/{hop}/claim", json={}).status_code == 200
    return hop


def send(client: TestClient, hop: str, content: Any = JPEG, **headers: str) -> Any:
    return client.post(f"{API}/hops/{hop}/photos", content=content, headers=headers)


@pytest.fixture
def noc(web: Web) -> TestClient:
    return web.program("li", Grant(Role.NOC, frozenset({"tianhe"})))


@pytest.mark.parametrize(
    ("content", "kind"),
    [(JPEG, "image/jpeg"), (PNG, "image/png"), (WEBP, "image/webp"), (PDF, "application/pdf")],
)
def test_a_photo_comes_back_unchanged_with_its_true_type_whatever_was_declared(
    web: Web, noc: TestClient, content: bytes, kind: str
) -> None:
    hop = in_hand(web, noc)
    made = send(noc, hop, content, **{"Content-Type": "text/html"})
    assert (made.status_code, made.json()["media_type"], made.json()["hop"]) == (201, kind, hop)
    assert made.headers["location"] == made.json()["url"]
    seen = noc.get(made.json()["url"])
    assert (seen.content, seen.headers["content-type"]) == (content, kind)
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in seen.headers["content-security-policy"]
    listed = noc.get(f"{API}/tickets/{hop[:-2]}/photos").json()["items"]
    assert listed == [made.json()]


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"<html><script>", b"GIF89a" + bytes(20), b"MZ" + bytes(99)])
def test_a_file_that_is_not_a_photo_is_refused_whatever_its_name(small_web: Web, content: bytes) -> None:
    noc = small_web.program("li", Role.NOC)
    answer = send(noc, in_hand(small_web, noc), content, **{"Content-Type": "image/jpeg"})
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong-file-type")
    with small_web.database.read() as tx:
        assert not tx.execute(select(w.upload)).all()


def test_the_database_holds_no_photo_in_clear(small_web: Web) -> None:
    noc = small_web.program("li", Role.NOC)
    send(noc, in_hand(small_web, noc))
    with small_web.database.read() as tx:
        row = tx.execute(select(w.upload)).one()
    assert b"GPS" not in row.content
    assert uploads.content(small_web.installation.cipher(), row) == JPEG


def test_an_upload_of_a_hundred_megabytes_is_refused_unread(small_web: Web) -> None:
    noc = small_web.program("li", Role.NOC)
    hop = in_hand(small_web, noc)

    def endless() -> Iterator[bytes]:
        yield JPEG
        for _ in range(100):
            yield bytes(1_000_000)

    began = time.perf_counter()
    said = send(noc, hop, endless(), **{"Content-Length": "100000000"})
    assert (said.status_code, said.json()["code"]) == (413, "too-large")
    assert time.perf_counter() - began < 2
    silent = send(noc, hop, endless())  # in chunks, without a length
    assert (silent.status_code, silent.json()["code"]) == (413, "too-large")
    with small_web.database.read() as tx:
        assert not tx.execute(select(w.upload)).all()
    assert noc.get(f"{API}/session").status_code == 200


def test_an_upload_of_the_largest_size_is_accepted_and_one_byte_more_is_not(small_web: Web) -> None:
    noc, most = small_web.program("li", Role.NOC), Settings().largest_upload
    hop = in_hand(small_web, noc)
    assert send(noc, hop, JPEG + bytes(most - len(JPEG))).json()["size"] == most
    assert send(noc, hop, JPEG + bytes(most - len(JPEG) + 1)).status_code == 413
    fault = {"account": "GZ1", "symptom": "slow", "description": "x" * 1_000_001}
    assert small_web.program("chen", Role.CLERK).post(f"{API}/faults", json=fault).status_code == 413


def test_strangers_cannot_upload(small_web: Web) -> None:
    noc = small_web.program("li", Role.NOC)
    hop = in_hand(small_web, noc)
    assert send(small_web.client(), hop).status_code == 401
    browser = small_web.browser("li")
    del browser.headers["x-csrf-token"]
    assert send(browser, hop).json()["code"] == "request-forged"
    assert small_web.client().post(f"{API}/scans", content=JPEG).status_code == 401


def test_only_the_holder_and_those_filing_for_them_add_photos_and_only_while_the_hop_is_claimed(small_web: Web) -> None:
    noc, colleague = small_web.program("li", Role.NOC), small_web.program("wang", Role.NOC)
    waiting = f"{small_web.on_board()}-1"
    refused = send(noc, waiting)
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal-move")
    noc.post(f"{API}/hops/{waiting}/claim", json={})
    assert send(colleague, waiting).status_code == 403
    assert send(small_web.program("ops", Role.OPS), waiting).status_code == 403
    assert send(noc, waiting).status_code == 201
    assert send(noc, "F00000099-1").status_code == 404


def test_people_of_another_area_and_paths_of_another_ticket_see_no_photo(small_web: Web) -> None:
    noc = small_web.program("li", Role.NOC)
    url = send(noc, in_hand(small_web, noc)).json()["url"]
    elsewhere = small_web.program("he", Grant(Role.NOC, frozenset({"yuexiu"})))
    for path in (url, url.rpartition("/")[0]):
        assert elsewhere.get(path).status_code == 404
    other = small_web.on_board("GZ2")
    wrong = noc.get(f"{API}/tickets/{other}/photos/{url.rpartition('/')[2]}")
    assert (wrong.status_code, wrong.json()["code"]) == (404, "not-found")
    assert noc.get(f"{API}/tickets/{other}/photos").json() == {"items": []}


def test_operations_see_tickets_but_no_photo(small_web: Web) -> None:
    noc = small_web.program("li", Role.NOC)
    url = send(noc, in_hand(small_web, noc)).json()["url"]
    ops = small_web.program("ops", Role.OPS)
    assert ops.get(url).status_code == 403
    assert small_web.program("sun", Role.SUPERVISOR).get(url).content == JPEG


def test_a_photo_repeated_under_its_key_is_kept_once_and_another_under_that_key_is_refused(small_web: Web) -> None:
    noc = small_web.program("li", Role.NOC)
    hop, key = in_hand(small_web, noc), {"Idempotency-Key": "photo-1"}
    first, again, other = (send(noc, hop, content, **key) for content in (JPEG, JPEG, PNG))
    assert again.json() == first.json()
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    assert len(noc.get(f"{API}/tickets/{hop[:-2]}/photos").json()["items"]) == 1


def test_a_hop_has_a_largest_number_of_photos(small_web: Web) -> None:
    noc = small_web.program("li", Role.NOC)
    hop = in_hand(small_web, noc)
    assert {send(noc, hop).status_code for _ in range(MOST_PHOTOS)} == {201}
    assert (send(noc, hop).status_code, send(noc, hop).json()["code"]) == (409, "photos-enough")


def test_an_unused_scan_is_deleted_after_a_day_and_photos_stay(small_web: Web) -> None:
    noc, clerk = small_web.program("li", Role.NOC), small_web.program("chen", Role.CLERK)
    send(noc, in_hand(small_web, noc))
    scan = clerk.post(f"{API}/scans", content=PDF)
    assert (scan.status_code, scan.json()["media_type"]) == (201, "application/pdf")
    assert noc.post(f"{API}/scans", content=PDF).status_code == 403
    for passed, left in ((SCANS_KEPT - timedelta(seconds=1), 2), (SCANS_KEPT, 1)):
        with small_web.database.write() as tx:
            uploads.sweep(tx, small_web.now + passed - SCANS_KEPT)
            assert len(tx.execute(select(w.upload)).all()) == left
