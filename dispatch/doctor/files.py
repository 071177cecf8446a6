"""The checks of this machine: the home and its disk, the rules, the script, the plans, fonts, web and Flower."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import sqlite_version

from dispatch import __version__
from dispatch.doctor.finding import CheckResult, bad, doubtful, good
from dispatch.domain.system_faults import system_fault
from dispatch.domain.title import Title, Wording, same
from dispatch.errors import BadRules, DispatchError
from dispatch.ports import adapters
from dispatch.routing.complaints_file import load as load_complaints
from dispatch.routing.loader import load as load_rules
from dispatch.routing.messages_file import load as load_messages
from dispatch.routing.plans_file import load as load_plans
from dispatch.routing.prehandling_file import load as load_script
from dispatch.routing.rulebook import Rulebook
from dispatch.runtime.private_files import open_to_others
from dispatch.settings import LOOPBACK, Settings
from dispatch.slips.fonts import find_fonts
from dispatch.storage.migration import is_installed

HOME = Title("数据目录", "home")
DISK = Title("磁盘", "disk")
RULES_FILE = Title("规则文件", "rules file")
SCRIPT = Title("预处理", "script")
PLANS = Title("营销案", "plans")
MESSAGES = Title("客户短信", "messages")
COMPLAINTS = Title("投诉时限", "complaints")
FONTS = Title("字体", "fonts")
WEB = Title("网页", "web")
FLOWER = Title("任务监看", "Flower")
VERSIONS = Title("程序版本", "versions")
OUTSIDE = Title("外部系统", "systems outside")

LITTLE_DISK, NO_DISK = 2_000_000_000, 200_000_000
"""Free bytes: below the first somebody should look, below the second a database will soon refuse to write."""


def examine(settings: Settings) -> Iterator[CheckResult]:
    """Check the files and addresses that these settings name."""
    yield good(VERSIONS, same(f"Paidan {__version__}, Python {platform.python_version()}, SQLite {sqlite_version}"))
    yield from _home(settings)
    yield from _read(settings)
    yield _fonts(settings)
    yield _web(settings)
    yield _flower(settings)
    yield _outside()


def rules_file(settings: Settings) -> Rulebook | None:
    """Read the rules file; None when it has faults or can't be read."""
    try:
        return load_rules(settings.rules)
    except (BadRules, OSError):
        return None


def has_database(settings: Settings) -> bool:
    """Return whether there is a database to look into: a server's, or the embedded one of a readable installation."""
    try:
        return is_installed(settings)
    except OSError:
        return False


def _home(settings: Settings) -> Iterator[CheckResult]:
    root = settings.root
    try:
        nearest = next(folder for folder in (root, *root.parents) if folder.exists())
        installed = is_installed(settings)
    except OSError as wrong:
        why = system_fault(wrong)
        yield bad(
            HOME,
            Wording(f"{root}：无法读取：{why.zh}", f"{root}: it can't be read: {why.en}"),
            "以拥有该目录的用户运行，或改正 DISPATCH_HOME",
            "run this as the user to whom it belongs, or correct DISPATCH_HOME",
        )
        return
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        yield bad(
            HOME,
            Wording(f"{root}：不可写", f"{root}: not writable"),
            "改用可写的目录（DISPATCH_HOME），或修正其权限",
            "set DISPATCH_HOME to a folder that this user may write, or correct its permissions",
        )
        return
    if installed and (opened := open_to_others(root)):
        shown = ", ".join(str(path.relative_to(root)) for path in opened[1:4])
        yield bad(
            HOME,
            Wording(
                f"{root}：本机其他用户可以进入：{shown} 等 {len(opened)} 处",
                f"{root}: other users of this machine may enter; {len(opened)} paths, among them {shown}",
            ),
            f"运行 chmod -R go= {shlex.quote(str(root))}",
            f"run `chmod -R go= {shlex.quote(str(root))}`",
        )
    elif installed:
        yield good(HOME, same(str(root)))
    else:
        yield bad(
            HOME,
            Wording(f"{root}：这里没有安装", f"{root}: no installation here"),
            "请把 DISPATCH_HOME 设为正确的目录，或用 dispatch up 新建",
            "set DISPATCH_HOME to the right folder, or make an installation with `dispatch up`",
        )
    free = shutil.disk_usage(nearest).free
    found = Wording(f"剩余 {free / 1e9:.1f} GB", f"{free / 1e9:.1f} GB free")
    if free < LITTLE_DISK:
        make = bad if free < NO_DISK else doubtful
        yield make(
            DISK, found, "请清理或扩充磁盘：写满后无法受理", "make room: with a full disk no fault can be accepted"
        )
    else:
        yield good(DISK, found)


def _read(settings: Settings) -> Iterator[CheckResult]:
    rulebook = rules_file(settings)
    if rulebook is None:
        yield bad(
            RULES_FILE,
            Wording(f"{settings.rules}：有错误", f"{settings.rules}: faulty"),
            "运行 dispatch rules check 查看每处错误；改正之前沿用上一版",
            "run `dispatch rules check`, which names every fault; until then the last good version stays in force",
        )
    else:
        yield good(
            RULES_FILE,
            Wording(
                f"{settings.rules.name}，版本 {rulebook.version}", f"{settings.rules.name}, version {rulebook.version}"
            ),
        )
        yield _loads(
            SCRIPT, settings.prehandling, "script", lambda: load_script(settings.prehandling, rulebook.categories)
        )
    yield _loads(PLANS, settings.plans, "plans", lambda: load_plans(settings.plans))
    yield _loads(MESSAGES, settings.messages, "messages", lambda: load_messages(settings.messages))
    yield _loads(COMPLAINTS, settings.complaints, "complaint", lambda: load_complaints(settings.complaints))


def _loads(check: Title, file: Path, group: str, load: object) -> CheckResult:
    try:
        load()  # type: ignore[operator]
    except (BadRules, OSError):
        return bad(
            check,
            Wording(f"{file}：有错误", f"{file}: faulty"),
            f"运行 dispatch {group} check 查看每处错误",
            f"run `dispatch {group} check`, which names every fault",
        )
    return good(check, same(file.name))


def _fonts(settings: Settings) -> CheckResult:
    try:
        fonts = find_fonts(settings.fonts)
    except (DispatchError, OSError):
        return bad(
            FONTS,
            Wording(f"{settings.fonts}：没有字体", f"{settings.fonts}: none found"),
            "把 DISPATCH_FONTS 指向有中文字体的目录，或不设此项",
            "set DISPATCH_FONTS to a folder with a Chinese font, or leave it unset",
        )
    if any(ord(character) not in fonts.covered for character in "受理单¥0"):
        return bad(
            FONTS,
            Wording(f"{settings.fonts}：没有中文", f"{settings.fonts}: no Chinese characters"),
            "该目录没有中文字体，受理单无法打印；请加入一种",
            "slips can't be printed: put a Chinese font into the folder",
        )
    return good(FONTS, same(", ".join(fonts.families[:2])))


def _web(settings: Settings) -> CheckResult:
    if settings.web_address not in LOOPBACK and not settings.https:
        return doubtful(
            WEB,
            Wording(f"{settings.web_address} 未用 https", f"{settings.web_address} without https"),
            "在前面部署 https 代理，并设 DISPATCH_WEB_URL=https://…",
            "put an https proxy in front of it, and set DISPATCH_WEB_URL=https://…",
        )
    return good(WEB, same(settings.web_url or f"http://{settings.web_address}:{settings.web_port}"))


def _flower(settings: Settings) -> CheckResult:
    if settings.flower_address not in LOOPBACK and settings.flower_password is None:
        return bad(
            FLOWER,
            Wording(f"{settings.flower_address} 未设密码", f"{settings.flower_address} without a password"),
            "设 DISPATCH_FLOWER_PASSWORD：谁能打开它，谁就能停掉工作进程",
            "set DISPATCH_FLOWER_PASSWORD: anybody who opens Flower can stop workers",
        )
    return good(FLOWER, same(f"{settings.flower_address}:{settings.flower_port}"))


def _outside() -> CheckResult:
    simulated = adapters.simulated()
    if simulated:
        zh, en = "、".join(port.zh for port in simulated), ", ".join(port.en for port in simulated)
        return doubtful(
            OUTSIDE,
            Wording(f"模拟：{zh}", f"simulated: {en}"),
            "模拟的系统不发短信，不动线路，不打印，不出账：投入使用前请接入真实系统（dispatch/ports/adapters.py）",
            "a simulated system sends, switches, prints and bills nothing: before real use connect the real ones in "
            "dispatch/ports/adapters.py",
        )
    return good(OUTSIDE, Wording("都是真实系统", "all real"))
