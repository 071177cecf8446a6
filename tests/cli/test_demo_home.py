"""A demonstration has a home, a database and a broker of its own, whatever the settings name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import select

from dispatch.cli.demo import _emptied
from dispatch.cli.demo_home import enter_demo_home
from dispatch.cli.up_demo import demo_desk
from dispatch.errors import BadSettings
from dispatch.storage.tables.tickets import rulebook


def configured(folder: Path, variable: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set a database or a broker of the operator's, in the way that `variable` is meant."""
    url = f"sqlite:///{folder / 'customers.db'}" if "DATABASE" in variable else "redis://127.0.0.1:1/0"
    if variable.endswith("_FILE"):
        (folder / "secret").write_text(url)
    monkeypatch.setenv(variable, str(folder / "secret") if variable.endswith("_FILE") else url)
    return url


@pytest.mark.parametrize("start", [_emptied, demo_desk], ids=["demo", "up --demo"])
@pytest.mark.parametrize(
    "variable",
    ["DISPATCH_DATABASE_URL", "DISPATCH_DATABASE_URL_FILE", "DISPATCH_BROKER_URL", "DISPATCH_BROKER_URL_FILE"],
)
def test_no_demonstration_begins_while_a_database_or_a_broker_is_set(
    start: object, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(tmp_path, variable, monkeypatch)
    home = tmp_path / "home"
    monkeypatch.setenv("DISPATCH_HOME", str(home))
    with pytest.raises(BadSettings, match="unset DISPATCH_DATABASE_URL"):
        start()  # type: ignore[operator]
    assert os.environ["DISPATCH_HOME"] == str(home)
    assert not (tmp_path / "customers.db").exists()
    assert not home.exists()


def test_a_database_set_in_the_folders_paidan_env_is_refused_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paidan.env").write_text(f"DISPATCH_DATABASE_URL=sqlite:///{tmp_path / 'customers.db'}\n")
    with pytest.raises(BadSettings, match="a demonstration has its own database"):
        enter_demo_home("demo")


def test_a_demonstrations_database_lies_in_its_own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_HOME", str(tmp_path / "home"))
    desk, lock = _emptied()
    with lock, desk.database.read() as tx:
        assert tx.execute(select(rulebook.c.version)).scalars().all() == [desk.rulebook.version]
    desk.database.dispose()
    assert desk.settings.database == f"sqlite:///{tmp_path / 'home' / 'demo' / 'paidan.db'}"
    assert not (tmp_path / "home" / "paidan.db").exists()
