"""A home is reserved before anything is created in it or removed from it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from dispatch.errors import AlreadyRunning, MissingPart
from dispatch.runtime.child_process import hold
from dispatch.runtime.reservation import LOCK, empty, reserve
from dispatch.settings import Settings
from tests.acceptance.conftest import Home


@pytest.mark.parametrize("options", [(), ("--demo",)])
def test_both_taken_ports_are_told_at_once_and_nothing_is_created(tmp_path: Path, options: tuple[str, ...]) -> None:
    home = Home(tmp_path / "paidan")
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        web, flower = (taken.getsockname()[1] for taken in (one, other))
        home.settings = {"DISPATCH_WEB_PORT": str(web), "DISPATCH_FLOWER_PORT": str(flower)}
        status, _, err = home.call("up", *options)
    assert status == 1
    assert f"port {web} for the web and port {flower} for Flower" in err
    assert "set DISPATCH_WEB_PORT and DISPATCH_FLOWER_PORT" in err
    assert not home.folder.exists()


@pytest.mark.parametrize(("command", "folder"), [("up --demo", "up-demo"), ("demo", "demo")])
def test_a_second_demonstration_leaves_the_firsts_home_alone_and_names_its_process(
    tmp_path: Path, command: str, folder: str
) -> None:
    home = Home(tmp_path / "paidan")
    run = home.folder / folder / "run"
    run.mkdir(parents=True)
    (run.parent / "paidan.db").touch()
    with hold(run / LOCK):
        status, _, err = home.call(*command.split())
    assert status == 1
    assert f"(process {os.getpid()}) already runs" in err
    assert (run.parent / "paidan.db").exists()


def test_a_port_that_is_not_wanted_may_be_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(home=tmp_path, web_port=taken.getsockname()[1], flower_port=0)
        reserve(settings, web=False).close()
        with pytest.raises(MissingPart, match="DISPATCH_WEB_PORT"):
            reserve(settings)


def test_an_emptied_home_is_still_held(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, web_port=0, flower_port=0)
    (tmp_path / "log").mkdir()
    (tmp_path / "paidan.db").touch()
    with reserve(settings):
        (settings.run / "metrics").mkdir()
        empty(tmp_path)
        assert [path.name for path in tmp_path.rglob("*")] == ["run", LOCK]
        with pytest.raises(AlreadyRunning):
            reserve(settings)
