"""README and the pages of `docs` name only existing things, and the Chinese README is the English one's twin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.cli.commands import BY_NAME
from dispatch.cli.framework import fetch
from dispatch.settings import PREFIX, variables
from tests.acceptance.documented_commands import Block, blocks, statements

PROJECT = Path(__file__).parents[1]
README, CHINESE = PROJECT / "README.md", PROJECT / "README.zh-CN.md"
PAGES = [README, CHINESE, PROJECT / "CONTRIBUTING.md", PROJECT / "CHANGELOG.md", *sorted(PROJECT.glob("docs/**/*.md"))]
HAN = re.compile("[一-鿿]")


def named(path: Path) -> str:
    return str(path.relative_to(PROJECT))


each_page = pytest.mark.parametrize("page", PAGES, ids=named)


def prose(page: Path) -> str:
    """Return the text outside fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def commands(page: Path) -> Iterator[list[str]]:
    """Return the words of every `dispatch …` on the page, in a block or as code in its text."""
    typed = [each for block in blocks(page) if block.language == "sh" for each in statements(block.text)]
    for text in (*typed, *re.findall(r"`([^`]+)`", prose(page))):
        for found in re.finditer(r"(?:^|[\s;(])(?:python -m )?dispatch ([a-z][^;&<)…\n]*)", text):
            yield found.group(1).split()


def of(page: Path, language: str) -> list[Block]:
    return [each for each in blocks(page) if each.language == language]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_every_link_within_the_project_leads_to_something(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", prose(page))
    for link in (one or other for one, other in links):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@each_page
def test_every_command_that_a_page_names_exists_with_its_options(page: Path) -> None:
    for first, *rest in commands(page):
        assert first in BY_NAME, (first, rest)
        command = fetch(BY_NAME[first])
        while rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest.pop(0)]
        assert not hasattr(command, "commands") or not rest or rest[0].startswith("-"), (first, rest)
        asked = {word.partition("=")[0] for word in rest if re.match(r"--[a-z]", word)} - {"--help"}
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        assert asked <= known, (first, rest)


@each_page
def test_every_target_and_setting_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    asked = set(re.findall(r"(?:`|^)make ([a-z][a-z-]+)", text, flags=re.MULTILINE))
    assert asked <= targets
    settings = set(re.findall(rf"{PREFIX}[A-Z_]+[A-Z]", text))
    assert {name for name in settings if name not in variables()} <= {f"{PREFIX}OIDC", f"{PREFIX}FILE"}


def test_the_readme_fits_one_screens_reading_and_shows_a_picture_first() -> None:
    for page in (README, CHINESE):
        text = page.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 150
        assert text.index("![") < text.index("\n## ")


def test_the_chinese_readme_has_the_same_parts_links_pictures_and_commands_as_the_english_one() -> None:
    def shape(page: Path) -> list[str]:
        return re.findall(r"^(#+) ", prose(page), flags=re.MULTILINE)

    def links(page: Path) -> list[str]:
        found = re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", prose(page))
        named = [link.replace("-en.png", ".png") for pair in found for link in pair]  # a page's picture in English
        return sorted(link for link in named if link and not link.startswith("README"))

    def typed(page: Path) -> list[tuple[str, list[str]]]:
        english = [(each.word, each.text.replace("DISPATCH_LANG=zh", "DISPATCH_LANG=en")) for each in of(page, "sh")]
        return [(word, statements(text)) for word, text in english]

    assert shape(README) == shape(CHINESE)
    assert links(README) == links(CHINESE)
    assert typed(README) == typed(CHINESE)
    assert [each.language for each in blocks(README)] == [each.language for each in blocks(CHINESE)]
    assert "export DISPATCH_LANG=en" in README.read_text(encoding="utf-8")
    assert "export DISPATCH_LANG=zh" in CHINESE.read_text(encoding="utf-8")


def test_each_readme_speaks_one_language_and_leads_to_the_other() -> None:
    english, chinese = prose(README), prose(CHINESE)
    assert "(README.zh-CN.md)" in english
    assert "(README.md)" in chinese
    assert set(HAN.findall(english)) <= set("派单中文")
    assert all(HAN.search(part) for part in re.split(r"\n\s*\n", chinese) if len(part) > 60)


def test_decisions_are_numbered_once_and_carry_their_number() -> None:
    records = sorted((PROJECT / "docs" / "decisions").glob("*.md"))
    numbers = [record.name[:4] for record in records]
    assert len(set(numbers)) == len(numbers), numbers
    wrong = [each.name for each in records if not each.read_text("utf-8").startswith(f"# {int(each.name[:4])}. ")]
    assert not wrong, f"the title's number differs from the file's: {wrong}"
