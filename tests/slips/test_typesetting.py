"""Slips and invoices on paper: all agreed data are printed, and each print is the same for ever."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dispatch.domain.title import Title
from dispatch.slips.forms import Change, DrawnSignature, InvoiceData, Section, SlipData, SlipLine
from dispatch.slips.signers import signers
from dispatch.slips.typesetting import invoice, slip
from tests.signature_samples import SIGNATURE, png
from tests.signature_samples import drawn as strokes
from tests.slip_samples import INVOICE, MODIFICATION, OPENING, OPERATOR, RED_LETTER, REFUND, URL
from tests.slips import paper

SAMPLES: list[SlipData | InvoiceData] = [OPENING, MODIFICATION, REFUND, INVOICE, RED_LETTER]
NAMES = ["opening", "modification", "refund", "invoice", "red-letter"]
FINGERPRINTS = ["983b738a55c42ff6", "d578545854eda2d0", "fa68b2f069b51dc0", "1649ff790e7606fa", "73e51ffb40941156"]
"""The beginning of the SHA-256 of each sample's PDF."""


def printed(data: SlipData | InvoiceData) -> bytes:
    return slip(data) if isinstance(data, SlipData) else invoice(data)


def words(value: Any) -> Iterator[str]:
    """Yield every word in the data."""
    if isinstance(value, str):
        yield "".join(value.split())
    elif isinstance(value, dict):
        for each in value.values():
            yield from words(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from words(each)


@pytest.mark.parametrize("data", SAMPLES, ids=NAMES)
def test_everything_in_the_data_is_printed(data: SlipData | InvoiceData) -> None:
    facts = asdict(data)
    facts.pop("record_url")  # in the code
    for code in (facts, *facts.get("signers", ())):
        code.pop("operation", None)  # the code of `title`
        code.pop("who", None)
    on_paper = paper.text(printed(data))
    assert [word for word in words(facts) if word not in on_paper] == []


@pytest.mark.parametrize("data", SAMPLES, ids=NAMES)
def test_a_usual_form_is_one_page_of_a5_in_pdf_a(data: SlipData | InvoiceData) -> None:
    pdf = printed(data)
    assert paper.sizes(pdf) == [(148, 210)]
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in pdf
    assert "第1/1页" in paper.text(pdf)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC", "Asia/Kathmandu"])
def test_a_slip_bears_the_time_of_its_own_zone_on_every_print(zone: str) -> None:
    local = OPENING.accepted_at.astimezone(ZoneInfo(zone))
    stored = replace(OPENING, accepted_at=local).as_json()
    assert f"{local:%Y-%m-%d%H:%M:%S}" in paper.text(slip(SlipData.from_json(stored)))


def test_a_slip_of_an_earlier_release_bears_chinas_time_as_on_its_first_print() -> None:
    stored = OPENING.as_json().replace("2026-11-02T11:04:05+08:00", "2026-11-02T03:04:05Z")
    assert stored != OPENING.as_json()
    assert slip(SlipData.from_json(stored)) == slip(OPENING)


def test_a_moment_between_two_seconds_is_printed_as_the_second() -> None:
    assert slip(replace(OPENING, accepted_at=OPENING.accepted_at.replace(microsecond=7))) == slip(OPENING)


def test_a_payment_is_printed_in_figures_and_in_capital_numerals() -> None:
    on_paper = paper.text(slip(OPENING))
    assert "合计Total700.00" in on_paper
    assert "人民币柒佰元整" in on_paper


def test_a_modification_shows_before_and_after_and_says_none_where_nothing_was() -> None:
    on_paper = paper.text(slip(MODIFICATION))
    assert "138****8000139****1234" in on_paper
    assert "无noneli.jiehong" in on_paper
    assert "共4项" in on_paper


def test_a_refund_slip_says_that_the_invoice_was_taken_back_and_what_offsets_it() -> None:
    on_paper = paper.text(slip(REFUND))
    assert "退费Paidback" in on_paper
    assert "00000123已回收takenback" in on_paper
    assert "红字发票Red-letterno.00000124" in on_paper
    assert "人民币负柒佰元整" in on_paper


def test_a_red_letter_invoice_is_marked_and_names_the_invoice_it_offsets() -> None:
    on_paper = paper.text(invoice(RED_LETTER))
    assert on_paper.startswith(OPERATOR + "红字发票")
    assert "原发票号码Offsetsno.00000123" in on_paper
    assert "-700.00" in on_paper
    assert "人民币负柒佰元整" in on_paper
    assert "红字" not in paper.text(invoice(INVOICE))


@pytest.mark.parametrize("data", SAMPLES, ids=NAMES)
def test_the_qr_code_leads_to_the_record(data: SlipData | InvoiceData) -> None:
    assert paper.codes(printed(data)) == [URL]


def test_the_longest_address_still_gives_a_readable_code() -> None:
    url = "https://paidan.example.cn/slips/" + "a7" * 134
    assert len(url) == 300
    assert paper.codes(slip(replace(OPENING, record_url=url))) == [url]


def test_a_form_without_an_address_has_no_code() -> None:
    pdf = slip(replace(OPENING, record_url=""))
    assert paper.codes(pdf) == []
    assert "扫码" not in paper.text(pdf)


def test_markup_characters_in_the_data_are_printed_literally() -> None:
    marks = '#eval("1+1") *a* _b_ $x^2$ ] [ } { \\ ` <c> @d ~ -- "e" // f /* g */ = h #[i]'
    on_paper = paper.text(slip(replace(OPENING, customer=marks, notes=(marks,))))
    assert on_paper.count("".join(marks.split())) == 2


def test_the_files_metadata_name_the_form_and_its_time_but_not_the_customer() -> None:
    years_ago = replace(OPENING, accepted_at=OPENING.accepted_at.replace(year=2019))
    with paper.opened(slip(years_ago)) as document:
        known = document.get_metadata_dict(skip_empty=True)
    assert known["Title"] == "业务受理单 S000000123"
    assert known["Author"] == OPERATOR
    assert known["CreationDate"] == known["ModDate"] == "D:20191102030405Z"
    assert "李" not in json.dumps(known, ensure_ascii=False)


# -- signatures --


def drawn(who: str = "holder", png: bytes = SIGNATURE) -> DrawnSignature:
    return DrawnSignature(who, png, hashlib.sha256(png).hexdigest(), OPENING.accepted_at)


@pytest.mark.parametrize(("colour", "samples"), [(6, 4), (2, 3), (0, 1), (4, 2)])
def test_a_drawn_signature_is_printed_with_time_and_hash_and_needs_no_other_page(colour: int, samples: int) -> None:
    signed = drawn(png=png(strokes(samples=samples), 240, colour))
    pdf = slip(OPENING, drawn=signed)
    assert paper.sizes(pdf) == [(148, 210)]
    assert f"电子签名Signed2026-11-0211:04:05SHA-256{signed.sha256}" in paper.text(pdf)
    assert slip(OPENING, drawn=signed) == pdf


def test_of_two_signers_one_signs_on_the_screen_and_the_other_has_a_line() -> None:
    two = replace(MODIFICATION, signers=signers("transfer", []))
    on_paper = paper.text(slip(two, drawn=drawn("new-owner")))
    assert on_paper.index("原机主签名") < on_paper.index("日期Date") < on_paper.index("电子签名")


def test_a_slip_that_nobody_signs_for_the_customer_has_the_clerks_place_alone() -> None:
    on_paper = paper.text(slip(replace(MODIFICATION, signers=())))
    assert "客户签名" not in on_paper
    assert "客户不在场" in on_paper
    assert on_paper.count("日期Date") == 1


# -- more than a page -------------------------------------------------------------------------------


def test_thirty_changes_go_over_several_pages_and_each_names_the_slip_and_repeats_the_head() -> None:
    changes = tuple(Change(Title(f"第{i}项", f"Item {i}"), "旧" * i, f"新{i}" * i) for i in range(1, 31))
    pages = paper.pages(slip(replace(MODIFICATION, changes=changes)))
    assert len(pages) > 2
    for i, page in enumerate(pages, start=1):
        assert "S000000124" in page
        assert f"第{i}/{len(pages)}页" in page
    for change in changes:
        assert sum(change.label.zh + "Item" in page and change.after in page for page in pages) == 1, "rows stay whole"
    assert all("变更前" in page for page in pages if "Item" in page)


@pytest.mark.parametrize(
    "value",
    ["很长的一段文字，要跨页。" * 300, "https://paidan.example.cn/" + "a" * 3000, "阿卜杜勒·穆罕默德" * 5, "行\n" * 90],
    ids=["chinese", "no-space", "name", "lines"],
)
def test_no_text_is_cut_or_runs_over_the_edge(value: str) -> None:
    long = (
        Section(Title("很长的标题" * 12, "A long title " * 8), (SlipLine(Title("很长的标签" * 3, "Label"), value),)),
    )
    data = replace(
        OPENING,
        customer=value[:40].replace("\n", ""),
        clerk="W" * 80,
        operator="很长的名称" * 8,
        sections=long,
        changes=(Change(Title("项", "Item"), value, ""),),
        warnings=(value[:900],),
        notes=(value[:900],),
    )
    pdf = slip(data)
    on_paper = paper.text(pdf)
    for text in (data.customer, data.clerk, data.operator, value[:900]):
        assert "".join(text.split())[:40] in on_paper
    # Running heads and feet break a long text, so its parts are counted.
    most_usual = max(set(value) - {"\n"}, key=value.count)
    assert on_paper.count(most_usual) >= 2 * value.count(most_usual)
    for left, top, right, bottom in paper.margins(pdf):
        assert left > 12
        assert right > 12
        assert top > 7
        assert bottom > 5


@pytest.mark.parametrize("count", range(10, 20))
def test_signatures_never_stand_alone_on_a_page(count: int) -> None:
    changes = tuple(Change(Title(f"第{i}项", "Item"), "甲", "乙") for i in range(count))
    last = paper.pages(slip(replace(MODIFICATION, changes=changes, warnings=())))[-1]
    assert f"共{count}项" in last
    assert "客户签名" in last


# -- the same each time -----------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_another_process_in_another_time_zone_prints_the_same_bytes(zone: str) -> None:
    program = (
        "import sys, hashlib\n"
        "from dispatch.slips.forms import SlipData, InvoiceData\n"
        "from dispatch.slips.typesetting import invoice, slip\n"
        "one, two = sys.stdin.buffer.read().decode().splitlines()\n"
        "pdfs = slip(SlipData.from_json(one)), invoice(InvoiceData.from_json(two))\n"
        "print(*(hashlib.sha256(pdf).hexdigest() for pdf in pdfs))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=f"{OPENING.as_json()}\n{RED_LETTER.as_json()}\n".encode(),
        env=os.environ | {"TZ": zone, "PYTHONHASHSEED": "7", "LC_ALL": "C"},
        capture_output=True,
        check=True,
    )
    here = [hashlib.sha256(pdf).hexdigest() for pdf in (slip(OPENING), invoice(RED_LETTER))]
    assert done.stdout.decode().split() == here


def test_a_change_of_what_was_printed_does_not_go_unnoticed() -> None:
    """A template, a font or a library has changed when this fails, and old slips would be printed differently. If that
    is intended, look at each kind of page, then enter the new values."""
    assert [hashlib.sha256(printed(data)).hexdigest()[:16] for data in SAMPLES] == FINGERPRINTS


def test_forms_typeset_by_many_threads_do_not_mix() -> None:
    many = [replace(OPENING, serial=f"S{i:09d}", customer=f"客户{i}") for i in range(12)]
    one_by_one = [slip(data) for data in many]
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(slip, many)) == one_by_one


def test_a_forked_process_refuses_to_print_instead_of_waiting_for_ever() -> None:
    program = (
        "import os, sys\n"
        "from dispatch.errors import TypesettingFailed\n"
        "from dispatch.slips.forms import SlipData\n"
        "from dispatch.slips.typesetting import slip\n"
        "data = SlipData.from_json(sys.stdin.buffer.read().decode())\n"
        "slip(data)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try:\n"
        "        slip(data)\n"
        "    except TypesettingFailed as refused:\n"
        "        os._exit(7 if 'forked' in str(refused) else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=OPENING.as_json().encode(), capture_output=True, check=True, timeout=60
    )
    assert done.stdout.decode().strip() == "7"
