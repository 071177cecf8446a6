"""Every form says how it is sent, so that without the script nothing secret comes into an address."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dispatch.web.pages.rendering import HERE
from tests.web.conftest import Web

TEMPLATES = sorted((HERE / "templates").rglob("*.html"))
FORM = re.compile(r"<form\b(.*?)</form>", re.DOTALL)
METHOD = re.compile(r'\smethod="(get|post)"')


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_form_has_a_method_and_only_a_search_is_sent_by_get(template: Path) -> None:
    for form in FORM.findall(template.read_text(encoding="utf-8")):
        method = METHOD.search(form)
        assert method, form[:120]
        if method[1] == "get":
            assert "data-api" not in form, form[:120]
            assert "password" not in form, form[:120]


def test_forms_are_found_where_there_are_some() -> None:
    assert sum(len(FORM.findall(each.read_text(encoding="utf-8"))) for each in TEMPLATES) > 35


@pytest.mark.parametrize(
    ("language", "told", "untold"),
    [("zh", "本页需要 JavaScript", "needs JavaScript"), ("en", "needs JavaScript", "本页")],
)
@pytest.mark.parametrize("path", ["/sign-in", "/s/nobody-knows-this-token", "/nowhere"])
def test_a_page_says_in_its_language_that_it_needs_script(
    small_web: Web, path: str, language: str, told: str, untold: str
) -> None:
    page = small_web.client(Accept="text/html", Cookie=f"paidan_lang={language}").get(path).text
    said = re.search(r"<noscript>(.*?)</noscript>", page, re.DOTALL)
    assert said
    assert told in said[1]
    assert untold not in said[1]
