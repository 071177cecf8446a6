"""Errors of the installation: settings, database, files of its own, programs that it needs."""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.errors.base import SENTENCES, DispatchError, Worded


class BadSettings(DispatchError):
    """设置有误：{faults}
    The settings are wrong: {faults}"""

    code = "bad-settings"
    heading = "设置有误"
    between = SENTENCES

    def __init__(self, *faults: Worded) -> None:
        self.faults = faults
        super().__init__(faults=faults)


class SchemaOutdated(DispatchError):
    """数据库结构为{found}，本程序需要 {wanted} 版：请运行 `dispatch migrate`。
    The database's schema is {found}, this program needs {wanted}: run `dispatch migrate`."""

    code = "schema-outdated"
    heading = "数据库结构不符"


class DatabaseOlder(DispatchError):
    """数据库被退回过（{sequence} 库中 {found}，已发 {given}）：请停止全部进程，运行 `dispatch restore --done`。
    The database is older than what this installation has given out ({sequence}: {found} there, {given} given out), as
    after a restore by hand. Stop everything and run `dispatch restore --done`."""

    code = "database-older"
    heading = "数据库被退回"


class DatabaseTooOld(DispatchError):
    """数据库是 PostgreSQL {found}，本程序需要 {oldest} 或更新的版本：请升级数据库。
    The database is PostgreSQL {found}, this program needs {oldest} or newer: upgrade the database."""

    code = "database-too-old"
    heading = "数据库版本过旧"


class DatabaseBusy(DispatchError):
    """现在不能办理，{why}：{remedy}。
    This can't be done now, {why}: {remedy}."""

    code = "busy"
    heading = "系统忙"


class DatabaseUnavailable(DispatchError):
    """现在不能办理，{why}：{remedy}。
    This can't be done now, {why}: {remedy}."""

    code = "unavailable"
    heading = "数据库暂时不能用"


class MissingPart(DispatchError):
    """缺少 {part}：{remedy}。
    {part} is not there: {remedy}."""

    code = "missing-part"
    heading = "缺少部件"


class KeysMissing(MissingPart):
    """{where} 中缺少密钥 {keys}，未作任何改动：请从密钥的备份中取回，retired.keys 中的由 `dispatch keys show` 取回。
    {where}: needed and not there: {keys}. Nothing was changed. Bring them back from where the keys are kept; what is in
    `retired.keys`, `dispatch keys show` brings back."""

    code = "keys-missing"
    heading = "缺少密钥"

    def __init__(self, where: Worded, keys: Mapping[str, str]) -> None:
        """`keys`: by id their fingerprints; empty where the database knows none."""
        self.where, self.keys = where, keys
        self.named = [f"{name} ({seen})" if seen else name for name, seen in keys.items()]
        super().__init__(where=where, keys=self.named)


class WrongKeys(DispatchError):
    """{where} 中的密钥 {key} 不是这个数据库的：指纹为 {found}，应为 {expected}；未作任何改动：请换回这个数据库的密钥。
    {where}: the key {key} is not this database's, and nothing was changed: its fingerprint is {found}, needed is
    {expected}. Bring back this database's keys."""

    code = "wrong-keys"
    heading = "密钥不符"

    def __init__(self, where: Worded, key: str, found: str, expected: Worded) -> None:
        """`found`, `expected`: fingerprints of the key with this id."""
        self.where, self.key, self.found, self.expected = where, key, found, expected
        super().__init__(where=where, key=key, found=found, expected=expected)


class RotationUnderWay(DispatchError):
    """上一次密钥轮换还没有结束：见 `dispatch keys show`。
    The keys are being rotated already: see `dispatch keys show`."""

    code = "rotation-under-way"
    heading = "密钥轮换正在进行"


class NoNewKey(DispatchError):
    """{where} 中没有新的密钥：请用 `dispatch keys` 生成，在每台机器上追加到末尾，逐个重启进程，再执行一次。
    {where}: no new key is there. Print one with `dispatch keys`, append it on every machine, restart the processes one
    by one, and run this again."""

    code = "no-new-key"
    heading = "没有新密钥"


class KeyInUse(DispatchError):
    """密钥 {key} 还不能停用：它不是旧密钥，或还有数据用它加密（{rows} 行），见 `dispatch keys show`。
    The key {key} can't be retired: it isn't an old one, or data are still under it ({rows} rows). See
    `dispatch keys show`."""

    code = "key-in-use"
    heading = "密钥还在使用"


class ClockWrong(DispatchError):
    """本机时钟比数据库{off}，超过 {limit} 秒（DISPATCH_CLOCK_LIMIT），未作任何改动：请用 NTP 对时。
    This machine's clock is {off} of the database's, more than {limit} s (DISPATCH_CLOCK_LIMIT), and nothing was
    changed: set it by NTP."""

    code = "clock-wrong"
    heading = "时钟不准"


class NoAccess(MissingPart):
    """{part} 无法读写：{remedy}。
    {part} can't be read or written: {remedy}."""


class DiskFull(DispatchError):
    """{where}的磁盘已满，写不进去：请腾出空间，再执行一次。
    The disk of {where} is full: make room there, then run this again."""

    code = "disk-full"
    heading = "磁盘已满"


class NotStarted(MissingPart):
    """{part} 没有启动：{why}
    {part} does not start: {why}"""


class BrokerAway(MissingPart):
    """消息代理 {broker} 连不上：{why}。请启动它，或改正 DISPATCH_BROKER_URL。
    The broker {broker} is out of reach: {why}. Start it, or correct DISPATCH_BROKER_URL."""


class MissingGlyph(MissingPart):
    """{folder} 中的字体缺字，无法打印 {characters}：请改用中文字体齐全的目录。
    The fonts in {folder} can't print {characters}: name another folder, with a Chinese font and one that has what is
    missing."""

    code = "missing-glyph"
    heading = "字体缺字"


class TypesettingFailed(DispatchError):
    """无法排版 {template}：{why}
    {template} could not be printed: {why}"""

    code = "typesetting-failed"
    heading = "排版失败"


class AlreadyRunning(DispatchError):
    """{home} 上已有 `dispatch up` 在运行（进程 {pid}）：请先停止它，或另设 DISPATCH_HOME。
    Another `dispatch up` (process {pid}) already runs on {home}; stop it first or set another DISPATCH_HOME."""

    code = "already-running"
    heading = "已在运行"


class RunUnderWay(DispatchError):
    """批次 {name} 正在进行（进程 {pid}）：请等它结束，或用 --name 另取名称。
    Run {name} is under way already (process {pid}): wait until it has ended, or give --name another name."""

    code = "run-under-way"
    heading = "批次正在进行"


class NotRunning(DispatchError):
    """{home} 上没有运行中的程序：请先启动 `dispatch up`。
    Nothing is running on {home}: start `dispatch up` first."""

    code = "not-running"
    heading = "未在运行"


class NoInstallation(MissingPart):
    """{home} 中没有安装：请把 DISPATCH_HOME 设为正确的目录，或用 dispatch up 新建。
    There is no installation in {home}: set DISPATCH_HOME to the right folder, or make one with `dispatch up`."""

    code = "no-installation"
    heading = "没有安装"


class BackupFailed(DispatchError):
    """{what}失败，未作任何改动：{why}
    {what} failed, nothing was changed: {why}"""

    code = "backup-failed"
    heading = "备份或恢复失败"


class WouldOverwrite(DispatchError):
    """{what} 已存在，未作任何改动：{remedy}
    {what} is there already, and nothing was changed: {remedy}"""

    code = "would-overwrite"
    heading = "会覆盖已有内容"
