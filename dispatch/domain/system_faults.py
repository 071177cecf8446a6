"""Reasons of the operating system for a refusal, worded in both languages. Pure."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from dispatch.domain.title import Wording

_ZH: Mapping[int, str] = {
    errno.ENOENT: "没有这个文件或目录",
    errno.EACCES: "没有权限",
    errno.EPERM: "不允许这样做",
    errno.EISDIR: "这是目录，不是文件",
    errno.ENOTDIR: "路径中有一段不是目录",
    errno.EEXIST: "文件已存在",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "超出磁盘配额",
    errno.EROFS: "文件系统只读",
    errno.EIO: "读写出错",
    errno.ENAMETOOLONG: "文件名太长",
    errno.ELOOP: "符号链接太多",
    errno.EMFILE: "打开的文件太多",
    errno.EADDRINUSE: "地址已被占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    errno.ECONNREFUSED: "连接被拒绝",
    errno.ECONNRESET: "连接被对方断开",
    errno.EHOSTUNREACH: "没有到该主机的路由",
    errno.ENETUNREACH: "网络不可达",
    errno.ETIMEDOUT: "连接超时",
}


def system_fault(wrong: OSError) -> Wording:
    """The reason of an OSError, without the name of its file; the system's own words where no Chinese is known."""
    en = str(wrong.strerror or wrong)
    return Wording(_ZH.get(wrong.errno or 0, en), en)


def is_full(wrong: OSError) -> bool:
    """Whether a disk, or what this user may use of it, is full."""
    return wrong.errno in (errno.ENOSPC, errno.EDQUOT)


def at_file(wrong: OSError, file: object) -> OSError:
    """The same refusal with the path of its file, which Python knows when a file is opened but not when it is
    written."""
    return OSError(wrong.errno, wrong.strerror, str(file))
