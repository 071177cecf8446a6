"""House rules that no linter knows: one class name for one concept, no import circles, a true glossary, plain words."""

from __future__ import annotations

import ast
import contextlib
import importlib
import pkgutil
import re
import tokenize
from collections import defaultdict
from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from dispatch.storage import tables
from dispatch.storage.column_types import metadata

ROOT = Path(__file__).parents[1]
SOURCES = ("dispatch", "workers")
for _module in pkgutil.iter_modules(tables.__path__):
    importlib.import_module(f"{tables.__name__}.{_module.name}")  # each adds its tables to `metadata`


def test_each_class_name_stands_for_one_concept() -> None:
    """Private classes may share a name: nobody meets two of them in one file."""
    places = defaultdict(list)
    for folder in SOURCES:
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def _modules() -> dict[str, Path]:
    files = [file for folder in (*SOURCES, "bench") for file in sorted((ROOT / folder).rglob("*.py"))]
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def _imports(file: Path, modules: Collection[str], *, at_import: bool) -> set[str]:
    """Return the project's modules that `file` imports; with `at_import` without those that a function imports when
    called."""
    tree = ast.parse(file.read_text())
    late = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if at_import and node in late:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names} & set(modules)
            found |= whole or {node.module}
    return found & set(modules)


def _circle(graph: dict[str, set[str]]) -> list[str]:
    """Return the nodes of a circle, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as wrong:
        return list(wrong.args[1])
    return []


def test_no_import_circle_joins_modules_not_even_for_types() -> None:
    modules = _modules()
    assert _circle({name: _imports(file, modules, at_import=True) - {name} for name, file in modules.items()}) == []


def test_no_import_circle_joins_folders() -> None:
    """The nodes are a package's folders, and each file beside them. Imports within functions count too."""
    modules = _modules()
    graph: dict[str, set[str]] = defaultdict(set)
    for name, file in modules.items():
        graph[_folder(name)] |= {_folder(each) for each in _imports(file, modules, at_import=False)} - {_folder(name)}
    assert _circle(graph) == []


def _folder(module: str) -> str:
    return ".".join(module.split(".")[:2])


def test_each_place_that_the_glossary_names_exists() -> None:
    """`tickets.followup.urge` is a name in a module, `domain/ticket.py` a file, and a table stands behind "table"."""
    text = (ROOT / "docs/glossary.md").read_text()
    missing = []
    for row in (line for line in text.splitlines() if line.startswith("| ")):
        where = row.rstrip("| ").rpartition(" | ")[2]
        for before, place in re.findall(r"(\btables? )?`([^`]+)`", where):
            if before:
                known = place in metadata.tables
            elif "/" in place or place.endswith((".py", ".yaml", ".md", ".html")):
                known = place.startswith("/") or any((ROOT / base / place).exists() for base in ("", "dispatch"))
            elif "." in place:
                known = _is_defined(place)
            else:
                known = True  # a command or a setting: other tests know those
            if not known:
                missing.append(place)
    assert missing == []


def _is_defined(dotted: str) -> bool:
    parts = dotted.split(".")
    for base in ((), ("dispatch",)):
        for end in range(len(parts), 0, -1):
            module = ".".join((*base, *parts[:end]))
            with contextlib.suppress(ImportError):
                found: object = importlib.import_module(module)
                for name in parts[end:]:
                    found = getattr(found, name, None)
                return found is not None
    return False


def test_no_docstring_or_comment_says_he_of_a_person() -> None:
    """Users, customers, workers and callers are "they". The demo's user he.fang has a surname."""
    gendered = re.compile(r"\b(?:he|him|his|himself|she|her|hers|herself)\b(?!\.fang)", re.IGNORECASE)
    found = []
    for folder in (*SOURCES, "chaos", "bench"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            found += [f"{file.relative_to(ROOT)}:{line}" for line, text in _prose(file) if gendered.search(text)]
    assert found == []


def _prose(file: Path) -> Iterator[tuple[int, str]]:
    """Yield every comment, and every string that is a statement by itself, with its line."""
    begins = True
    with tokenize.open(file) as lines:
        for token in tokenize.generate_tokens(lines.readline):
            if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and begins):
                yield token.start[0], token.string
            elif token.type not in _LAYOUT:
                begins = False
            if token.type == tokenize.NEWLINE:
                begins = True


_LAYOUT = {tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT}


OLD_NAMES = (
    *("storage/given", "storage/acts", "storage/beats", "storage/records", "storage/runs", "workers/beating"),
    *(
        "workers/past",
        "workers/ahead",
        "workers/world",
        "workers/handing_on",
        "workers/kept_client",
        "workers/assigning",
    ),
    *("workers/acknowledging", "workers/sending", "accounts/trial", "accounts/entries", "accounts/shown", "web/shield"),
    *("web/repeats", "web/visitor", "web/call", "web/live", "pages/walk", "pages/why", "pages/words", "pages/leads"),
    *("api/shapes", "cli/late", "cli/desk", "cli/reading", "cli/paper", "cli/running", "dispatch/pulse"),
    *("dispatch/books", "dispatch/ticket", "dispatch/processes"),
)


def test_no_module_of_an_old_name_is_left() -> None:
    """In code, docs, tests, deployment and CI. The changelog tells of old names to those who upgrade."""
    paths = "|".join(name.replace("/", "[./]") for name in OLD_NAMES)
    old = re.compile(rf"(?<![\w-])(?:dispatch[./])?(?:{paths})(?![\w-])")
    folders = ("dispatch", "workers", "tests", "bench", "chaos", "docs", "deploy", ".github")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.suffix in _TEXTS]
    files += [file for file in ROOT.iterdir() if file.suffix in _TEXTS and file.name != "CHANGELOG.md"]
    found = {
        str(file.relative_to(ROOT)): sorted(set(old.findall(file.read_text(errors="ignore"))))
        for file in files
        if file != Path(__file__) and "vendor" not in file.parts
    }
    assert {name: names for name, names in found.items() if names} == {}


_TEXTS = {".py", ".md", ".toml", ".yml", ".yaml", ".html", ".sh", ".service", ".cfg"}
