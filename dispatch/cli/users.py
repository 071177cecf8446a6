"""`dispatch user`, `dispatch token`: who may use the web and the API. Whoever has this installation's settings may."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import Annotated

import typer
from pwdlib import PasswordHash

from dispatch.access import sessions, users
from dispatch.access.passwords import kept_password, new_password
from dispatch.access.users import User
from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.options import AsJson
from dispatch.cli.output import local, out, show_json, table
from dispatch.domain.roles import Actor, Grant, Role
from dispatch.domain.title import Wording
from dispatch.errors import BadInput

app = Commands()
user = Commands()

_Name = Annotated[str, typer.Argument(metavar="NAME", help="the name that one signs in with")]
_Roles = Annotated[
    list[str],
    typer.Option("--role", metavar="ROLE[=AREA,…]", help="a role, in these areas or in all; may be repeated"),
]
_Typed = Annotated[bool, typer.Option("--password-stdin", help="read the password; else a random one is printed")]


@user.command()
def add(name: _Name, roles: _Roles = [], password_stdin: _Typed = False) -> None:  # noqa: B006 — typer reads it
    """Make a user. Its random password is printed this once, as `NAME PASSWORD`."""
    desk = open_desk()
    name, grants = users.read_name(name), _grants(roles)
    password = _typed() if password_stdin else new_password(name)
    kept = kept_password(PasswordHash.recommended(), password, name)
    with desk.database.write() as tx:
        users.add(tx, name, kept, grants, _console(), now())
    typer.echo(name if password_stdin else f"{name} {password}")


@user.command("list")
def list_(as_json: AsJson = False) -> None:
    """Everybody, with roles and areas."""
    with open_desk().database.read() as tx:
        everybody = users.everybody(tx)
    if as_json:
        show_json([_plain(each) for each in everybody])
        return
    shown = table()
    for heading in ("用户 User", "角色 Roles", "停用 Disabled"):
        shown.add_column(heading, overflow="fold")
    for each in everybody:
        shown.add_row(each.name, "\n".join(map(_written, each.grants)), local(each.disabled_at))
    out.print(shown)


@user.command("role")
def role_(name: _Name, roles: _Roles = []) -> None:  # noqa: B006
    """Set the roles of a user: these and no others, from the next request on."""
    desk = open_desk()
    with desk.database.write() as tx:
        changed = users.set_grants(tx, name, _grants(roles), _console(), now())
    out.print(f"{changed.name}: {'; '.join(map(_written, changed.grants)) or '无角色 no role'}")


@user.command()
def disable(name: _Name) -> None:
    """Shut a user out, from the next request on; sessions end."""
    desk = open_desk()
    with desk.database.write() as tx:
        users.disable(tx, name, _console(), now())
    out.print(f"{name}: 已停用 · disabled")


@user.command()
def enable(name: _Name) -> None:
    """Let a disabled user in again."""
    desk = open_desk()
    with desk.database.write() as tx:
        users.enable(tx, name, _console(), now())
    out.print(f"{name}: 已启用 · enabled")


@user.command()
def password(name: _Name, password_stdin: _Typed = False) -> None:
    """Set a new password; sessions end. A random one is printed this once, as `NAME PASSWORD`."""
    desk = open_desk()
    new = _typed() if password_stdin else new_password(name)
    kept = kept_password(PasswordHash.recommended(), new, name)
    with desk.database.write() as tx:
        users.set_password(tx, name, kept, _console(), now())
    typer.echo(name if password_stdin else f"{name} {new}")


@user.command("tokens")
def tokens_(name: _Name, as_json: AsJson = False) -> None:
    """The user's API tokens; what they say when sent is kept nowhere."""
    with open_desk().database.read() as tx:
        rows = sessions.tokens(tx, users.get(tx, name).id)
    if as_json:
        show_json(
            [
                {
                    "id": row.id,
                    "title": row.title,
                    "made_at": row.made_at,
                    "expires_at": row.expires_at,
                    "revoked_at": row.revoked_at,
                }
                for row in rows
            ]
        )
        return
    listed = table()
    for heading in ("编号 Id", "用途 For", "制作 Made", "到期 Expires", "吊销 Revoked"):
        listed.add_column(heading)
    for row in rows:
        times = (local(moment, "%Y-%m-%d") for moment in (row.made_at, row.expires_at, row.revoked_at))
        listed.add_row(str(row.id), row.title, *times)
    out.print(listed)


@user.command("revoke")
def revoke(name: _Name, token: Annotated[int, typer.Argument(help="its id, from `dispatch user tokens`")]) -> None:
    """Revoke an API token."""
    desk = open_desk()
    with desk.database.write() as tx:
        owner = users.get(tx, name)
        sessions.revoke_token(tx, token, owner.id, owner.name, _console(), now())
    out.print(f"{name}: {token} 已吊销 · revoked")


@app.command()
def token(
    name: _Name,
    title: Annotated[str, typer.Option(help="what it is for")] = "dispatch token",
    days: Annotated[int, typer.Option(min=1, max=sessions.LONGEST_TOKEN.days, help="how long it lasts")] = 90,
) -> None:
    """访问令牌 · an API token of a user, printed this once: `Authorization: Bearer …`."""
    desk = open_desk()
    with desk.database.write() as tx:
        owner = users.get(tx, name)
        typer.echo(sessions.make_token(tx, owner.id, owner.name, title, timedelta(days=days), _console(), now()))


def _console() -> Actor:
    """Who sits at the installation's own terminal; the audit trail names the account of its operating system."""
    return Actor(f"console:{os.environ.get('USER', os.getuid())}"[:80], Role.OPS)


def _grants(given: list[str]) -> tuple[Grant, ...]:
    pairs = [part.partition("=") for part in given]
    return users.read_grants([(role, areas.split(",") if sign else None) for role, sign, areas in pairs])


def _typed() -> str:
    """One line of standard input. Raises BadInput when there is none."""
    line = sys.stdin.readline().rstrip("\n")
    if not line:
        raise BadInput(what=Wording("标准输入中没有密码", "there is no password on standard input"))
    return line


def _written(grant: Grant) -> str:
    return f"{grant.role} ({'全部 all' if grant.areas is None else ', '.join(sorted(grant.areas))})"


def _plain(each: User) -> dict[str, object]:
    roles = [{"role": g.role, "areas": None if g.areas is None else sorted(g.areas)} for g in each.grants]
    return {"name": each.name, "roles": roles, "disabled_at": each.disabled_at, "made_at": each.made_at}
