"""URLs as people have them are taken in the drivers' form, or refused in one line that tells the right spelling."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from dispatch.domain.server_urls import broker_url, database_url, without_password
from dispatch.domain.title import WrongValue
from dispatch.errors import BadSettings
from dispatch.settings import load_settings

HOSTS = st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True)
ANY_HOST = "target_session_attrs=read-write"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("postgresql+psycopg://u:p@h:5433/d", "postgresql+psycopg://u:p@h:5433/d"),
        ("postgresql://u:p@h/d?sslmode=require", "postgresql+psycopg://u:p@h/d?sslmode=require"),
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u@a:1,b:2/", f"postgresql+psycopg://u@/?host=a,b&port=1,2&{ANY_HOST}"),
        ("postgresql://a:1,b:2/", f"postgresql+psycopg:///?host=a,b&port=1,2&{ANY_HOST}"),
        ("postgresql://u:p%40@a,[::1]:6/d", f"postgresql+psycopg://u:p%40@/d?host=a,::1&port=5432,6&{ANY_HOST}"),
        ("postgresql://u@/d?host=a,b&port=1,2", f"postgresql+psycopg://u@/d?host=a,b&port=1,2&{ANY_HOST}"),
        ("postgresql://u@/d?host=a:1&host=b:2", f"postgresql+psycopg://u@/d?host=a,b&port=1,2&{ANY_HOST}"),
        (
            "postgresql://a,b/d?target_session_attrs=any",
            "postgresql+psycopg:///d?host=a,b&port=5432,5432&target_session_attrs=any",
        ),
        ("postgresql://u@/d?host=/run/postgresql", "postgresql+psycopg://u@/d?host=/run/postgresql"),
        ("sqlite:////var/lib/x.db", "sqlite:////var/lib/x.db"),
    ],
)
def test_a_database_url_is_taken_in_every_spelling_of_libpq(given: str, taken: str) -> None:
    assert database_url(given) == taken
    assert database_url(taken) == taken  # child processes read it again
    make_url(taken)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("postgresql://u:geheim@h:x/d", "postgresql://user:password@host:port"),
        ("postgresql://u:gehei:m@a:1,b:2:3/d", "postgresql://user:password@host:port"),
        ("postgresql+psycopg2://u:geheim@h/d", "use postgresql://"),
        ("mysql://u:geheim@h/d", "mysql:// is no database here; use postgresql:// or sqlite:///"),
        ("postgresql://u:geheim@a,b/d?host=c", "hosts are named twice"),
        ("postgresql://u:geheim@/d?host=a,b,c&port=1,2", "numbers of hosts and of ports"),
        ("geheim", "a URL such as postgresql://"),
    ],
)
def test_a_database_url_that_no_driver_takes_is_refused_without_its_password(given: str, said: str) -> None:
    with pytest.raises(WrongValue) as told:
        database_url(given)
    assert said in told.value.what.en
    assert not re.search("gehei", told.value.what.en + told.value.what.zh)


@given(
    st.lists(
        st.tuples(st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True), st.integers(1, 65535)), min_size=1, max_size=3
    ),
    st.from_regex(r"([a-z]{1,5}(:[a-z0-9%/?#@:,]{0,9})?@)?", fullmatch=True),
    st.from_regex(r"(/[a-z]{0,5})?(\?[a-z_]{1,9}=[a-z]{0,4})?", fullmatch=True),
)
def test_whatever_is_taken_can_be_read_by_the_driver(hosts: list[tuple[str, int]], user: str, rest: str) -> None:
    try:
        taken = database_url(f"postgresql://{user}{','.join(f'{name}:{port}' for name, port in hosts)}{rest}")
    except WrongValue:
        return
    try:
        make_url(taken)
    except ArgumentError as wrong:  # pragma: no cover
        pytest.fail(f"{taken}: {wrong}")


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("redis://:x@h/0", "redis://:x@h/0"),
        ("valkey://:x@h/0", "redis://:x@h/0"),
        ("valkeys://:x@h/0", "rediss://:x@h/0?ssl_cert_reqs=required"),
        ("rediss://:x@h/0?ssl_ca_certs=/ca.pem", "rediss://:x@h/0?ssl_ca_certs=/ca.pem&ssl_cert_reqs=required"),
        ("rediss://h?ssl_cert_reqs=none", "rediss://h?ssl_cert_reqs=none"),
        ("sentinel://:x@a:1;sentinel://:x@b:2", "sentinel://:x@a:1;sentinel://:x@b:2"),
        ("amqp://a//;amqp://b//", "amqp://a//;amqp://b//"),
    ],
)
def test_a_broker_url_is_taken_and_its_certificate_looked_at(given: str, taken: str) -> None:
    assert broker_url(given) == taken
    assert broker_url(taken) == taken


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("sqs://key:geheim@", "sqs:// is no broker here; use redis://"),
        ("redis+sentinel://:geheim@a", "use redis://, rediss://, valkey://, sentinel://"),
        ("sentinel://:geheim@a:1,b:2", "sentinel://:…@a:1;sentinel://:…@b:2"),
        ("sentinel://:geheim@a:1;b:2", "a URL such as redis://"),
        ("redis://a;amqp://u:geheim@b", "of one kind"),
        ("geheim:6379", "a URL such as redis://"),
    ],
)
def test_a_broker_url_that_no_driver_takes_is_refused_without_its_password(given: str, said: str) -> None:
    with pytest.raises(WrongValue) as told:
        broker_url(given)
    assert said in told.value.what.en
    assert "geheim" not in told.value.what.en + told.value.what.zh


def test_every_process_refuses_such_urls_with_its_settings_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", "postgresql://u:geheim@a:1:2,b/d")
    monkeypatch.setenv("DISPATCH_BROKER_URL", "sqs://:geheim@x")
    with pytest.raises(BadSettings) as told:
        load_settings()
    assert "DISPATCH_DATABASE_URL: a host" in str(told.value)
    assert "DISPATCH_BROKER_URL: sqs://" in str(told.value)
    assert "geheim" not in str(told.value)


def test_sentinels_need_their_masters_name_and_the_fault_names_only_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_BROKER_URL", "sentinel://:x@a:1")
    with pytest.raises(BadSettings, match=r"wrong: DISPATCH_BROKER_MASTER: with sentinel") as told:
        load_settings()
    assert str(told.value).count("DISPATCH_") == 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:geheim@h:1/0", "redis://:***@h:1/0"),
        ("amqp://u:ge@heim@h//", "amqp://u:***@h//"),
        ("sentinel://:geheim@a:1;sentinel://:geheim@b:2", "sentinel://:***@a:1;sentinel://:***@b:2"),
        ("redis://h:1/0?password=geheim", "redis://h:1/0"),
        ("amqp://h//", "amqp://h//"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


@pytest.mark.parametrize("password", ["p@ss/w:rd", "p@ss", "12/p@ss", "p?ss", "p/ss@word", "@"])
def test_a_password_that_is_not_escaped_is_refused_and_no_piece_of_it_is_told(password: str) -> None:
    with pytest.raises(WrongValue) as refused:
        database_url(f"postgresql://paidan:{password}@db.example/paidan")
    told = refused.value.what
    assert "in the password as %40 %3A %2F %3F" in told.en
    assert "密码中的 @ : / ? 须写成" in told.zh
    assert "ss" not in told.en.replace("password", "")


def test_an_address_in_an_option_is_no_part_of_the_password() -> None:
    taken = database_url("postgresql://paidan:geheim@db.example/paidan?application_name=desk@example")
    assert taken.endswith("?application_name=desk@example")
