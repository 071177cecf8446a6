"""`dispatch user`, `dispatch token`: users of the web and the API. The installation's settings permit them."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import Annotated

from pwdlib import PasswordHash

from dispatch.access import sessions, users
from dispatch.access.passwords import kept_password, new_password
from dispatch.access.users import User
from dispatch.cli.context import now, open_desk
from dispatch.cli.departure import HandOverTo, Keep, Release, decided, show_departure, show_work, work_json
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import AsJson, argument, option
from dispatch.cli.output import columns, give, local, print_rows
from dispatch.domain.roles import Actor, Grant, Role
from dispatch.domain.title import Wording
from dispatch.errors import BadInput
from dispatch.tickets import departure

app = Commands()
user = Commands()

_Name = Annotated[str, argument("登录名", "the name that one signs in with", "NAME")]
_Roles = Annotated[
    list[str],
    option(
        "--role",
        zh="角色，可限片区，可多次",
        en="a role, in these areas or in all; may be repeated",
        metavar="ROLE[=AREA,…]",
    ),
]
_Typed = Annotated[
    bool,
    option(
        "--password-stdin", zh="从标准输入读密码，否则随机生成", en="read the password; else a random one is printed"
    ),
]


@user.command(
    help=text(
        "新增用户；随机密码只显示这一次：NAME PASSWORD",
        "Make a user. The random password is printed this once.",
    )
)
def add(
    name: _Name,
    roles: _Roles = [],  # noqa: B006 — typer reads it
    password_stdin: _Typed = False,
    as_json: AsJson = False,
) -> None:
    """Make a user. Its random password is printed this once, as `NAME PASSWORD`."""
    desk = open_desk(may_create=True)
    name, grants = users.read_name(name), _grants(roles)
    password = _typed() if password_stdin else new_password(name)
    operator = desk.settings.operator if password_stdin else ""
    kept = kept_password(PasswordHash.recommended(), password, name, operator)
    with desk.database.write() as tx:
        users.add(tx, name, kept, grants, _console(), now())
    _give_password("add user", name, None if password_stdin else password, as_json)


@user.command("list", help=text("全部用户，及其角色和片区", "Everybody, with roles and areas."))
def list_(as_json: AsJson = False) -> None:
    """Everybody, with roles and areas."""
    with open_desk().database.read() as tx:
        everybody = users.everybody(tx)

    def show() -> None:
        shown = columns(text("用户", "User"), text("角色", "Roles"), text("停用", "Disabled"))
        for each in everybody:
            shown.add_row(each.name, "\n".join(map(_written, each.grants)), local(each.disabled_at))
        print_rows(shown)

    give(as_json, [_plain(each) for each in everybody], show)


@user.command(
    "role",
    help=text(
        "设置角色：只有这些，下一次请求起生效；改后不能再办的在手派单，须说明去向",
        "Set the roles: these and no others, from the next request on. Work that they don't permit needs a decision.",
    ),
)
def role_(
    name: _Name,
    roles: _Roles = [],  # noqa: B006
    hand_over_to: HandOverTo = "",
    release: Release = False,
    keep: Keep = False,
    as_json: AsJson = False,
) -> None:
    """Set the roles of a user: these and no others, from the next request on. Raises WorkUndecided, BadInput."""
    desk = open_desk()
    decision = decided(hand_over_to, release=release, keep=keep)
    with desk.database.write() as tx:
        left = departure.set_grants(
            tx,
            desk.rulebook,
            name,
            _grants(roles),
            _console(),
            now(),
            decision=decision,
            hand_over_to=hand_over_to,
        )
    said = "; ".join(map(_written, left.user.grants)) or text("无角色", "no role")
    done = {"act": "set roles", **_plain(left.user), "work": work_json(left.work)}
    give(as_json, done, lambda: show_departure(desk, f"{left.user.name}: {said}", left))


@user.command(
    help=text(
        "停用用户，下一次请求起生效；会话结束，令牌吊销，在手的放回看板或移交",
        "Shut a user out, from the next request on; sessions end, tokens are revoked, their work goes to others.",
    )
)
def disable(name: _Name, hand_over_to: HandOverTo = "", release: Release = False, as_json: AsJson = False) -> None:
    """Shut a user out, from the next request on; sessions end, tokens are revoked. What they have in hand is released
    or handed over."""
    desk = open_desk()
    decided(hand_over_to, release=release)
    with desk.database.write() as tx:
        left = departure.disable(tx, desk.rulebook, name, _console(), now(), hand_over_to=hand_over_to)
    name = left.user.name
    done = {"act": "disable user", "name": name, "work": work_json(left.work)}
    give(as_json, done, lambda: show_departure(desk, text(f"{name}：已停用", f"{name}: disabled"), left))


@user.command(help=text("用户在手的和推荐给其的环节", "What a user has in hand, or is proposed for."))
def work(name: _Name, as_json: AsJson = False) -> None:
    """Show what a user has in hand or is proposed for. Raises NotFound."""
    desk = open_desk()
    with desk.database.read() as tx:
        found = departure.in_hand(tx, name)
    give(as_json, work_json(found), lambda: show_work(desk, found))


@user.command(help=text("重新启用用户", "Let a disabled user in again."))
def enable(name: _Name, as_json: AsJson = False) -> None:
    """Let a disabled user in again."""
    desk = open_desk()
    with desk.database.write() as tx:
        users.enable(tx, name, _console(), now())
    give(as_json, {"act": "enable user", "name": name}, text(f"{name}：已启用", f"{name}: enabled"))


@user.command(
    help=text(
        "重设密码，会话结束，令牌吊销；随机密码只显示这一次",
        "Set a new password; sessions end, tokens are revoked. A random one is printed this once.",
    )
)
def password(name: _Name, password_stdin: _Typed = False, as_json: AsJson = False) -> None:
    """Set a new password; sessions end, tokens are revoked. A random one is printed this once, as `NAME PASSWORD`."""
    desk = open_desk()
    new = _typed() if password_stdin else new_password(name)
    operator = desk.settings.operator if password_stdin else ""
    kept = kept_password(PasswordHash.recommended(), new, name, operator)
    with desk.database.write() as tx:
        users.set_password(tx, name, kept, _console(), now())
    _give_password("set password", name, None if password_stdin else new, as_json)


@user.command(
    help=text(
        "解除用户与统一认证中那个人的绑定，会话结束；下一个以此名登录的人被绑定",
        "Unbind a user from their person at the identity provider; sessions end. The next one of that name is bound.",
    )
)
def unbind(name: _Name, as_json: AsJson = False) -> None:
    """Unbind a user from their person at the identity provider; sessions end. The next one of that name is bound."""
    desk = open_desk()
    with desk.database.write() as tx:
        users.unbind(tx, name, _console(), now())
    give(as_json, {"act": "unbind identity", "name": name}, text(f"{name}：已解除绑定", f"{name}: unbound"))


@user.command(
    "tokens",
    help=text(
        "用户的接口令牌；令牌内容不保存",
        "The user's API tokens; what they say when sent is kept nowhere.",
    ),
)
def tokens_(name: _Name, as_json: AsJson = False) -> None:
    """The user's API tokens; what they say when sent is kept nowhere."""
    with open_desk().database.read() as tx:
        rows = sessions.tokens(tx, users.get(tx, name).id)

    def show() -> None:
        listed = columns(
            text("编号", "Id"),
            text("用途", "For"),
            text("制作", "Made"),
            text("到期", "Expires"),
            text("吊销", "Revoked"),
        )
        for row in rows:
            times = (local(moment, "%Y-%m-%d") for moment in (row.made_at, row.expires_at, row.revoked_at))
            listed.add_row(str(row.id), row.title, *times)
        print_rows(listed)

    shown = ("id", "title", "made_at", "expires_at", "revoked_at")
    give(as_json, [{column: getattr(row, column) for column in shown} for row in rows], show)


@user.command("revoke", help=text("吊销接口令牌", "Revoke an API token."))
def revoke(
    name: _Name,
    token: Annotated[int, argument("编号，见 dispatch user tokens", "its id, from `dispatch user tokens`")],
    as_json: AsJson = False,
) -> None:
    """Revoke an API token."""
    desk = open_desk()
    with desk.database.write() as tx:
        owner = users.get(tx, name)
        sessions.revoke_token(tx, token, owner.id, owner.name, _console(), now())
    done = {"act": "revoke token", "name": name, "id": token}
    give(as_json, done, text(f"{name}：{token} 已吊销", f"{name}: {token} revoked"))


@app.command()
def token(
    name: _Name,
    title: Annotated[str, option(zh="用途", en="what it is for", show_default=True)] = "dispatch token",
    days: Annotated[
        int | None,
        option(
            zh="有效天数，不给则为30天；上限见 DISPATCH_TOKEN_DAYS",
            en="how many days it lasts, 30 unless given; at most DISPATCH_TOKEN_DAYS",
            min=1,
            max=sessions.LONGEST_TOKEN.days,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """An API token of a user, printed this once: `Authorization: Bearer …`."""
    desk = open_desk()
    longest = desk.settings.token_span
    lasts = sessions.usual_life(longest) if days is None else timedelta(days=days)
    with desk.database.write() as tx:
        owner = users.get(tx, name)
        made = sessions.make_token(tx, owner.id, owner.name, title, lasts, _console(), now(), longest)
    give(as_json, {"act": "make token", "name": name, "title": title, "token": made}, made)


def _give_password(act: str, name: str, password: str | None, as_json: bool) -> None:
    """`NAME PASSWORD`; the name alone when the password was typed."""
    done = {"act": act, "name": name, **({} if password is None else {"password": password})}
    give(as_json, done, name if password is None else f"{name} {password}")


def _console() -> Actor:
    """The actor at the installation's own terminal; the audit trail names the account of its operating system."""
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
    areas = text("全部片区", "all areas") if grant.areas is None else ", ".join(sorted(grant.areas))
    return text(f"{grant.role.label.zh} {grant.role}（{areas}）", f"{grant.role} ({areas})")


def _plain(each: User) -> dict[str, object]:
    roles = [{"role": g.role, "areas": None if g.areas is None else sorted(g.areas)} for g in each.grants]
    return {"name": each.name, "roles": roles, "disabled_at": each.disabled_at, "made_at": each.made_at}
