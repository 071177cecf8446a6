"""`dispatch init FOLDER`: the operator's files, to be edited."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from dispatch import defaults
from dispatch.cli.framework import Commands
from dispatch.cli.language import language, text
from dispatch.cli.options import AsJson
from dispatch.cli.output import give
from dispatch.errors import WouldOverwrite
from dispatch.runtime.private_files import as_usual

app = Commands()

_WRITTEN = (
    (defaults.RULES, text("派单规则", "the routing rules")),
    (defaults.CASES, text("规则的用例，dispatch rules test 逐条核对", "cases of the rules, for dispatch rules test")),
    (defaults.PREHANDLING, text("电话预处理的问题", "the questions asked on the phone")),
    (defaults.PLANS, text("营销案", "the marketing plans")),
    (defaults.MESSAGES, text("发给客户的短信", "the text messages to customers")),
    (defaults.COMPLAINTS, text("投诉时限和减免标准", "the times for complaints, the terms of compensation")),
    (defaults.MAPPING, text("重放日志时的班组对照", "teams for the groups of a replayed log")),
    (
        defaults.ADDRESSES,
        text("标准地址样例，用 dispatch address load 导入", "sample addresses, for dispatch address load"),
    ),
    (
        defaults.DEVICES,
        text("终端样例，用 dispatch device load 导入", "sample devices, for dispatch device load"),
    ),
    (defaults.SETTINGS, text("本目录的设置", "this folder's settings")),
)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help=text("目录，没有则新建", "the folder; made if it is not there"))],
    as_json: AsJson = False,
) -> None:
    """Write the files into the folder. Raises WouldOverwrite, with nothing written, when one of them is there."""
    if there := [name for name, _ in _WRITTEN if (folder / name).exists()]:
        remedy = text("请换一个目录，或先移走这些文件", "name another folder, or move these files away first")
        raise WouldOverwrite(what=", ".join(str(folder / name) for name in there), remedy=remedy)
    with as_usual():  # the rules are no secret, and the service's user may be another
        folder.mkdir(parents=True, exist_ok=True)
        for name, _ in _WRITTEN:
            source = f"paidan.{language()}.env" if name == defaults.SETTINGS else name
            made = folder / name
            # Passwords are put into the settings later, so these are their owner's alone from the beginning.
            made.touch(mode=0o600 if name == defaults.SETTINGS else 0o644, exist_ok=False)
            made.write_bytes((defaults.PACKAGE / source).read_bytes())
    files = [{"file": str(folder / name), "what": what} for name, what in _WRITTEN]
    told = "".join(f"  {each['file']}  {each['what']}\n" for each in files)
    told += text("下一步：", "Next:") + f"\n  cd {shlex.quote(str(folder))}\n  dispatch up"
    give(as_json, {"act": "init", "folder": str(folder), "files": files}, told)
