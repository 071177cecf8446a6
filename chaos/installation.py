"""A whole installation for chaos: the product's own supervisor, with proxies before its broker and its database."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import make_url

from chaos.failpoints import Failpoints
from chaos.postgres import Postgres
from chaos.processes import children
from chaos.proxy import Proxy
from dispatch.defaults import PROJECT
from dispatch.ports.ledger import Ledger
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.routing import loader, prehandling_file
from dispatch.rules_in_force import RulesInForce
from dispatch.runtime.supervisor import Child, Stack
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.storage.field_cipher import new_keys
from dispatch.storage.migration import migrate

INJECTED = Path(__file__).parent / "injected"


class _Stack(Stack):
    """The product's supervisor with patched children, which reach broker and database through proxies."""

    def __init__(
        self, settings: Settings, bent: Mapping[str, str], bent_alone: Mapping[str, Mapping[str, str]]
    ) -> None:
        self.bent = bent
        self.broker_proxy: Proxy | None = None
        super().__init__(settings, flower=False)
        for child in self.children:
            child.environment = {**child.environment, **bent_alone.get(child.name, {})}

    def _broker(self) -> dict[str, str]:
        environment = super()._broker()
        url = make_url(environment["DISPATCH_BROKER_URL"])
        self.broker_url = environment["DISPATCH_BROKER_URL"]
        self.broker_proxy = Proxy(f"tcp:{url.host}:{url.port}")
        proxied = url.set(port=self.broker_proxy.port).render_as_string(hide_password=False)
        return {**environment, "DISPATCH_BROKER_URL": proxied, "DISPATCH_QUIET_HOURS": "false", **self.bent}


class Installation:
    """A running installation.

    `postgres` is None where the database is SQLite, which has no process of its own. `load_database` is the people's
    connection and goes through the proxy like the system's own; `database` is chaos's connection, which only the
    server's death disturbs.
    """

    def __init__(
        self,
        home: Path,
        postgres: Postgres | None,
        lease: float,
        bends: Mapping[str, str],
        bends_of: Mapping[str, Mapping[str, str]],
    ) -> None:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.postgres = postgres
        self.failpoints = Failpoints(home / "failpoints")
        self.database_proxy: Proxy | None = None
        direct = proxied = f"sqlite:///{home / 'paidan.db'}"
        bent = {
            "PYTHONPATH": os.pathsep.join((str(INJECTED), str(PROJECT))),
            "CHAOS_FAILPOINTS": str(self.failpoints.folder),
            **bends,
        }
        given: dict[str, object] = {}
        if postgres is not None:
            name = postgres.new_database()
            self.database_proxy = Proxy(f"unix:{postgres.socket}")
            direct, proxied = postgres.url(name), postgres.url(name, self.database_proxy.port)
            given["database_url"] = SecretStr(proxied)
            field_keys, index_key = new_keys()
            bent |= {"DISPATCH_FIELD_KEYS": field_keys, "DISPATCH_INDEX_KEY": index_key}
            bent["DISPATCH_DATABASE_URL"] = proxied
        bent["DISPATCH_LEASE"] = str(lease)
        self.settings = Settings(home=home, lease=lease, flower_port=0, web_port=0, quiet_hours=False, **given)
        self.database = Database(direct)
        migrate(self.database)
        self.load_database = Database(proxied)
        self.rulebook = loader.load(self.settings.rules)
        self.script = prehandling_file.load(self.settings.prehandling, self.rulebook.categories)
        RulesInForce(self.settings.rules, self.database).get()
        self.ledger = Ledger(self.settings.ledger)
        self.sms = SimulatedSmsGateway(home / "sms.db")
        self.stack = _Stack(self.settings, bent, bends_of)

    @property
    def web_url(self) -> str:
        return self.stack.web_url

    @property
    def broker_proxy(self) -> Proxy:
        assert self.stack.broker_proxy is not None
        return self.stack.broker_proxy

    def child(self, name: str) -> Child:
        return next(child for child in self.stack.children if child.name == name)

    def workers(self) -> list[Child]:
        return [child for child in self.stack.children if child.name.startswith("worker")]

    def close(self) -> None:
        self.stack.stop()
        for proxy in filter(None, (self.stack.broker_proxy, self.database_proxy)):
            proxy.close()
        self.database.dispose()
        self.load_database.dispose()


@contextmanager
def installed(
    home: Path,
    postgres: Postgres | None,
    lease: float,
    bends: Mapping[str, str] | None = None,
    bends_of: Mapping[str, Mapping[str, str]] | None = None,
) -> Iterator[Installation]:
    """Start an installation, wait until it answers, and stop it in order with the block.

    `bends` names patches for all children, passed in the environment that `injected/sitecustomize.py` reads; `bends_of`
    those for single children, by name.
    """
    made = Installation(home, postgres, lease, bends or {}, bends_of or {})
    try:
        made.stack.start()
        yield made
    finally:
        made.close()


def pool(worker: Child) -> list[int]:
    """Return the pool processes of a worker, in which tasks run."""
    return children(worker.process.pid) if worker.process else []
