"""Names in addresses: whatever stands in a name, it separates nothing, and the page that it leads to is found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, nodes

from dispatch.domain.roles import Role
from dispatch.domain.url_path import segment
from dispatch.storage import crew
from tests.users import user
from tests.web.conftest import API, Web

WEB = Path(__file__).parents[2] / "dispatch/web"
STRANGE = "张/三?a#b% c&d+e"


def test_a_name_is_one_segment_of_a_path() -> None:
    assert segment(STRANGE) == "%E5%BC%A0%2F%E4%B8%89%3Fa%23b%25%20c%26d%2Be"


def test_a_person_of_any_name_is_removed_from_a_crew_by_their_address(small_web: Web) -> None:
    """Such names were entered before names had to be users'."""
    supervisor = small_web.program("wu", Role.SUPERVISOR)
    with small_web.database.write() as tx:
        crew.add(tx, "installer", STRANGE, "tianhe")
    gone = supervisor.delete(f"{API}/teams/installer/crew/{segment(STRANGE)}")
    assert gone.status_code == 204, gone.text
    with small_web.database.read() as tx:
        assert not crew.of_team(tx, "installer")


def test_a_page_of_a_person_is_come_back_to_after_signing_in(small_web: Web) -> None:
    user(small_web.database, "张伟+a@b", Role.CLERK)
    path = f"/admin/users/{segment('张伟+a@b')}/leave"
    sent = small_web.client().get(path, headers={"Accept": "text/html"}, follow_redirects=False)
    page = small_web.client().get(sent.headers["location"], headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert (found := re.search(r'data-then="goto:([^"]*)"', page.text))
    assert small_web.browser("root", Role.ADMINISTRATOR).get(found[1]).status_code == 200


def test_forms_about_a_user_go_to_the_users_address(small_web: Web) -> None:
    user(small_web.database, "张伟", Role.CLERK)
    root = small_web.browser("root", Role.ADMINISTRATOR)
    page = root.get("/admin/users", headers={"Accept": "text/html"}).text
    ways = set(re.findall(r'(?:data-api="\w+ |href=")(/[^"]*/users/%[^"]*)"', page))
    assert f"{API}/users/{segment('张伟')}/password" in ways
    assert all(way.isascii() for way in re.findall(r'(?:data-api="|href="|hx-get=")([^"]*)"', page))


# -- every place that builds an address ------------------------------------------------------------------


@pytest.mark.parametrize("template", sorted((WEB / "templates").rglob("*.html")), ids=lambda each: each.name)
def test_a_template_puts_names_into_paths_as_segments(template: Path) -> None:
    """A place right after a slash is a segment: its last filter says so."""
    wrong = []
    for output in Environment(autoescape=True).parse(template.read_text()).find_all(nodes.Output):
        for before, after in zip(output.nodes, output.nodes[1:], strict=False):
            data = before.data if isinstance(before, nodes.TemplateData) else ""
            is_segment = isinstance(after, nodes.Filter) and after.name == "segment"
            if re.search(r"[\w}]/$", data) and not is_segment:
                wrong.append(f"{template.name}:{output.lineno}: {data[-60:]}")
    assert not wrong, "\n".join(wrong)


def test_scripts_put_names_into_paths_by_one_function() -> None:
    wrong: list[Any] = []
    for script in sorted((WEB / "static").glob("*.js")):
        for number, line in enumerate(script.read_text().splitlines(), start=1):
            if re.search(r'(?<!url)`/[\w/]*/\$\{|"/[\w/]*/" \+|\+ "/', line) and "encodeURIComponent" not in line:
                wrong.append(f"{script.name}:{number}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


def test_python_puts_names_into_paths_by_one_function() -> None:
    wrong = []
    for file in sorted(WEB.rglob("*.py")):
        for number, line in enumerate(file.read_text().splitlines(), start=1):
            for name in re.findall(r'f"/(?:api|admin|teams|tickets|slips|s)/[^"]*"', line):
                if re.search(r"/\{(?!segment\(|row\.id\})", name):
                    wrong.append(f"{file.name}:{number}: {name}")
    assert not wrong, "\n".join(wrong)
