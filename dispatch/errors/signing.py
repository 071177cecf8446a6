"""Errors of signatures on slips."""

from __future__ import annotations

from dispatch.errors.base import DispatchError


class AlreadySigned(DispatchError):
    """受理单 {slip} 已签名，不能再签。
    Slip {slip} is signed already: it is signed once."""

    code = "already-signed"
    heading = "已签名"


class SigningOver(DispatchError):
    """受理单 {slip} 办理已超过 {minutes} 分钟，请打印后由客户在纸上签名。
    Slip {slip} is older than {minutes} minutes: print it and have the customer sign the paper."""

    code = "signing-over"
    heading = "已过签名时间"


class NobodySigns(DispatchError):
    """受理单 {slip} 办理时客户不在场，没有签名。
    No customer was there when slip {slip} was made: nobody signs it."""

    code = "nobody-signs"
    heading = "无须签名"


class BadSignature(DispatchError):
    """签名图片不能用：{why}。
    The picture of the signature can't be used: {why}."""

    code = "bad-signature"
    heading = "签名图片不能用"


class SlipDiffers(DispatchError):
    """受理单 {slip} 与客户所看的不是同一份，请重新打开后再签。
    Slip {slip} isn't the one that the customer read: open it again, then sign."""

    code = "slip-differs"
    heading = "受理单不一致"


class SignatureBroken(DispatchError):
    """受理单 {slip} 的内容或签名与签名时不符，不能打印；请报告运维人员。
    Slip {slip} or its signature isn't what was signed, and isn't printed: tell the operator."""

    code = "signature-broken"
    heading = "签名已被改动"
