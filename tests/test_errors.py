"""Every error of the tree has a Chinese and an English sentence over the same facts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from dispatch import errors
from dispatch.domain.title import Title, Wording, sentences
from dispatch.errors import DispatchError

_HAN = re.compile("[\u4e00-\u9fff]")


def tree(root: type[DispatchError] = DispatchError) -> Iterator[type[DispatchError]]:
    yield root
    for kind in root.__subclasses__():
        yield from tree(kind)


TREE = [kind for kind in tree() if kind.__module__.startswith(f"{errors.__name__}.")]


def facts(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_class_has_both_sentences_over_the_same_facts(kind: type[DispatchError]) -> None:
    zh, en = kind.template("zh"), kind.template("en")
    assert "__doc__" in vars(kind)
    assert zh
    assert en
    assert facts(zh) == facts(en)
    assert not _HAN.search(en)
    assert _HAN.search(zh) or kind is errors.BadInput  # which is its fact
    assert _HAN.search(kind.title("zh"))
    assert not _HAN.search(kind.title("en"))


PLAIN = {
    kind.__name__: kind for kind in TREE if kind.__init__ is DispatchError.__init__
}  # the others take what they like
SOURCE = [
    path for folder in ("dispatch", "workers") for path in Path(errors.__file__).parents[2].glob(f"{folder}/**/*.py")
]


def test_every_place_that_raises_an_error_gives_the_facts_of_its_sentence() -> None:
    calls = 0
    for path in SOURCE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (kind := PLAIN.get(ast.unparse(node.func).removeprefix("errors."))):
                calls += 1
                given = {keyword.arg for keyword in node.keywords}
                assert facts(kind.template("en")) <= given, f"{path}:{node.lineno}: {kind.__name__}"
    assert calls > 100


def test_kinds_of_error_have_different_codes_and_headings() -> None:
    named = [kind for kind in TREE if "code" in vars(kind)]
    assert len({kind.code for kind in named}) == len(named)
    assert len({kind.heading for kind in named}) == len(named)


def test_a_fact_with_a_wording_is_given_in_the_sentences_language() -> None:
    wrong = errors.NotFound(what=Wording("班组", "team"), which="ghosts")
    assert (wrong.sentence("zh"), wrong.sentence("en")) == ("没有班组 ghosts。", "There is no team ghosts.")
    assert str(wrong) == "There is no team ghosts."
    assert sentences(wrong) == Wording("没有班组 ghosts。", "There is no team ghosts.")


def test_a_list_of_facts_is_joined_as_the_language_joins_lists() -> None:
    wrong = errors.DocumentsMissing(missing=[Title("授权书", "Authorisation"), Title("机主证件", "Owner's document")])
    assert wrong.sentence("zh") == "资料不齐全，缺少：授权书、机主证件。"
    assert wrong.sentence("en") == "Documents are missing: Authorisation, Owner's document."


def test_the_faults_of_a_file_are_lines_in_either_language() -> None:
    wrong = errors.BadRules(file="r.yaml", faults=[Wording("没有班组", "no team").at("r.yaml:1:2")])
    assert wrong.lines_in("zh") == ("r.yaml:1:2: 没有班组",)
    assert wrong.lines == ("r.yaml:1:2: no team",)
    assert wrong.sentence("zh") == "r.yaml 有 1 处错误：\nr.yaml:1:2: 没有班组"
