"""On the counter's pages an account is found by its old name, as people type it, and the page says the new one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dispatch.storage import accounts, aliases
from dispatch.storage.database import Database
from tests.browser.conftest import Open
from tests.demonstration import Demo

ENDING = {"zh": "已改为{}。", "en": ": now {}."}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_old_name_finds_the_account_at_the_counter_and_at_the_hotline(
    demo: Demo, opened: Open, language: str
) -> None:
    old, typed = f"kd99{language}01", f" ＫＤ９９{language}０１"
    database = Database(f"sqlite:///{demo.home.folder / 'paidan.db'}")
    now = datetime.now(UTC)
    with database.write() as tx:
        account = next(row for row in accounts.latest(tx, 200) if row.state == "in-service")
        aliases.add(tx, account.id, old, now)
    database.dispose()
    ending = ENDING[language].format(account.number)

    clerk = opened(language=language)
    clerk.sign_in(*demo.users["clerk"]).close()
    page = clerk.open("/counter")
    page.locator("[data-find] [data-wanted]").fill(typed)
    page.locator("[data-find] [data-wanted]").press("Enter")
    item = page.locator(f'[data-choose="{account.number}"]')
    item.wait_for()
    assert item.locator(".warning").inner_text().endswith(ending)
    clerk.check(page)

    agent = opened(language=language)
    agent.sign_in(*demo.users["agent-10086"]).close()
    page = agent.open("/counter")
    if not page.locator("#fault-account").is_visible():
        page.locator("[data-shows=fault]").click()
    page.locator("#fault-account").fill(typed)
    page.locator("#fault-account").blur()
    warned = page.locator("[data-line-warnings] .warning").first
    warned.wait_for()
    assert warned.inner_text().endswith(ending)
    agent.check(page)
