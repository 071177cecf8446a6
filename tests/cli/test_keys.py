"""`dispatch keys rotate`, run again by whoever doesn't know whether the first run came to its end."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from dispatch.cli.keys import keys
from dispatch.settings import load_settings
from dispatch.storage import open_keys
from dispatch.storage.database import Database

OPS = ("--as", "root", "--role", "ops")


def rotate(*options: str) -> str:
    done = CliRunner().invoke(keys, ["rotate", *options, *OPS], env={"DISPATCH_LANG": "en", "COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    return done.stdout


def ids() -> set[str]:
    return {key["key"] for key in json.loads(CliRunner().invoke(keys, ["show", "--json"]).stdout)["keys"]}


def test_a_rotation_that_ended_lately_is_reported_and_another_one_is_asked_for(sqlite: Database) -> None:
    open_keys.open_cipher(load_settings(), sqlite)
    assert "That rotation ended" not in rotate()
    rotated = ids()
    assert "to rotate once more, add --again" in rotate()
    assert ids() == rotated
    rotate("--again")
    assert len(ids()) > len(rotated)
