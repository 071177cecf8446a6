"""The environment → frozen settings. Every setting is a variable `DISPATCH_…`; all faults are told at once."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatch.errors import BadSettings

PREFIX = "DISPATCH_"
PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """What an operator may set. Passwords stand in the URLs, so these are never shown."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    home: Path = Field(Path("~/.local/share/paidan"), description="where the state lives")
    database_url: SecretStr | None = Field(None, description="postgresql+psycopg://…; without it SQLite in the home")
    broker_url: SecretStr | None = Field(None, description="redis://…; without it a Valkey server of our own")
    rules: Path = Field(PROJECT / "routing_rules.yaml", description="the operator's law")
    prehandling: Path = Field(PROJECT / "prehandling.yaml", description="the questions asked on the phone")
    plans: Path = Field(PROJECT / "marketing_plans.yaml", description="what a line costs, and to whom it is offered")
    workers: Annotated[int, Field(ge=1, le=64)] = Field(2, description="worker processes that `dispatch up` starts")
    flower_port: Annotated[int, Field(ge=0, le=65535)] = Field(5555, description="Flower's; 0 takes any free one")
    web_port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="the web's; 0 takes any free one")
    web_address: str = Field("127.0.0.1", description="on which of the machine's addresses the web answers")
    web_url: str = Field("", description="under which people reach the web, if not by port: https:// makes it strict")
    web_proxies: str = Field("", description="addresses of proxies whose word is taken for a visitor's, with commas")
    largest_upload: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        10_000_000, description="bytes of one photo or scan, at most"
    )
    batch: Annotated[int, Field(ge=1, le=1000)] = Field(200, description="hops in one message, at most")
    lease: Annotated[float, Field(ge=1, le=3600)] = Field(
        30, description="seconds until an unanswered message goes again"
    )
    survey_url: str = Field(
        "http://127.0.0.1:8000/s/", description="what stands before the token in a survey's message"
    )
    operator: str = Field("派单宽带 Paidan Broadband", description="the operator's name on slips and invoices")
    outlet: str = Field("营业厅 Counter", description="where account operations are done, as slips say it")
    record_url: str = Field(
        "http://127.0.0.1:8000/slips/", description="what stands before the serial in a slip's code"
    )
    fonts: Path | None = Field(None, description="a folder of fonts for slips and invoices; without it the wheel's")
    field_keys: SecretStr | None = Field(
        None, description="id:key,… for identity numbers, the first encrypts; needed with a database of your own"
    )
    index_key: SecretStr | None = Field(None, description="the key by which identity numbers are looked up")
    user: str = Field("", description="who acts, when --as isn't given")
    role: str = Field("", description="in which role, when --role isn't given")

    @property
    def database(self) -> str:
        """The SQLAlchemy URL; it may hold a password."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.root / 'paidan.db'}"

    @property
    def embedded_database(self) -> bool:
        return self.database_url is None

    @property
    def root(self) -> Path:
        """`home` as an absolute path."""
        return self.home.expanduser().absolute()

    @property
    def https(self) -> bool:
        """Whether people reach the web by https, by whatever proxy: cookies then never leave it."""
        return self.web_url.startswith("https://")

    @property
    def run(self) -> Path:
        """Where running processes leave their marks."""
        return self.root / "run"

    @property
    def ledger(self) -> Path:
        """The ledger of effects, outside the database and without any constraint."""
        return self.root / "ledger.tsv"

    @property
    def lease_span(self) -> timedelta:
        return timedelta(seconds=self.lease)


def load_settings() -> Settings:
    """The settings in force. Raises BadSettings with every fault, unknown variables included."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    faults = [
        f"{name}: unknown; known are {', '.join(sorted(known))}"
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name not in known
    ]
    try:
        settings = Settings()  # type: ignore[call-arg, unused-ignore]
    except ValidationError as wrong:
        faults += [f"{PREFIX}{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in wrong.errors()]
    if faults:
        raise BadSettings(faults="; ".join(faults))
    return settings
