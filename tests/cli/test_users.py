"""`dispatch user disable|role|work` and `dispatch crew add|remove|show`: exit statuses, both languages, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import crew
from dispatch.storage.database import Database
from tests.acceptance.conftest import Home
from tests.factories import put_in_force
from tests.tickets.installers import LI, TIANHE, Stage
from tests.users import user

OPS = ("--as", "root", "--role", "ops")


class Desk:
    """An installation whose li.wei has a hop in hand, beside ma.jun, who can take it, and far, who can't."""

    def __init__(self, home: Home, stage: Stage) -> None:
        self.home, self.stage = home, stage
        for name in ("li.wei", "ma.jun"):
            user(stage.database, name, TIANHE)
        home.done("user", "add", "far", "--role", "installer=yuexiu")
        home.done("user", "add", "root", "--role", "ops")
        self.ticket = stage.visit()
        stage.claim(self.ticket, LI)
        self.hop = f"F{self.ticket:08d}-2"

    @property
    def holder(self) -> Any:
        return self.stage.live(self.ticket).holder

    def says(self, *words: str, status: int = 0, language: str = "en") -> str:
        """What a command says in this language, on standard output or, when it fails, as its error."""
        self.home.settings["DISPATCH_LANG"] = language
        code, out, err = self.home.call(*words)
        assert code == status, (code, out, err)
        return out if status == 0 else err


@pytest.fixture
def desk(tmp_path: Path, rulebook: Rulebook, script: Script) -> Iterator[Desk]:
    home = Home(tmp_path / "paidan")
    home.done("migrate")
    database = Database(f"sqlite:///{home.folder}/paidan.db")
    put_in_force(database, rulebook)
    yield Desk(home, Stage(database, rulebook, script))
    database.dispose()


@pytest.mark.parametrize(
    ("language", "told"),
    [("zh", ("li.wei：已停用", "现在", "在看板")), ("en", ("li.wei: disabled", "Now", "on the board"))],
)
def test_disabling_releases_the_work_and_says_so(desk: Desk, language: str, told: tuple[str, ...]) -> None:
    said = desk.says("user", "disable", "li.wei", "--release", language=language)
    assert all(each in said for each in (*told, desk.hop)), said
    assert desk.holder is None


def test_disabling_without_a_word_releases_too(desk: Desk) -> None:
    done = json.loads(desk.says("user", "disable", "li.wei", "--json"))
    assert (done["act"], done["name"], len(done["work"])) == ("disable user", "li.wei", 1)
    assert desk.holder is None


def test_disabling_hands_over_to_a_colleague(desk: Desk) -> None:
    done = json.loads(desk.says("user", "disable", "li.wei", "--hand-over-to", "ma.jun", "--json"))
    [work] = done["work"]
    assert (work["hop"], work["to"], work["released"], work["proposed"]) == (desk.hop, "ma.jun", False, False)
    assert desk.holder == "ma.jun"


@pytest.mark.parametrize(
    ("words", "status", "zh", "en"),
    [
        (("--hand-over-to", "far"), 3, "不能接这项工作", "can't have this work"),
        (("--hand-over-to", "ghost"), 4, "没有用户 ghost", "no user ghost"),
        (("--hand-over-to", "ma.jun", "--release"), 2, "只能选一个", "choose one of"),
    ],
)
def test_a_departure_that_cannot_be_changes_nothing(
    desk: Desk, words: tuple[str, ...], status: int, zh: str, en: str
) -> None:
    for language, part in (("zh", zh), ("en", en)):
        assert part in desk.says("user", "disable", "li.wei", *words, status=status, language=language)
        assert part in desk.says("user", "role", "li.wei", *words, status=status, language=language)
    assert desk.holder == "li.wei"
    everybody = {each["name"]: each for each in json.loads(desk.says("user", "list", "--json"))}
    assert everybody["li.wei"]["disabled_at"] is None
    assert everybody["li.wei"]["roles"] == [{"role": "installer", "areas": ["tianhe"]}]


def test_nobody_of_that_name_is_told_by_the_exit_status(desk: Desk) -> None:
    for words in (("disable", "nobody"), ("role", "nobody", "--role", "noc"), ("work", "nobody")):
        assert "nobody" in desk.says("user", *words, status=4)


@pytest.mark.parametrize(("language", "part"), [("zh", "请选择"), ("en", "Choose")])
def test_roles_that_take_work_away_need_a_decision(desk: Desk, language: str, part: str) -> None:
    said = desk.says("user", "role", "li.wei", "--role", "installer=yuexiu", status=3, language=language)
    assert "work-undecided" in said
    assert desk.hop in said
    assert part in said
    error = json.loads(desk.says("user", "role", "li.wei", "--json", status=3))["error"]
    assert error["code"] == "work-undecided"
    assert desk.holder == "li.wei"


@pytest.mark.parametrize(
    ("words", "holder", "zh", "en"),
    [
        (("--keep",), "li.wei", "仍在手", "in their hands"),
        (("--release",), None, "在看板", "on the board"),
        (("--hand-over-to", "ma.jun"), "ma.jun", "ma.jun", "ma.jun"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_roles_are_set_with_the_decision_about_the_work(
    desk: Desk, language: str, words: tuple[str, ...], holder: str | None, zh: str, en: str
) -> None:
    said = desk.says("user", "role", "li.wei", "--role", "installer=yuexiu", *words, language=language)
    assert (zh if language == "zh" else en) in said
    assert desk.holder == holder


def test_the_work_of_a_user_is_listed(desk: Desk) -> None:
    assert desk.hop in desk.says("user", "work", "li.wei", language="zh")
    assert "In hand" in desk.says("user", "work", "li.wei")
    assert "Now" not in desk.says("user", "work", "li.wei"), "nothing was changed"
    [work] = json.loads(desk.says("user", "work", "LI.WEI", "--json"))
    assert (work["hop"], work["team"], work["area"], work["state"]) == (desk.hop, "installer", "tianhe", "claimed")
    assert json.loads(desk.says("user", "work", "far", "--json")) == []
    assert desk.says("user", "work", "far", language="zh").strip() == "无"


def test_a_crew_is_entered_shown_and_removed(desk: Desk) -> None:
    add = ("crew", "add", "LI.WEI", "--team", "installer", "--area", "tianhe", *OPS)
    assert "li.wei: entered" in desk.says(*add)
    assert "已在班组" in desk.says(*add, status=2, language="zh")
    assert json.loads(desk.says("crew", "show", "installer", "--json")) == [
        {"team": "installer", "area": "tianhe", "person": "li.wei"}
    ]
    assert "li.wei" in desk.says("crew", "show", language="zh")
    remove = ("crew", "remove", "Li.Wei", "--team", "installer", *OPS)
    done = json.loads(desk.says(*remove, "--json"))
    assert done == {"act": "remove crew", "person": "li.wei", "team": "installer", "areas": ["tianhe"]}
    assert desk.says("crew", "show", "installer").strip() == "none"
    assert desk.says(*remove, status=4)
    assert "已移出" in (desk.says(*add), desk.says(*remove, language="zh"))[1]


def test_a_person_leaves_the_crew_of_a_team_that_the_rules_forgot(desk: Desk) -> None:
    with desk.stage.database.write() as tx:
        crew.add(tx, "gone", "li.wei", "tianhe")
    assert desk.says("crew", "remove", "li.wei", "--team", "gone", *OPS) == "li.wei: removed, gone, tianhe\n"
    assert "crew of gone" in desk.says("crew", "remove", "li.wei", "--team", "gone", *OPS, status=4)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("crew", "add", "far", "--team", "installer", "--area", "tianhe", *OPS), 3),
        (("crew", "add", "ghost", "--team", "installer", "--area", "tianhe", *OPS), 4),
        (("crew", "add", "li.wei", "--team", "nobody", "--area", "tianhe", *OPS), 4),
        (
            (
                "crew",
                "add",
                "li.wei",
                "--team",
                "installer",
                "--area",
                "tianhe",
                "--as",
                "li.wei",
                "--role",
                "installer",
            ),
            5,
        ),
        (("crew", "remove", "li.wei", "--team", "installer", "--as", "li.wei", "--role", "installer"), 5),
        (("crew", "show", "nobody"), 4),
    ],
)
def test_a_crew_that_cannot_be_is_refused_with_its_exit_status(desk: Desk, words: tuple[str, ...], status: int) -> None:
    error = json.loads(desk.says(*words, "--json", status=status))["error"]
    assert error["message"]
