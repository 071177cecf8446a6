"""Every setting is an environment variable, and all that is wrong with them is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.errors import BadSettings
from dispatch.settings import PREFIX, Settings, load_settings

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def test_without_any_setting_the_state_lives_in_the_users_home_on_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = load_settings()
    assert settings.root == Path("/home/somebody/.local/share/paidan")
    assert settings.database == "sqlite:////home/somebody/.local/share/paidan/paidan.db"
    assert settings.embedded_database


def test_all_faults_are_told_at_once_an_unknown_variable_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_WORKERS", "0")
    monkeypatch.setenv("DISPATCH_FLOWER_PORT", "flower")
    monkeypatch.setenv("DISPATCH_WROKERS", "2")
    with pytest.raises(BadSettings) as told:
        load_settings()
    assert all(name in str(told.value) for name in ("DISPATCH_WORKERS", "DISPATCH_FLOWER_PORT", "DISPATCH_WROKERS"))


def test_a_password_in_a_url_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", "postgresql+psycopg://paidan:geheim@localhost/paidan")
    settings = load_settings()
    assert "geheim" not in repr(settings)
    assert "geheim" in settings.database


def test_the_readme_names_every_setting_with_its_meaning() -> None:
    text = README.read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"| `{PREFIX}{name.upper()}` |" in text
        assert field.description
        assert field.description in text
