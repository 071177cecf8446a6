"""登录记录: the acts of the access log, and a browser's name for people. Pure."""

from __future__ import annotations

import re

from dispatch.domain.title import Title, TitledEnum


class AccessAct(TitledEnum):
    """An act at the doors of the web: somebody came in, left, or was refused."""

    SIGN_IN = "sign-in", Title("登录", "Signed in")
    SIGN_IN_FAILED = "sign-in-failed", Title("登录失败", "Failed to sign in")
    SIGN_IN_SLOWED = "sign-in-slowed", Title("登录受限", "Had to wait before signing in")
    SIGN_IN_REFUSED = "sign-in-refused", Title("统一认证被拒", "Refused after the identity provider")
    IDENTITY_TAKEN = "identity-taken", Title("统一认证账号名属于他人", "Came under a name that is another person's")
    PROOF_FAILED = "proof-failed", Title("密码核对失败", "Gave a wrong password when asked again")
    SIGN_OUT = "sign-out", Title("退出登录", "Signed out")
    SESSION_ENDED = "session-ended", Title("会话被结束", "Had a session ended")
    TOKEN_REFUSED = "token-refused", Title("令牌被拒", "Sent a token that is not valid")


class SignInWay(TitledEnum):
    """The way by which somebody signed in or tried to."""

    PASSWORD = "password", Title("密码", "Password")
    OIDC = "oidc", Title("统一认证", "Identity provider")
    TOKEN = "token", Title("令牌", "Token")


LONGEST_BROWSER = 200
"""Characters of a browser's own name that are kept."""

_PROGRAMS = (  # the first that fits: Edge calls itself Chrome too, and Chrome Safari
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chromium", "Chromium"),
    ("HeadlessChrome", "Chrome"),
    ("Chrome", "Chrome"),
    ("Version", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_title(told: str) -> str:
    """A browser in a few words, from what it calls itself (its User-Agent): `Chrome 143, Windows`. What is no known
    browser keeps the first word of its own."""
    program = next((f"{name} {found[1]}" for mark, name in _PROGRAMS if (found := _version(mark, told))), "")
    system = next((name for mark, name in _SYSTEMS if mark in told), "")
    if program and system:
        return f"{program}, {system}"
    return program or " ".join(told.split()[:1])[:40]


def _version(mark: str, told: str) -> re.Match[str] | None:
    return re.search(rf"\b{mark}\w*/(\d{{1,6}})", told)
