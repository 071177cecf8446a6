"""Every setting is an environment variable, and all faults of settings are told at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dispatch.cli.settings_page import settings_page
from dispatch.errors import BadSettings
from dispatch.setting_meanings import MEANINGS
from dispatch.settings import PREFIX, Settings, load_settings, variables

PAGE = Path(__file__).parents[1] / "docs/settings.md"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)


def test_the_state_lives_in_the_users_home_on_sqlite_without_any_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = load_settings()
    assert settings.root == Path("/home/somebody/.local/share/paidan")
    assert settings.database == "sqlite:////home/somebody/.local/share/paidan/paidan.db"
    assert settings.embedded_database


def test_all_faults_including_unknown_variables_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_settings_page_is_the_one_generated_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_HOME", "/not/the/default")
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "make docs"


def test_the_page_of_settings_has_every_variable_with_its_default_and_meaning() -> None:
    page = settings_page()
    assert list(MEANINGS) == list(Settings.model_fields)
    for name, meaning in MEANINGS.items():
        assert f"{meaning.en} |" in page
        assert f"| `{PREFIX}{name.upper()}` |" in page
    assert "| `DISPATCH_HOME` | `~/.local/share/paidan` | folder for the installation's state |" in page
    assert "| `DISPATCH_RULES` | `routing_rules.yaml` |" in page
    assert "| `DISPATCH_SURVEY_URL` | `http://127.0.0.1:8000/s/` |" in page


def test_links_for_customers_lead_to_the_public_address_of_the_web(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_WEB_ADDRESS", "0.0.0.0")
    monkeypatch.setenv("DISPATCH_WEB_PORT", "8123")
    settings = load_settings()
    assert settings.survey_url == "http://127.0.0.1:8123/s/"
    assert settings.record_url == "http://127.0.0.1:8123/slips/"
    monkeypatch.setenv("DISPATCH_WEB_URL", "https://paidan.example/")
    monkeypatch.setenv("DISPATCH_RECORD_URL", "https://records.example/")
    settings = load_settings()
    assert settings.survey_url == "https://paidan.example/s/"
    assert settings.record_url == "https://records.example/"


def test_a_faulty_port_is_told_once_and_not_again_for_the_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_WEB_PORT", "eighty")
    with pytest.raises(BadSettings) as told:
        load_settings()
    assert str(told.value).count("DISPATCH_") == 1


def test_a_secret_may_stand_in_a_file_with_a_line_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "database_url"
    file.write_text("postgresql+psycopg://paidan:geheim@db/paidan\n")
    monkeypatch.setenv("DISPATCH_DATABASE_URL_FILE", str(file))
    settings = load_settings()
    assert settings.database == "postgresql+psycopg://paidan:geheim@db/paidan"
    assert "geheim" not in repr(settings)


def test_faults_of_secret_files_are_told_without_their_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "url").write_text("redis://:geheim@broker/0")
    monkeypatch.setenv("DISPATCH_DATABASE_URL_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("DISPATCH_METRICS_TOKEN_FILE", str(tmp_path / "empty"))
    monkeypatch.setenv("DISPATCH_INDEX_KEY_FILE", str(tmp_path / "bytes"))
    monkeypatch.setenv("DISPATCH_BROKER_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("DISPATCH_BROKER_URL", "redis://elsewhere/0")
    monkeypatch.setenv("DISPATCH_USER_FILE", str(tmp_path / "url"))  # not a secret: nothing to hide
    with pytest.raises(BadSettings) as told:
        load_settings()
    faults = str(told.value)
    for fault in ("missing: No such file", "the file is empty", "not a text file", "DISPATCH_BROKER_URL is set too"):
        assert fault in faults
    assert "DISPATCH_USER_FILE: unknown" in faults
    assert "geheim" not in faults


def test_a_misspelt_variable_is_told_with_the_setting_that_it_resembles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_WROKERS", "2")
    with pytest.raises(BadSettings) as told:
        load_settings()
    assert told.value.sentence("en").endswith("DISPATCH_WROKERS: unknown; did you mean DISPATCH_WORKERS?")
    assert told.value.sentence("zh").endswith("DISPATCH_WROKERS: 没有这个设置；是不是 DISPATCH_WORKERS？")


def test_every_setting_is_explained_in_both_languages() -> None:
    for name, meaning in MEANINGS.items():
        assert re.search(r"[\u4e00-\u9fff]", meaning.zh), name
        assert not re.search(r"[\u4e00-\u9fff]", meaning.en), name


@pytest.mark.parametrize(
    ("given", "read"),
    [("127.0.0.1", "127.0.0.1"), (" 10.0.0.0/8 ,::1,", "10.0.0.0/8,::1"), ("", ""), ("*", "*")],
)
def test_trusted_proxies_are_addresses_and_networks(given: str, read: str) -> None:
    assert Settings(web_proxies=given).web_proxies == read


@pytest.mark.parametrize("given", ["nginx", "127.0.0.1;10.0.0.1", "10.0.0.1/8", "127.0.0.1:80"])
def test_a_proxy_whose_address_can_never_match_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("DISPATCH_WEB_PROXIES", given)
    with pytest.raises(BadSettings, match=r"is no IP address or network: write 127\.0\.0\.1 or 172\.18\.0\.0/16"):
        load_settings()
