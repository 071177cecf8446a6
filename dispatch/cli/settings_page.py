"""The text of `docs/settings.md`, made from the settings themselves so that it can't say anything else.

`python -m dispatch.cli.settings_page > docs/settings.md` writes it anew; a test fails while the two differ.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from pydantic import SecretStr

from dispatch.defaults import SETTINGS, folder
from dispatch.setting_meanings import MEANINGS
from dispatch.settings import IN_FILE, PREFIX, Settings

_HEAD = f"""\
# Settings

Made from `dispatch/settings.py` and `dispatch/setting_meanings.py` by `make docs`; a change here is lost.

Settings are environment variables. A variable that isn't set is read from the file `{SETTINGS}` in the current folder,
if there is one; `dispatch init FOLDER` writes such a file. `dispatch settings` shows the settings in force. An unknown
variable `{PREFIX}…` is an error. A secret may be in a file instead: set the variable's name with `{IN_FILE}` appended,
such as `{PREFIX}DATABASE_URL{IN_FILE}`, to the file's path. Other processes see an environment more easily than a file
with narrow permissions.

| variable | default | meaning |
|---|---|---|
"""


def settings_page() -> str:
    """The whole page, as Markdown."""
    return _HEAD + "".join(_rows())


def _rows() -> Iterator[str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    with mock.patch.dict(os.environ, others, clear=True):
        defaults = Settings()
    for name, field in Settings.model_fields.items():
        default = _shown(getattr(defaults, name))
        secret = "(secret) " if field.annotation == SecretStr | None else ""
        yield f"| `{PREFIX}{name.upper()}` | {default and f'`{default}`'} | {secret}{MEANINGS[name].en} |\n"


def _shown(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, Path) and default.parent == folder():
        return default.name  # an operator's file
    return f"{default:g}" if isinstance(default, float) else str(default)


if __name__ == "__main__":
    print(settings_page(), end="")
