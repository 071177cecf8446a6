"""Refusals of the operating system are told in the reader's language."""

from __future__ import annotations

import errno
import os

from dispatch.domain.system_faults import system_fault
from dispatch.domain.title import Wording


def test_a_missing_file_is_told_in_chinese_too() -> None:
    wrong = OSError(errno.ENOENT, os.strerror(errno.ENOENT), "/nowhere")
    assert system_fault(wrong) == Wording("没有这个文件或目录", "No such file or directory")


def test_a_reason_without_chinese_is_told_in_the_systems_words() -> None:
    assert system_fault(OSError(errno.EXDEV, "Invalid cross-device link")).zh == "Invalid cross-device link"
    assert system_fault(OSError("no number")) == Wording("no number", "no number")
