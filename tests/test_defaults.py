"""The choice of the operator's files, and the settings of `paidan.env` in the current folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from dispatch import defaults
from dispatch.errors import BadSettings
from dispatch.settings import load_settings, variables

PROJECT = Path(__file__).parents[1]
ORIGINALS = {
    defaults.RULES: PROJECT / "routing_rules.yaml",
    defaults.PREHANDLING: PROJECT / "prehandling.yaml",
    defaults.PLANS: PROJECT / "marketing_plans.yaml",
    defaults.MESSAGES: PROJECT / "messages.yaml",
    defaults.COMPLAINTS: PROJECT / "complaints.yaml",
    defaults.MAPPING: PROJECT / "replay_mapping.yaml",
    defaults.CASES: PROJECT / "tests/routing_cases.yaml",
    defaults.ADDRESSES: PROJECT / "docs/addresses.csv",
    defaults.DEVICES: PROJECT / "docs/devices.csv",
}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The current folder, and no setting in the environment."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_the_package_contains_the_files_of_the_projects_root_byte_for_byte() -> None:
    brought = {file.name for file in defaults.PACKAGE.iterdir() if file.suffix in (".yaml", ".csv")}
    assert brought == set(ORIGINALS)
    for name, original in ORIGINALS.items():
        assert (defaults.PACKAGE / name).read_bytes() == original.read_bytes(), f"{name}: link it to {original}"


def test_a_checkout_uses_the_files_of_its_root_from_any_folder() -> None:
    settings = load_settings()
    assert (settings.rules, settings.prehandling, settings.plans) == (
        PROJECT / "routing_rules.yaml",
        PROJECT / "prehandling.yaml",
        PROJECT / "marketing_plans.yaml",
    )
    assert defaults.cases() == PROJECT / "tests/routing_cases.yaml"


def test_the_packages_own_files_are_used_outside_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed = tmp_path / "site-packages/dispatch/defaults"
    shutil.copytree(defaults.PACKAGE, installed)  # as a wheel does, which knows no links
    monkeypatch.setattr(defaults, "PACKAGE", installed)
    assert load_settings().rules == installed / "routing_rules.yaml"
    assert defaults.cases() == installed / "routing_cases.yaml"


def test_a_checkout_that_lacks_its_rules_doesnt_run_by_the_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(defaults, "PROJECT", tmp_path)
    assert load_settings().rules == tmp_path / "routing_rules.yaml"


def test_an_operators_folder_provides_all_files_even_one_that_it_lacks(here: Path) -> None:
    (here / "paidan.env").touch()
    (here / "routing_rules.yaml").touch()
    settings = load_settings()
    assert settings.rules == here / "routing_rules.yaml"
    assert settings.plans == here / "marketing_plans.yaml"  # reading it says that it is missing
    assert defaults.cases() == here / "routing_cases.yaml"


def test_rules_without_a_settings_file_beside_them_are_not_used(here: Path) -> None:
    (here / "routing_rules.yaml").touch()
    assert load_settings().rules == PROJECT / "routing_rules.yaml"


def test_a_setting_that_names_a_file_overrides_the_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "paidan.env").write_text("DISPATCH_PLANS=/in/the/file.yaml\n")
    assert load_settings().plans == Path("/in/the/file.yaml")
    monkeypatch.setenv("DISPATCH_PLANS", "/in/the/environment.yaml")
    assert load_settings().plans == Path("/in/the/environment.yaml")


def test_the_settings_file_is_read_with_quotes_comments_and_secrets_in_files(here: Path, tmp_path: Path) -> None:
    secret = tmp_path / "database_url"
    secret.write_text("postgresql+psycopg://paidan:geheim@db/paidan\n")
    (here / "paidan.env").write_text(
        "# of this folder\n"
        "DISPATCH_OPERATOR='某某 #1 宽带'\n"
        "DISPATCH_WEB_PORT=8123\n"
        "DISPATCH_OUTLET='$HOME'\n"
        f"DISPATCH_DATABASE_URL_FILE={secret}\n",
        encoding="utf-8",
    )
    settings = load_settings()
    assert (settings.operator, settings.web_port, settings.outlet) == ("某某 #1 宽带", 8123, "$HOME")
    assert settings.survey_url == "http://127.0.0.1:8123/s/"
    assert settings.database == "postgresql+psycopg://paidan:geheim@db/paidan"


def test_every_fault_of_the_settings_file_is_told_with_its_line_and_never_a_value(here: Path) -> None:
    (here / "paidan.env").write_text("DISPATCH_WEB_PORT=8123\nTZ=geheim\nDISPATCH_OPERATOR 'geheim'\nDISPATCH_OUTLET\n")
    with pytest.raises(BadSettings) as told:
        load_settings()
    faults = str(told.value)
    assert "paidan.env:2: TZ is no setting" in faults
    assert "paidan.env:3: write it as NAME=value" in faults
    assert "paidan.env:4: write it as NAME=value" in faults
    assert "geheim" not in faults


def test_an_unknown_setting_in_the_file_is_refused_like_one_in_the_environment(here: Path) -> None:
    (here / "paidan.env").write_text("DISPATCH_WROKERS=2\n")
    with pytest.raises(BadSettings, match="DISPATCH_WROKERS: unknown"):
        load_settings()


def test_a_settings_file_of_another_user_is_not_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = here / "paidan.env"
    file.write_text("DISPATCH_DATABASE_URL=postgresql+psycopg://elsewhere/paidan\n")
    if os.geteuid() == 0:
        os.chown(file, 54321, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(BadSettings, match="belongs to another user"):
        load_settings()
