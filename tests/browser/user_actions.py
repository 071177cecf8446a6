"""The acts of people on the pages: fill in, tap, read. Nothing here calls the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from playwright.sync_api import Locator, Page

from dispatch.demo.households import PASSWORD, Household

COME_MS = 60_000
"""Milliseconds that a person waits for the workers' part: far longer than it takes."""

BACK_WITHOUT = """card => document.querySelector("#board") && !document.querySelector("dialog[open]")
    && !document.querySelector(card)"""
"""Wait until the board is shown without the card."""


def open_account(page: Page, customer: Household, plan: str, to_pay: str, day: date) -> tuple[str, str]:
    """Open an account at the clerk's counter, for an address with a port; the builders come in the afternoon of `day`.
    Return (account, address of the slip)."""
    page.locator("[data-shows=open]").click()
    section = page.locator("[data-operation=open]")
    for name, value in (
        ("address", customer.address),
        ("holder.name", customer.name),
        ("holder.document_number", customer.document_number),
        ("holder.mobile", customer.mobile),
        ("password", PASSWORD),
        ("payment.amount", to_pay),
        ("day", day.isoformat()),
    ):
        section.locator(f'[name="{name}"]').fill(value)
    for name, value in (
        ("holder.document_kind", "resident-id"),
        ("plan", plan),
        ("part", "afternoon"),
        ("payment.method", "cash"),
    ):
        section.locator(f'[name="{name}"]').select_option(value)
    section.locator("form button.btn-primary").click()
    done = section.locator("[data-done]")
    done.wait_for(timeout=COME_MS)
    [account] = re.findall(r"\bkd\d{10}\b", done.locator("[data-result]").inner_text())
    slip = done.locator("[data-papers] a").first.get_attribute("href")
    assert slip
    return account, slip


def report_fault(page: Page, account: str, symptom: str, answers: Mapping[str, int], said: str) -> str:
    """Report a fault through the script, choosing for each question, in this order, the answer in this place; return
    the ticket's number."""
    section = page.locator("[data-operation=fault]")
    if not section.is_visible():
        page.locator("[data-shows=fault]").click()
    section.locator("#fault-account").fill(account)
    section.locator("#fault-symptom").select_option(symptom)
    for step, place in enumerate(answers.values()):
        page.wait_for_function("n => document.querySelectorAll('[data-script] .step').length === n", arg=step)
        section.locator(".answers button").nth(place).click()
    section.locator("[data-script] .alert").wait_for()
    section.locator("#fault-description").fill(said)
    section.locator("form button.btn-primary").last.click()
    link = section.locator("[data-ticket-link]")
    link.wait_for(timeout=COME_MS)
    return str(link.get_attribute("href")).rpartition("/")[2]


def card(page: Page, ticket: str, column: str) -> Locator:
    """Return the ticket's card in a column of the open board, once it is there; on a phone the column is tapped
    first."""
    switch = page.locator(f"label[for=show-{column}]")
    found = page.locator(f'#column-{column} [id^="job-{ticket}-"]')
    found.wait_for(state="attached", timeout=COME_MS)
    if switch.is_visible():
        switch.click()
    found.wait_for(timeout=COME_MS)
    return found


def claim(page: Page, ticket: str) -> None:
    card(page, ticket, "waiting").locator("form button").click()
    card(page, ticket, "claimed")


def hand_out(page: Page, serial: str, person: str) -> None:
    """Hand a device of the store out to somebody, on the page of the devices."""
    form = page.locator('form[data-api$="/hand-out"]')
    form.locator('[name="serials"]').fill(serial)
    form.locator('[name="person"]').fill(person)
    with page.expect_navigation():  # it is loaded again
        form.locator("button").click()
    page.goto(re.sub("/devices.*", f"/devices?serial={serial}", page.url))
    page.locator(f'[data-device="{serial}"]', has_text=person).wait_for(timeout=COME_MS)


def visit(page: Page, ticket: str, phone: str) -> None:
    """Agree with the customer on a visit this afternoon, set out, and go back to the board."""
    board = page.url
    card(page, ticket, "claimed").locator(".job-name a").click()
    for act, told, control in (
        ("visit", "agree on visit", "label[for=part-afternoon]"),
        ("set-out", "set out", "[name=phone]"),
    ):
        form = page.locator(f'form[data-api$="/{act}"]')
        page.locator(f"details:has(form[data-api$='/{act}']) > summary").click()
        form.locator(control).click()
        page.keyboard.type(phone if act == "set-out" else "")
        form.locator("button.btn").last.click()
        page.locator(f"[data-told='{told}']").wait_for(timeout=COME_MS)
    page.goto(board)


def report(page: Page, ticket: str, finding: str, evidence: Mapping[str, str], photo: Path | None = None) -> None:
    """Fill in the report's form, with a photo if one is given, and send it. A choice is written `=name`, anything else
    as it is typed."""
    card(page, ticket, "claimed").locator(".job-foot a.btn").click()
    if photo is not None:
        page.locator("input[data-photos]").first.set_input_files(photo)
        page.locator(".photos a.photo").first.wait_for(timeout=COME_MS)
    send_report(page, finding, evidence)
    page.wait_for_function(BACK_WITHOUT, arg=f'[id^="job-{ticket}-"]', timeout=COME_MS)


def send_report(page: Page, finding: str, evidence: Mapping[str, str]) -> None:
    """Fill in and send the report's form of an open hop."""
    form = page.locator('form[data-api$="/report"]')
    _fill_in(form, "", finding, evidence)
    form.locator("button.btn-primary").click()


def override(page: Page, finding: str, evidence: Mapping[str, str], reason: str) -> None:
    """Fill in and send the override's form of an open hop."""
    form = page.locator('form[data-api$="/override"]')
    page.locator("details:has(form[data-api$='/override']) > summary").click()
    _fill_in(form, "override-", finding, evidence)
    form.locator("[name=override]").fill(reason)
    form.locator("button.btn").last.click()


def _fill_in(form: Locator, prefix: str, finding: str, evidence: Mapping[str, str]) -> None:
    form.locator(f'label[for="{prefix}finding-{finding}"]').click()
    for name, value in evidence.items():
        if value.startswith("="):
            form.locator(f'label[for="{prefix}{finding}-{name}-{value[1:]}"]').click()
        else:
            form.locator(f'fieldset[data-finding="{finding}"] [name="evidence.{name}"]').fill(value)
