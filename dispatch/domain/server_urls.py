"""URLs of databases and brokers as people have them, in the form that the drivers take. Pure.

No fault quotes the URL: it may hold a password.
"""

from __future__ import annotations

import re

from dispatch.domain.title import WrongValue

BROKERS = ("redis", "rediss", "sentinel", "amqp", "amqps", "pyamqp", "memory")
"""The kinds of broker; `memory` is for tests in one process."""
_SQLITE = ("sqlite", "sqlite+pysqlite")
_DRIVER = "postgresql+psycopg"
_SAME_AS = {
    "valkey": "redis",
    "valkeys": "rediss",
    "postgres": _DRIVER,
    "postgresql": _DRIVER,
}
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(?::(?P<port>\d*))?")


def database_url(given: str) -> str:
    """Return the URL in SQLAlchemy's form. Several hosts (`@a:1,b:2/`, as libpq writes them) move into the query, and
    of several the one that accepts writes is taken, unless the URL says otherwise. Raises WrongValue."""
    kind, rest = _split(given, "postgresql://user:password@host/name")
    if kind in _SQLITE:
        return given
    if kind.partition("+")[0] != "postgresql":
        raise WrongValue(
            f"不支持 {kind}:// 数据库，请用 postgresql:// 或 sqlite:///",
            f"{kind}:// is no database here; use postgresql:// or sqlite:///",
        )
    if kind != _DRIVER:
        raise WrongValue(f"不支持 {kind}://，请用 postgresql://", f"{kind}:// is no driver here; use postgresql://")
    place, _, query = rest.partition("?")
    authority, _, name = place.partition("/")
    user, at, after = authority.rpartition("@")
    if "@" in user + name or ("@" in query.partition("=")[0] and not at):
        raise _unreadable()  # a part of the password would be taken for the host, and be told
    options = [each for each in query.split("&") if each]
    asked = [each.removeprefix("host=") for each in options if each.startswith("host=")]
    if asked and after:
        raise WrongValue(
            "主机写了两处：请只写在 @ 之后，或只写 ?host=a,b&port=1,2",
            "hosts are named twice; write them after the @, or as ?host=a,b&port=1,2",
        )
    named = after.split(",") if after else asked if len(asked) > 1 else []  # SQLAlchemy's own form repeats host=
    hosts = list(map(_host, named))
    if len(hosts) > 1:
        after, options = "", [each for each in options if not each.startswith("host=")]
        options.insert(0, f"host={','.join(name for name, _ in hosts)}&port={','.join(port for _, port in hosts)}")
    whole = "&".join(options)
    if _count(whole, "host") > 1 and "target_session_attrs=" not in whole:
        whole += "&target_session_attrs=read-write"
    if _count(whole, "port") not in (0, 1, _count(whole, "host")):
        raise WrongValue("主机与端口的个数不同", "the numbers of hosts and of ports differ")
    return f"{kind}://{user}{at}{after}/{name}{'?' * bool(whole)}{whole}"


def _host(text: str) -> tuple[str, str]:
    """Split a host's name or address from its port."""
    found = _HOST.fullmatch(text)
    if not found:
        raise _unreadable()
    return found["name"].strip("[]"), found["port"] or "5432"


def _unreadable() -> WrongValue:
    return WrongValue(
        "主机或端口写法不对，应为 postgresql://用户:密码@主机:端口,主机:端口/库名；"
        "密码中的 @ : / ? 须写成 %40 %3A %2F %3F",
        "a host or port can't be read; write postgresql://user:password@host:port,host:port/name, with @ : / ? in "
        "the password as %40 %3A %2F %3F",
    )


def _count(query: str, name: str) -> int:
    found = re.search(rf"(?:^|&){name}=([^&]*)", query)
    return len(re.split(",|%2C", found[1], flags=re.IGNORECASE)) if found else 0


def broker_url(given: str) -> str:
    """Return the URL, or the URLs joined by `;`, in kombu's form. Raises WrongValue."""
    urls = []
    for each in given.split(";"):
        kind, rest = _split(each, "redis://:password@host:6379/0")
        if kind not in BROKERS:
            raise WrongValue(
                f"不支持 {kind}://，请用 redis://、rediss://、valkey://、sentinel:// 或 amqp://",
                f"{kind}:// is no broker here; use redis://, rediss://, valkey://, sentinel:// or amqp://",
            )
        if "," in rest.rpartition("@")[2].partition("/")[0]:
            spelling = f"{kind}://:…@a:1;{kind}://:…@b:2"
            raise WrongValue(f"多个地址请写成 {spelling}", f"write several addresses as {spelling}")
        if kind == "rediss" and "ssl_cert_reqs=" not in rest:
            rest += f"{'&' if '?' in rest else '?'}ssl_cert_reqs=required"  # kombu wouldn't look at the certificate
        urls.append(f"{kind}://{rest}")
    if len({each.partition("://")[0] for each in urls}) > 1:
        raise WrongValue("各地址的类型须相同", "the addresses must be of one kind")
    return ";".join(urls)


def without_password(url: str) -> str:
    """Return the URL, or the URLs joined by `;`, for people: without passwords and options."""
    shown = (re.sub(r"(://[^:@/]*):.*@", r"\1:***@", each.partition("?")[0]) for each in url.split(";"))
    return ";".join(shown)


def _split(url: str, example: str) -> tuple[str, str]:
    """Split off the kind, in the name that the drivers know."""
    kind, mark, rest = url.strip().partition("://")
    if not mark or not re.fullmatch(r"[A-Za-z][\w+.-]*", kind):
        raise WrongValue(f"应为网址，如 {example}", f"should be a URL such as {example}")
    return _SAME_AS.get(kind, kind), rest
