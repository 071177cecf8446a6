"""The wheel is complete: the README's commands make a running desk from an empty folder and an empty home.

The wheel is built from a copy of the checkout and installed by pip into a new virtual environment. Instead of a
download, each package of `requirements/run.txt` is linked from the tests' own environment, which has the same versions,
and pip is told not to look for any. Other packages of the tests' environment are out of reach.
"""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import httpx2
import pytest
from packaging.requirements import Requirement

from dispatch import __version__
from tests.acceptance.documented_commands import blocks, statements
from tests.deploy.compose import PROJECT

pytestmark = pytest.mark.system

NEEDED = ("pyproject.toml", "README.md", "*.yaml", "docs/*.csv", "tests/routing_cases.yaml")
"""The files of the checkout, besides the two packages, that describe the build or are linked from
`dispatch/defaults`."""
PARTS = ("dispatch", "workers")
GO, ENVIRONMENT, INSTALL, INIT, UP = [
    command for block in blocks(PROJECT / "README.md") if block.word == "wheel" for command in statements(block.text)
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the wheel's sources: a build writes files beside them."""
    folder = tmp_path_factory.mktemp("source")
    for part in PARTS:
        shutil.copytree(PROJECT / part, folder / part, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (each for pattern in NEEDED for each in PROJECT.glob(pattern)):
        (folder / file.relative_to(PROJECT)).parent.mkdir(exist_ok=True)
        shutil.copy(file, folder / file.relative_to(PROJECT))
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(source / 'dist')!r})"
    done = subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = (source / "dist").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `dispatch` command of a virtual environment that has the wheel."""
    home = tmp_path_factory.mktemp("home")
    folder, python3 = home / "paidan", home / "bin/python3"
    python3.parent.mkdir()
    python3.write_text(f'#!/bin/sh\nexec {sys.executable} "$@" --without-pip\n')
    python3.chmod(0o755)
    paths = {"HOME": str(home), "PATH": f"{python3.parent}:/usr/bin:/bin"}
    subprocess.run(["bash", "-c", f"{GO} && {ENVIRONMENT}"], cwd=wheel.parent.parent, env=paths, check=True)
    python = folder / "bin/python"
    words = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    (folder / "bin/pip").write_text(
        f'#!/bin/sh\nexec {shlex.join([*pip(), "--python", str(python)])} "$@" {shlex.join(words)}\n'
    )
    (folder / "bin/pip").chmod(0o755)
    go = f"{GO} && {ENVIRONMENT} && {INSTALL}"
    subprocess.run(["bash", "-c", go], cwd=wheel.parent.parent, env=paths, check=True)
    (site,) = (folder / "lib").glob("python*/site-packages")
    link_the_locked_packages(site)
    where = subprocess.run(
        [python, "-c", "import dispatch, workers; print(dispatch.__file__, workers.__file__)"],
        cwd=folder, env={}, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert where == [str(site / "dispatch/__init__.py"), str(site / "workers/__init__.py")], "the wheel's, not ours"
    return folder / "bin/dispatch"


def link_the_locked_packages(site: Path) -> None:
    """Link the packages that `requirements/run.txt` installs for this Python and machine."""
    locked = re.findall(r"^[a-z0-9].*?(?= \\$)", (PROJECT / "requirements/run.txt").read_text(), re.MULTILINE)
    for requirement in map(Requirement, locked):
        if requirement.marker is None or requirement.marker.evaluate():
            package = distribution(requirement.name)
            assert package.version in requirement.specifier, f"{requirement}: make setup"
            for part in {Path(file).parts[0] for file in package.files or []} - {"..", "__pycache__"}:
                if not (site / part).exists():  # namespace packages such as `ruamel` belong to several
                    (site / part).symlink_to(Path(str(package.locate_file(part))))


def pip() -> list[str]:
    """Return a pip that runs: ours, or that of the Python behind our virtual environment, as on Debian."""
    for python in (sys.executable, str(Path(sys.base_prefix, "bin/python3"))):
        if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
            return [python, "-m", "pip"]
    raise AssertionError("setup.sh installed with a pip, and now there is none")


class Desk:
    """The folder and home of a person who has just installed the wheel."""

    def __init__(self, command: Path, folder: Path) -> None:
        self.command, self.folder = command, folder
        folder.mkdir()
        self.environment = {
            "PATH": f"{command.parent}:/usr/bin:/bin",
            "HOME": str(folder.parent / "home"),
            "DISPATCH_LANG": "en",
        }
        self.environment |= {"DISPATCH_WEB_PORT": "0", "DISPATCH_FLOWER_PORT": "0", "DISPATCH_WORKERS": "1"}

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            words,
            cwd=self.folder, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def done(self, *words: str) -> str:
        process = self.start(self.command, *words)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (words, out, err)
        return out


@pytest.fixture(scope="module")
def desk(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk in the folder made by `dispatch init`."""
    empty = Desk(installed, tmp_path_factory.mktemp("desk") / "empty")
    out, err = empty.start("bash", "-c", f"{INIT} && pwd").communicate(timeout=120)
    empty.folder = Path(out.splitlines()[-1])
    assert empty.folder.name == "desk", (out, err)
    return empty


@pytest.fixture(scope="module")
def up(desk: Desk) -> Iterator[tuple[str, str]]:
    """(output of `dispatch up`, address of its web)."""
    process = desk.start("bash", "-c", f"exec {UP}")
    try:
        said = ""
        assert process.stdout
        for line in process.stdout:
            said += line
            if ready := re.fullmatch(r"ready: (http\S+)\n", line):
                yield said, ready[1]
                break
        else:
            pytest.fail(f"it ended: {said}{process.communicate()[1]}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_every_file_of_the_two_packages_is_in_the_wheel_and_no_other(source: Path, wheel: Path) -> None:
    files = (file for part in PARTS for file in (source / part).rglob("*") if file.is_file())
    expected = {str(file.relative_to(source)) for file in files if "__pycache__" not in file.parts}
    with zipfile.ZipFile(wheel) as packed:
        found = {name for name in packed.namelist() if ".dist-info/" not in name}
        assert found == expected
        assert packed.read("dispatch/defaults/routing_rules.yaml") == (PROJECT / "routing_rules.yaml").read_bytes()


def test_the_installed_command_says_its_version_in_any_folder(desk: Desk) -> None:
    assert desk.done("--version").startswith(f"paidan {__version__} (schema ")


def test_the_rules_written_by_init_are_good_and_their_cases_too(desk: Desk) -> None:
    assert f"{desk.folder / 'routing_rules.yaml'}: " in desk.done("rules", "check")
    desk.done("rules", "test")


def test_dispatch_up_starts_on_the_folders_files_and_serves_a_board_with_its_style(
    desk: Desk, up: tuple[str, str]
) -> None:
    said, url = up
    assert str(desk.folder / "routing_rules.yaml") in said
    password = desk.done("user", "add", "zhao", "--role", "noc").split()[-1]
    with httpx2.Client(base_url=url) as client:
        signed_in = client.post("/api/v1/session", json={"name": "zhao", "password": password})
        assert signed_in.status_code == 201, signed_in.text
        page = client.get("/teams/noc")
        assert page.status_code == 200
        styles = re.findall(r'<link[^>]*rel="stylesheet"[^>]*href="([^"]+)"', page.text)
        assert styles
        for style in styles:
            answer = client.get(style)
            assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/css")
