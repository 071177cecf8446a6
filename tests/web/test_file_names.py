"""The names under which a browser saves papers and photos."""

from __future__ import annotations

from email.message import Message
from typing import Literal

import pytest

from dispatch.domain.roles import Role
from dispatch.web.content_disposition import content_disposition
from tests.accounts import factories as books
from tests.web.conftest import API, Web

JPEG = b"\xff\xd8\xff\xe0" + bytes(20)


def saved_as(header: str) -> str | None:
    """The file's name as a program reads it that knows RFC 6266: `filename*` before `filename`."""
    read = Message()
    read["Content-Disposition"] = header.replace("filename=", "plain=") if "filename*=" in header else header
    return read.get_filename()


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("S000000042.pdf", "S000000042.pdf"),
        ("受理单-S000000042.pdf", "S000000042.pdf"),
        ("照片.jpg", "file.jpg"),
        ('a"b\\c\r\nX: y.png', "a_b_c_X_y.png"),
        ("../../etc/passwd.pdf", "etc_passwd.pdf"),
    ],
)
@pytest.mark.parametrize("shown", ["inline", "attachment"])
def test_a_files_name_is_told_plainly_and_in_full(
    shown: Literal["inline", "attachment"], name: str, plain: str
) -> None:
    header = content_disposition(shown, name)
    assert header.startswith(f'{shown}; filename="{plain}"')
    assert header.isascii()
    assert "\r" not in header
    assert saved_as(header) == name


@pytest.mark.parametrize(("language", "slip", "invoice"), [("zh", "受理单", "发票"), ("en", "slip", "invoice")])
def test_papers_are_saved_under_their_kind_and_number(small_web: Web, language: str, slip: str, invoice: str) -> None:
    books.opened(small_web.database, books.counter(small_web.rulebook))
    clerk = small_web.browser("chen", Role.CLERK)
    for path, name in (
        ("slips/s000000001", f"{slip}-S000000001.pdf"),
        ("invoices/00000001", f"{invoice}-00000001.pdf"),
    ):
        paper = clerk.get(f"{API}/{path}", headers={"Accept-Language": language})
        assert paper.status_code == 200, paper.text
        assert saved_as(paper.headers["content-disposition"]) == name
        assert "Accept-Language" in paper.headers["vary"]


def test_photos_are_saved_under_their_ticket_and_number(small_web: Web) -> None:
    small_web.on_board()
    noc = small_web.program("zhao", Role.NOC)
    assert noc.post(f"{API}/hops/F00000001-1/claim", json={}).status_code == 200
    made = noc.post(f"{API}/hops/F00000001-1/photos", content=JPEG)
    assert made.status_code == 201, made.text
    shown = noc.get(made.json()["url"], headers={"Accept-Language": "zh"}).headers["content-disposition"]
    assert (saved_as(shown), shown.startswith("inline")) == ("照片-F00000001-1.jpg", True)
