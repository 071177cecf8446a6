"""`dispatch init FOLDER` writes a set of files that every command then uses."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dispatch import __version__
from dispatch.settings import variables
from dispatch.storage.database import SCHEMA
from tests.deploy.compose import PROJECT

FILES = {
    "routing_rules.yaml",
    "routing_cases.yaml",
    "prehandling.yaml",
    "marketing_plans.yaml",
    "messages.yaml",
    "complaints.yaml",
    "replay_mapping.yaml",
    "addresses.csv",
    "devices.csv",
    "paidan.env",
}
SETTING = {
    "routing_rules.yaml": "RULES",
    "prehandling.yaml": "PREHANDLING",
    "marketing_plans.yaml": "PLANS",
    "messages.yaml": "MESSAGES",
    "complaints.yaml": "COMPLAINTS",
}


def dispatch(at: Path, *words: str, language: str = "en") -> subprocess.CompletedProcess[str]:
    """Run the command in this folder."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(at.parent / "home"), "PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        [sys.executable, "-m", "dispatch", *words],
        cwd=at,
        env={**environment, "DISPATCH_LANG": language, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("init") / "our desk"
    done = dispatch(folder.parent, "init", "our desk")
    assert done.returncode == 0, done.stderr
    assert f"cd {shlex.quote('our desk')}\n  dispatch up" in done.stdout
    return folder


def test_init_writes_the_operators_files_as_real_files(made: Path) -> None:
    assert {file.name for file in made.iterdir()} == FILES
    assert not any(file.is_symlink() for file in made.iterdir())
    assert (made / "routing_rules.yaml").read_bytes() == (PROJECT / "routing_rules.yaml").read_bytes()
    assert (made / "paidan.env").stat().st_mode & 0o777 == 0o600  # the file will hold passwords


def test_commands_in_that_folder_use_its_files(made: Path) -> None:
    for words in (["rules", "test"], *(words for words, _ in CHECKS)):
        done = dispatch(made, *words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    shown = dispatch(made, "settings").stdout
    for name in SETTING:
        assert f"{made / name}" in shown.replace("\n", "")


def test_init_overwrites_no_existing_file(made: Path) -> None:
    (made / "paidan.env").write_text("DISPATCH_WEB_PORT=8123\n")
    done = dispatch(made, "init", ".")
    assert done.returncode == 3
    assert "paidan.env" in done.stderr
    assert "name another folder" in done.stderr
    assert (made / "paidan.env").read_text() == "DISPATCH_WEB_PORT=8123\n"


@pytest.mark.parametrize(
    ("language", "comment"), [("zh", "# 派单 Paidan：本目录的设置"), ("en", "# Paidan: this folder's")]
)
def test_the_settings_are_explained_in_the_readers_language_and_each_can_be_set(
    tmp_path: Path, language: str, comment: str
) -> None:
    assert dispatch(tmp_path, "init", "desk", language=language).returncode == 0
    text = (tmp_path / "desk/paidan.env").read_text(encoding="utf-8")
    assert text.startswith(comment)
    offered = [line.removeprefix("#") for line in text.splitlines() if line.startswith("#DISPATCH_")]
    assert len(offered) > 8
    assert {line.partition("=")[0] for line in offered} <= variables()
    (tmp_path / "desk/paidan.env").write_text("\n".join(offered), encoding="utf-8")
    done = dispatch(tmp_path / "desk", "settings", "--json", language=language)
    assert done.returncode == 0, done.stderr


def test_init_gives_a_program_the_files_that_it_wrote(tmp_path: Path) -> None:
    told = json.loads(dispatch(tmp_path, "init", "desk", "--json").stdout)
    assert (told["act"], told["folder"]) == ("init", "desk")
    assert all((tmp_path / each["file"]).exists() for each in told["files"])
    refused = dispatch(tmp_path, "init", "desk", "--json")
    assert (refused.returncode, json.loads(refused.stderr)["error"]["code"]) == (3, "would-overwrite")


def test_the_version_names_the_schema_and_the_python(tmp_path: Path) -> None:
    done = dispatch(tmp_path, "--version")
    python = ".".join(map(str, sys.version_info[:3]))
    assert (done.returncode, done.stdout) == (0, f"paidan {__version__} (schema {SCHEMA}, Python {python})\n")


CHECKS = [(["rules", "check"], "routing_rules.yaml"), (["script", "check"], "prehandling.yaml")]
CHECKS += [(["plans", "check"], "marketing_plans.yaml"), (["messages", "check"], "messages.yaml")]
CHECKS += [(["complaint", "check"], "complaints.yaml")]


@pytest.mark.parametrize(("words", "name"), CHECKS)
def test_a_check_names_the_file_that_it_read_and_the_one_here_that_it_did_not(
    tmp_path: Path, words: list[str], name: str
) -> None:
    (tmp_path / name).write_bytes((PROJECT / name).read_bytes())
    done = dispatch(tmp_path, *words)
    assert done.stdout.startswith(f"{PROJECT / name}: good, ")
    unused = f"{tmp_path / name} is not in use: there is no paidan.env in this folder; {PROJECT / name} is in use\n"
    assert done.stderr == unused
    (tmp_path / "paidan.env").touch()
    (tmp_path / "routing_rules.yaml").write_bytes((PROJECT / "routing_rules.yaml").read_bytes())
    done = dispatch(tmp_path, *words)
    assert (done.stdout.startswith(f"{tmp_path / name}: good, "), done.stderr) == (True, "")
    (tmp_path / "paidan.env").write_text(f"DISPATCH_{SETTING[name]}={PROJECT / name}\n")
    done = dispatch(tmp_path, *words)
    assert done.stderr == f"{tmp_path / name} is not in use: DISPATCH_{SETTING[name]} names {PROJECT / name}\n"


def test_a_check_of_a_named_file_says_its_full_path_and_notes_nothing(tmp_path: Path) -> None:
    (tmp_path / "routing_rules.yaml").write_bytes((PROJECT / "routing_rules.yaml").read_bytes())
    done = dispatch(tmp_path, "rules", "check", "routing_rules.yaml")
    assert (done.stdout.split(": ")[0], done.stderr) == (str(tmp_path / "routing_rules.yaml"), "")
