"""Secret values of requests: document numbers and passwords. Their text is only hashed, encrypted or compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, SecretStr


@dataclass(frozen=True, slots=True)
class Prompt:
    """The prompt by which a terminal asks for a secret that was left out.

    `twice`: it is a new secret, typed unseen, so the terminal asks for it a second time. `beside`: the terminal asks
    only when this other value of the request is given; None: always. `not_for`: the request's reasons that need no
    such value.
    """

    twice: bool = False
    beside: str | None = None
    not_for: frozenset[str] = frozenset()


DocumentNumber = Annotated[SecretStr, Field(description="证件号码 · number of the document")]
OldPassword = Annotated[SecretStr, Field(description="现密码 · current password")]
NewPassword = Annotated[
    SecretStr, Field(description="新密码，由客户输入 · new password, typed by the customer"), Prompt(twice=True)
]
NewPasswordIfAny = Annotated[
    SecretStr | None, Field(description="新密码，由客户输入 · new password, typed by the customer"), Prompt(twice=True)
]
