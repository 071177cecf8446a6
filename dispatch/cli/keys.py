"""`dispatch keys`: the keys of identity numbers, scans and photos: made, shown by fingerprint, rotated, retired."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Annotated

import typer
from typer._click.globals import get_current_context

from dispatch.cli.context import Desk, now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.keys_brought_back import brought_back, words_for_brought_back
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, option
from dispatch.cli.output import give, local, note, out, print_rows, said, table
from dispatch.domain.key_state import KeyPurpose, KeyState
from dispatch.domain.roles import Actor, Role, require
from dispatch.domain.title import Title, Wording
from dispatch.settings import PREFIX
from dispatch.storage import encrypted, key_ring, key_source, retired_keys, rotation
from dispatch.storage.field_cipher import new_keys
from dispatch.storage.open_keys import open_cipher
from dispatch.storage.rotation import RotationProgress

keys = Commands(invoke_without_command=True, no_args_is_help=False)

PURPOSES = {KeyPurpose.ENCRYPTION: Title("加密", "data"), KeyPurpose.INDEX: Title("索引", "index")}
STATES = {
    KeyState.ANNOUNCED: Title("已公布", "announced"),
    KeyState.CURRENT: Title("现用", "current"),
    KeyState.OLD: Title("旧", "old"),
    KeyState.RETIRED: Title("已停用", "retired"),
}
MOST_WAIT = 30
"""Seconds for which `rotate` waits until every process has the new key."""
LATELY = timedelta(hours=1)
"""Whoever runs `rotate` again so soon after a rotation wants to see it end, not another one."""

_ROTATE, _RETIRE = Title("轮换密钥", "rotate the keys"), Title("停用密钥", "retire a key")


@keys.callback(
    help=text(
        "不带子命令：生成新密钥，输出为环境变量；请与数据库分开保管。",
        "Without a command: new keys, as lines for the environment; keep them apart from the database.",
    )
)
def make_keys(as_json: AsJson = False) -> None:
    """Print new keys for identity numbers, unless a command follows."""
    if get_current_context().invoked_subcommand is not None:
        return
    field_keys, index_key = new_keys()
    made = {f"{PREFIX}FIELD_KEYS": field_keys, f"{PREFIX}INDEX_KEY": index_key}
    give(as_json, made, "\n".join(f"{name}={value}" for name, value in made.items()))


@keys.command(
    "show",
    help=text("密钥的编号、指纹、起用时间和数据行数；不含密钥本身", "Ids, fingerprints, since when, how many rows."),
)
def keys_show(as_json: AsJson = False) -> None:
    """The keys that the database knows, without the keys themselves. Counts the rows under each.

    Retired keys that are needed again come back first.
    """
    desk = open_desk()
    brought = brought_back(desk.settings, desk.database)
    with desk.database.read() as tx:
        ring, done = key_ring.read(tx), rotation.progress(tx)
        rows = encrypted.look(tx).rows
    cipher = key_source.find(desk.settings)
    here = {} if cipher is None else cipher.fingerprints()
    listed = [
        {
            "key": key.id,
            "purpose": key.purpose,
            "fingerprint": key.fingerprint,
            "state": key.state,
            "since": key.used_from or key.added_at,
            "rows": rows.get(key.id, 0) if key.purpose == KeyPurpose.ENCRYPTION else None,
            "here": here.get(key.id) == key.fingerprint,
        }
        for key in (ring.keys if ring else ())
    ]

    def show() -> None:
        if brought:
            out.print(words_for_brought_back(brought))
        shown = table()
        for heading in (
            text("密钥", "Key"), text("用途", "For"), text("指纹", "Fingerprint"), text("状态", "State"),
            text("起", "Since"), text("行数", "Rows"), text("本机", "Here"),
        ):  # fmt: skip
            shown.add_column(heading, no_wrap=heading == text("指纹", "Fingerprint"), overflow="fold")
        for key in ring.keys if ring else ():
            count = str(rows.get(key.id, 0)) if key.purpose == KeyPurpose.ENCRYPTION else ""
            mark = "✓" if here.get(key.id) == key.fingerprint else "–"
            since = local(key.used_from or key.added_at, "%Y-%m-%d")
            purpose, state = said(PURPOSES[KeyPurpose(key.purpose)]), said(STATES[KeyState(key.state)])
            shown.add_row(key.id, purpose, key.fingerprint, state, since, count, mark)
        print_rows(shown)
        for line in _lines(done):
            out.print(line)

    told = {"source": said(key_source.where(desk.settings)), "keys": listed, "rotation": _data(done)}
    give(as_json, told | {"brought_back": brought}, show)


@keys.command(
    "rotate",
    help=text(
        "轮换：公布新密钥，各进程都有后起用，再重新加密已有数据；中断后可再次执行，已由网页进程完成的只报告结果",
        "Announce a new key, use it once every process has it, write what there is again under it. Run it again after "
        "an interruption: it goes on, or tells that the web process ended it.",
    ),
)
def keys_rotate(
    as_name: As = "",
    role: InRole = "",
    no_wait: Annotated[
        bool,
        option("--no-wait", zh="只公布，其余由网页进程完成", en="only announce it: the web process does the rest"),
    ] = False,
    again: Annotated[
        bool,
        option("--again", zh="一小时内已轮换过，仍再轮换一次", en="even if one ended within the last hour"),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Begin a rotation or go on with one. Raises NotAllowed, NoNewKey, KeysMissing, WrongKeys."""
    desk = open_desk()
    actor = _actor(desk, as_name, role, "rotate", _ROTATE)
    brought = brought_back(desk.settings, desk.database)
    if brought and not as_json:
        out.print(words_for_brought_back(brought))
    with desk.database.read() as tx:
        before = rotation.progress(tx)
    ended_lately = before.ended_at is not None and now() - before.ended_at < LATELY and not again
    if not before.under_way and not ended_lately:
        rotation.start(desk.settings, desk.database, actor, now())
    if not no_wait:
        _go_on(desk)
    with desk.database.read() as tx:
        done = rotation.progress(tx)
    lines = _lines(done)
    if ended_lately:
        assert before.ended_at is not None, "a rotation that ended has its time"
        ended = local(before.ended_at, "%H:%M")
        lines.append(
            text(
                f"这次轮换已于 {ended} 完成；要再轮换一次，请加 --again",
                f"That rotation ended at {ended}: to rotate once more, add --again",
            )
        )
    give(as_json, {"act": "rotate keys", "rotation": _data(done)}, "\n".join(lines))


@keys.command(
    "retire",
    help=text("停用不再有数据的旧密钥；另存于 retired.keys", "Retire an old key without data; it is put aside."),
)
def keys_retire(
    key: Annotated[
        str, typer.Argument(help=text("密钥编号，见 dispatch keys show", "of `dispatch keys show`"), show_default=False)
    ],
    as_name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Retire a key. Raises NotAllowed, NotFound, KeyInUse."""
    desk = open_desk()
    actor = _actor(desk, as_name, role, "retire", _RETIRE)
    rotation.retire(desk.settings, desk.database, key, actor, now())
    if key_source.uses_file(desk.settings):
        aside = retired_keys.file(desk.settings)
        told = text(
            f"{key}：已停用，另存于 {aside}；此前的备份还需要它：请复制到密钥的保管处，恢复时自动取回",
            f"{key}: retired, and put aside in {aside}. Backups from before need it: copy that file to where the keys "
            "are kept. A restore takes back what it needs",
        )
    else:
        told = text(
            f"{key}：已停用；可从 DISPATCH_FIELD_KEYS 或 DISPATCH_INDEX_KEY 中去掉，此前的备份还需要它",
            f"{key}: retired. Take it out of DISPATCH_FIELD_KEYS or DISPATCH_INDEX_KEY; backups from before need it",
        )
    give(as_json, {"act": "retire key", "key": key}, told)


def _actor(desk: Desk, as_name: str, role: str, act: str, title: Title) -> Actor:
    actor = desk.actor(as_name, role)
    require(actor, act, Wording("证件密钥", "the keys"), (Role.OPS,), title)
    return actor


def _go_on(desk: Desk) -> None:
    """Take the rotation as far as it goes now, beside the web processes that do the same."""
    until = time.monotonic() + MOST_WAIT
    while not rotation.switch(desk.database):
        with desk.database.read() as tx:
            lagging = rotation.progress(tx).lagging
        if not lagging:
            break
        if time.monotonic() > until:
            return
        time.sleep(0.5)
    cipher, told = open_cipher(desk.settings, desk.database), 0.0
    while rotation.step(desk.database, cipher):
        if time.monotonic() - told > 1:
            told = time.monotonic()
            with desk.database.read() as tx:
                count = sum(row.rewritten for row in rotation.progress(tx).work)
            note(f"已重新加密 {count} 行 …", f"{rows_told(count)} written again …")


def rows_told(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _lines(done: RotationProgress) -> list[str]:
    """What is to be said of a rotation."""
    if done.announced:
        named = ", ".join(done.announced)
        lines = [text(f"已公布：{named}；尚未起用", f"announced: {named}; not in use yet")]
        if done.lagging:
            names = ", ".join(done.lagging)
            lines.append(
                text(
                    f"等待以下进程取得新密钥（必要时重启）：{names}",
                    f"waits for these processes to get the new key (restart them if need be): {names}",
                )
            )
        return lines
    if not done.work:
        return [text("尚未轮换过", "never rotated")]
    count = sum(row.rewritten for row in done.work)
    lines = [
        text(f"重新加密中：已完成 {count} 行", f"under way: {rows_told(count)} written again")
        if done.under_way
        else text(f"轮换完成：重新加密 {count} 行", f"rotated: {rows_told(count)} written again")
    ]
    lines += [
        text(
            f"读不出 {row.unreadable} 行，原样保留：{row.place}，第一行 {row.unreadable_id}",
            f"unreadable, left as is: {rows_told(row.unreadable)} of {row.place}, the first is {row.unreadable_id}",
        )
        for row in done.work
        if row.unreadable
    ]
    return lines


def _data(done: RotationProgress) -> dict[str, object]:
    return {
        "announced": list(done.announced),
        "lagging": list(done.lagging),
        "under_way": done.under_way,
        "rewritten": sum(row.rewritten for row in done.work),
        "unreadable": sum(row.unreadable for row in done.work),
    }
