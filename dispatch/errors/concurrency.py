"""Errors of what several people or programs do at the same time."""

from __future__ import annotations

from dispatch.errors.base import DispatchError


class KeyInFlight(DispatchError):
    """同一请求号的第一个请求仍在办理：请稍后再发。
    The first request under this key is still under way: send it again in a moment."""

    code = "key-in-flight"
    heading = "正在办理"


class ChangedMeanwhile(DispatchError):
    """刚才已有人改动{what}，请刷新后再办。
    {what} was changed since you read it: read it again."""

    code = "changed-meanwhile"
    heading = "已有改动"


class VersionMissing(DispatchError):
    """{what}由多人修改：请说明您看到的是哪一版。
    Several people edit {what}: say which version you have read."""

    code = "version-missing"
    heading = "缺少版本"
