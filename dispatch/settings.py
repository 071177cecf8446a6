"""The environment → frozen settings. Every setting is a variable `DISPATCH_…`; all faults are told at once.

A variable that the environment lacks may stand in `paidan.env` in the current folder (`dispatch.defaults`).
A secret may stand in a file instead, that `DISPATCH_…_FILE` names: an environment is seen by whoever may look at the
process, a file only by whom its permissions let in.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from dispatch import defaults
from dispatch.domain.model_faults import model_fault
from dispatch.domain.title import Wording, WrongValue, same
from dispatch.errors import BadSettings

PREFIX = "DISPATCH_"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""What this machine alone can reach."""
IN_FILE = "_FILE"


class Settings(BaseModel):
    """What an operator may set. Passwords stand in the URLs, so these are never shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(Path("~/.local/share/paidan"), description="where the state lives")
    database_url: SecretStr | None = Field(
        None, description="a PostgreSQL, postgresql+psycopg://…; without it SQLite in the home"
    )
    broker_url: SecretStr | None = Field(
        None, description="a Redis or Valkey, redis://…; without it a Valkey server of its own"
    )
    rules: Path = Field(
        default_factory=lambda: defaults.folder() / defaults.RULES, description="the routing rules, the operator's law"
    )
    prehandling: Path = Field(
        default_factory=lambda: defaults.folder() / defaults.PREHANDLING, description="the questions asked on the phone"
    )
    plans: Path = Field(
        default_factory=lambda: defaults.folder() / defaults.PLANS,
        description="what a line costs, and to whom it is offered",
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(2, description="worker processes that `dispatch up` starts")
    broker_master: str = Field("", description="the master's name, with sentinel://… as broker")
    flower_port: Annotated[int, Field(ge=0, le=65535)] = Field(5555, description="Flower's port; 0 takes any free one")
    flower_address: str = Field("127.0.0.1", description="the machine's address on which Flower answers")
    flower_password: SecretStr | None = Field(
        None, description="password of Flower's user paidan; required when other machines can reach Flower"
    )
    web_port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="the web's port; 0 takes any free one")
    web_address: str = Field("127.0.0.1", description="the machine's address on which the web answers")
    web_url: str = Field(
        "", description="the address under which people reach the web through a proxy; https:// makes cookies strict"
    )
    web_proxies: str = Field(
        "", description="addresses of trusted proxies, which name the visitor's address; with commas"
    )
    largest_upload: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        10_000_000, description="largest photo or scan, in bytes"
    )
    metrics_token: SecretStr | None = Field(
        None, description="bearer token that opens /metrics; without it nobody can read them"
    )
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        0, description="port on which a relay or a worker shows its metrics; 0: on none"
    )
    metrics_address: str = Field("127.0.0.1", description="the machine's address on which they show them")
    oidc_issuer: str = Field(
        "", description="OpenID Connect: the identity provider's address, if people may sign in by one"
    )
    oidc_client_id: str = Field("", description="OpenID Connect: this installation's name at the provider")
    oidc_client_secret: SecretStr | None = Field(
        None, description="OpenID Connect: this installation's secret at the provider"
    )
    oidc_claim: str = Field("preferred_username", description="OpenID Connect: the claim that is the user's name here")
    batch: Annotated[int, Field(ge=1, le=1000)] = Field(400, description="most hops in one message")
    lease: Annotated[float, Field(ge=1, le=3600)] = Field(
        30, description="seconds until an unanswered message is sent again"
    )
    store_days: Annotated[int, Field(ge=30, le=36_500)] = Field(
        180, description="days from a case's end until its history goes into the case store, where it stays readable"
    )
    forget_days: Annotated[int, Field(ge=1, le=36_500)] = Field(
        30, description="days from an outside effect's confirmation until its content is forgotten"
    )
    survey_url: str = Field(
        default_factory=lambda known: f"{_web(known)}/s/",
        description="a survey link without its token; by default a page of the web",
    )
    operator: str = Field("派单宽带 Paidan Broadband", description="the operator's name on slips and invoices")
    outlet: str = Field("营业厅 Counter", description="the counter's name on slips")
    record_url: str = Field(
        default_factory=lambda known: f"{_web(known)}/slips/",
        description="the link in a slip's QR code without its serial; by default a page of the web",
    )
    fonts: Path | None = Field(
        None, description="a folder of fonts for slips and invoices; without it those of the packages"
    )
    field_keys: SecretStr | None = Field(
        None, description="keys for identity numbers, id:key,…; the first encrypts; required with DISPATCH_DATABASE_URL"
    )
    index_key: SecretStr | None = Field(
        None, description="key by which identity numbers are looked up; required with DISPATCH_DATABASE_URL"
    )
    user: str = Field("", description="the acting person, when --as isn't given")
    role: str = Field("", description="the acting person's role, when --role isn't given")
    lang: Literal["", "zh", "en"] = Field(
        "", description="language of the command line, zh or en; without it the locale's, Chinese where there is none"
    )

    @model_validator(mode="before")
    @classmethod
    def _read_environment(cls, given: dict[str, Any]) -> dict[str, Any]:
        """The environment's values, where none was given. Read here: pydantic-settings takes 60 ms to import."""
        named = {name: PREFIX + name.upper() for name in cls.model_fields}
        environment = defaults.environment()
        return {name: environment[variable] for name, variable in named.items() if variable in environment} | given

    @model_validator(mode="after")
    def _knows_its_provider(self) -> Self:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret):
            needed = "DISPATCH_OIDC_CLIENT_ID", "DISPATCH_OIDC_CLIENT_SECRET"
            raise WrongValue(
                f"DISPATCH_OIDC_ISSUER 还需要 {needed[0]} 和 {needed[1]}",
                f"DISPATCH_OIDC_ISSUER needs {needed[0]} and {needed[1]}",
            )
        return self

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

    @property
    def store_span(self) -> timedelta:
        return timedelta(days=self.store_days)

    @property
    def forget_span(self) -> timedelta:
        return timedelta(days=self.forget_days)


def local_url(address: str, port: int) -> str:
    """Under which this machine reaches what listens there."""
    host = "127.0.0.1" if address == "0.0.0.0" else f"[{address}]" if ":" in address else address  # noqa: S104
    return f"http://{host}:{port}"


def _web(known: dict[str, Any]) -> str:
    """Under which people reach the web; of the settings that were read before the one that asks."""
    return str(known["web_url"]).rstrip("/") or local_url(known["web_address"], known["web_port"])


def load_settings() -> Settings:
    """The settings in force. Raises BadSettings with every fault, unknown variables included."""
    environment = defaults.environment()
    known = variables()
    faults = [
        _unknown(name, known).at(name) for name in sorted(environment) if name.startswith(PREFIX) and name not in known
    ]
    given = _read_secrets(environment, faults)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as wrong:
        own = [each for each in wrong.errors() if each["type"] != "default_factory_not_called"]  # follow from others
        faults += [model_fault(each).at(f"{PREFIX}{'.'.join(map(str, each['loc'])).upper()}") for each in own]
    if faults:
        raise BadSettings(*faults)
    return settings


def _unknown(name: str, known: set[str]) -> Wording:
    """The fault of a variable that is no setting, with the nearest setting, else with all of them."""
    if near := difflib.get_close_matches(name, known, n=1):
        return Wording(f"没有这个设置；是不是 {near[0]}？", f"unknown; did you mean {near[0]}?")
    listed = ", ".join(sorted(known))
    return Wording(f"没有这个设置；有：{listed}", f"unknown; known are {listed}")


def variables() -> set[str]:
    """Every variable that can be set."""
    return {PREFIX + name.upper() for name in Settings.model_fields} | set(_files())


def _files() -> dict[str, str]:
    """The variables that name files, and for which setting each."""
    fields = Settings.model_fields.items()
    secrets = [name for name, field in fields if field.annotation == SecretStr | None]
    return {PREFIX + name.upper() + IN_FILE: name for name in secrets}


def _read_secrets(environment: Mapping[str, str], faults: list[Wording]) -> dict[str, SecretStr]:
    """What stands in the files that are named; what is wrong with them goes to the faults, never what they say."""
    found = {}
    for variable, name in _files().items():
        file = environment.get(variable)
        if not file:
            continue
        own = variable.removesuffix(IN_FILE)
        if environment.get(own):
            faults.append(Wording(f"{own} 也设置了；请只设一个", f"{own} is set too; set one of them").at(variable))
            continue
        try:
            text = Path(file).read_text(encoding="utf-8").strip()
        except OSError as wrong:
            faults.append(same(str(wrong.strerror)).at(f"{variable}: {file}"))
            continue
        except UnicodeDecodeError:
            faults.append(Wording("不是文本文件", "that is no text").at(f"{variable}: {file}"))
            continue
        if text:
            found[name] = SecretStr(text)
        else:
            faults.append(Wording("文件是空的", "the file is empty").at(f"{variable}: {file}"))
    return found
