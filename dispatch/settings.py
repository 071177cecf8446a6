"""Settings, read from the environment variables `DISPATCH_…`. All faults are reported at once.

A variable that is missing from the environment may be in `paidan.env` in the current folder (`dispatch.defaults`).
A secret may be in a file that `DISPATCH_…_FILE` names: anybody who may inspect the process sees its environment, but a
file has permissions.
"""

from __future__ import annotations

import difflib
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from dispatch import defaults
from dispatch.domain import server_urls, signed_message, trusted_proxies
from dispatch.domain.language import primary
from dispatch.domain.model_faults import model_fault
from dispatch.domain.outlet_hours import read_hours
from dispatch.domain.system_faults import system_fault
from dispatch.domain.title import Wording, WrongValue
from dispatch.errors import BadSettings

PREFIX = "DISPATCH_"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Addresses that only this machine can reach."""
IN_FILE = "_FILE"


def _known_hours(text: str) -> str:
    """Raises WrongValue."""
    return str(read_hours(text))


def _known_zone(name: str) -> str:
    """Check that the rules of this time zone are at hand. Raises WrongValue."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
    else:
        return name
    if not known:
        raise WrongValue(
            "本机没有时区数据：请安装软件包 tzdata",
            "this machine has no time zones: install the package tzdata",
        )
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    meant = (f"；是不是 {near[0]}？", f"; did you mean {near[0]}?") if near else ("", "")
    raise WrongValue(
        f"没有时区“{name:.60}”：应写作 Asia/Shanghai 这样的名称{meant[0]}",
        f"there is no time zone {name!r:.60}: write a name such as Asia/Shanghai{meant[1]}",
    )


def _read_as(form: Callable[[str], str]) -> AfterValidator:
    """Bring a secret into its form: a URL into the one that its driver takes. The form raises WrongValue."""

    def read(given: SecretStr | None) -> SecretStr | None:
        return SecretStr(form(given.get_secret_value())) if given else given

    return AfterValidator(read)


class Settings(BaseModel):
    """Everything that an operator may set; `setting_meanings` explains each. URLs may hold passwords and are secrets,
    which are never shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Path("~/.local/share/paidan")
    database_url: Annotated[SecretStr | None, _read_as(server_urls.database_url)] = None
    broker_url: Annotated[SecretStr | None, _read_as(server_urls.broker_url)] = None
    rules: Path = Field(default_factory=lambda: defaults.folder() / defaults.RULES)
    prehandling: Path = Field(default_factory=lambda: defaults.folder() / defaults.PREHANDLING)
    plans: Path = Field(default_factory=lambda: defaults.folder() / defaults.PLANS)
    messages: Path = Field(default_factory=lambda: defaults.folder() / defaults.MESSAGES)
    complaints: Path = Field(default_factory=lambda: defaults.folder() / defaults.COMPLAINTS)
    quiet_hours: bool = True
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    broker_master: str = ""
    sentinel_password: SecretStr | None = None
    flower_port: Annotated[int, Field(ge=0, le=65535)] = 5555
    flower_address: str = "127.0.0.1"
    flower_password: SecretStr | None = None
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8000
    web_address: str = "127.0.0.1"
    web_url: str = ""
    web_proxies: Annotated[str, AfterValidator(trusted_proxies.read)] = ""
    web_connections: Annotated[int, Field(ge=16, le=100_000)] = 1000
    web_head_seconds: Annotated[float, Field(ge=1, le=300)] = 10
    web_slowest: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    largest_upload: Annotated[int, Field(ge=1, le=100_000_000)] = 10_000_000
    metrics_token: SecretStr | None = None
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    metrics_address: str = "127.0.0.1"
    billing_event_key: Annotated[SecretStr | None, _read_as(signed_message.written_key)] = None
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_claim: str = "preferred_username"
    token_days: Annotated[int, Field(ge=1, le=366)] = 90
    access_log_days: Annotated[int, Field(ge=184, le=36_500)] = 365
    batch: Annotated[int, Field(ge=1, le=1000)] = 400
    lease: Annotated[float, Field(ge=1, le=3600)] = 30
    clock_limit: Annotated[float, Field(ge=1, le=3600)] = 5
    store_days: Annotated[int, Field(ge=30, le=36_500)] = 180
    forget_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    demand_next_days: Annotated[int, Field(ge=1, le=366)] = 7
    demand_months: Annotated[int, Field(ge=1, le=120)] = 24
    transfer_seconds: Annotated[int, Field(ge=1, le=3_600)] = 60
    referral_days: Annotated[int, Field(ge=1, le=3_650)] = 90
    bill_day: Annotated[int, Field(ge=1, le=28)] = 1
    device_months: Annotated[int, Field(ge=1, le=120)] = 36
    pause_fee: Annotated[int, Field(ge=0, le=1_000_000)] = 500
    pause_months: Annotated[int, Field(ge=1, le=12)] = 6
    survey_url: str = Field(default_factory=lambda known: f"{_web(known)}/s/")
    survey_undo: Annotated[float, Field(ge=0, le=600)] = 60
    timezone: Annotated[str, AfterValidator(_known_zone), Field(validate_default=True)] = "Asia/Shanghai"
    operator: str = "派单宽带 Paidan Broadband"
    outlet: str = "营业厅"
    outlet_hours: Annotated[str, AfterValidator(_known_hours)] = "09:00-18:00"
    record_url: str = Field(default_factory=lambda known: f"{_web(known)}/slips/")
    fonts: Path | None = None
    field_keys: SecretStr | None = None
    index_key: SecretStr | None = None
    user: str = ""
    role: str = ""
    lang: Annotated[Literal["", "zh", "en"], BeforeValidator(primary)] = ""

    @model_validator(mode="before")
    @classmethod
    def _read_environment(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Add the environment's values where no value is given. pydantic-settings would do it, but takes 60 ms to
        import."""
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

    @model_validator(mode="after")
    def _knows_its_master(self) -> Self:
        if self.broker_url and self.broker_url.get_secret_value().startswith("sentinel:") and not self.broker_master:
            raise WrongValue(
                "DISPATCH_BROKER_MASTER: 用 sentinel://… 时须写明主节点的名称",
                "DISPATCH_BROKER_MASTER: with sentinel://… the master must be named",
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
        """Return whether the database is the SQLite file in `home`."""
        return self.database_url is None

    @property
    def root(self) -> Path:
        """`home` as an absolute path."""
        return self.home.expanduser().absolute()

    @property
    def https(self) -> bool:
        """Return whether people reach the web server by HTTPS. Its cookies are then sent by HTTPS only."""
        return self.web_url.startswith("https://")

    @property
    def run(self) -> Path:
        """The folder in which running processes leave their locks, URLs and readiness marks."""
        return self.root / "run"

    @property
    def ledger(self) -> Path:
        """The file to which the simulated systems outside write what they did. It is no part of the database."""
        return self.root / "ledger.tsv"

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The time zone in which people of this installation read and type times."""
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def lease_span(self) -> timedelta:
        return timedelta(seconds=self.lease)

    @property
    def store_span(self) -> timedelta:
        return timedelta(days=self.store_days)

    @property
    def demand_turn(self) -> timedelta:
        """The time for which nobody else is told of a free place."""
        return timedelta(days=self.demand_next_days)

    @property
    def survey_undo_span(self) -> timedelta:
        """The time for which a customer can take an answer back."""
        return timedelta(seconds=self.survey_undo)

    @property
    def token_span(self) -> timedelta:
        return timedelta(days=self.token_days)

    @property
    def access_log_span(self) -> timedelta:
        return timedelta(days=self.access_log_days)

    @property
    def forget_span(self) -> timedelta:
        return timedelta(days=self.forget_days)


def local_url(address: str, port: int) -> str:
    """The URL by which this machine reaches a server that listens on this address and port."""
    host = "127.0.0.1" if address == "0.0.0.0" else f"[{address}]" if ":" in address else address  # noqa: S104
    return f"http://{host}:{port}"


def _web(known: dict[str, Any]) -> str:
    """The URL by which people reach the web server. `known` holds the settings that were read so far."""
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
        own = [
            each for each in wrong.errors() if each["type"] != "default_factory_not_called"
        ]  # it only follows from another fault
        faults += [_named(model_fault(each), each["loc"]) for each in own]
    if faults:
        raise BadSettings(*faults)
    return settings


def _named(fault: Wording, place: Sequence[int | str]) -> Wording:
    """The fault with its variable. A fault of several variables has no place, and names them itself."""
    return fault.at(f"{PREFIX}{'.'.join(map(str, place)).upper()}") if place else fault


def _unknown(name: str, known: set[str]) -> Wording:
    """The fault of a variable that is no setting, with the nearest setting, else with all of them."""
    if near := difflib.get_close_matches(name, known, n=1):
        return Wording(f"没有这个设置；是不是 {near[0]}？", f"unknown; did you mean {near[0]}?")
    listed = ", ".join(sorted(known))
    return Wording(f"没有这个设置；有：{listed}", f"unknown; known are {listed}")


def variables() -> set[str]:
    """The names of all variables that may be set."""
    return {PREFIX + name.upper() for name in Settings.model_fields} | set(_files())


def _files() -> dict[str, str]:
    """The variables that name a secret's file, each with the setting that it sets."""
    fields = Settings.model_fields.items()
    secrets = [name for name, field in fields if field.annotation == SecretStr | None]
    return {PREFIX + name.upper() + IN_FILE: name for name in secrets}


def _read_secrets(environment: Mapping[str, str], faults: list[Wording]) -> dict[str, SecretStr]:
    """Read the secrets from the files that `DISPATCH_…_FILE` variables name.

    Faults are added to `faults`, without a word of the files' content.
    """
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
            faults.append(system_fault(wrong).at(f"{variable}: {file}"))
            continue
        except UnicodeDecodeError:
            faults.append(Wording("不是文本文件", "it is not a text file").at(f"{variable}: {file}"))
            continue
        if text:
            found[name] = SecretStr(text)
        else:
            faults.append(Wording("文件是空的", "the file is empty").at(f"{variable}: {file}"))
    return found
