#!/bin/sh
# Makes a virtual environment from the locked packages, with any CPython from 3.11 to 3.14. Debian's and Ubuntu's Python
# lacks ensurepip and refuses installs outside a virtual environment; there the system's pip installs into the new one.
#   sh setup.sh              for development: requirements/dev.txt and the project, editable
#   LOCKED=FILE sh setup.sh  the packages of FILE, without the project
#   sh setup.sh install      to run it: requirements/run.txt and the project as a wheel, nothing for development
set -eu
PYTHON="${PYTHON:-python3}"
VENV="${VENV:-.venv}"
LOCKED="${LOCKED:-}"
INSTALL="${1:-}"

refuse() {
    echo "setup: $1" >&2
    exit 1
}

# Lists the supported Pythons on the PATH, for the message when PYTHON is another one.
others() {
    found=
    for name in python3.14 python3.13 python3.12 python3.11; do
        "$name" -c '' 2>/dev/null && found="$found${found:+ }$(command -v "$name")"
    done
    echo "${found:-none}"
}

ask="Paidan needs CPython 3.11, 3.12, 3.13 or 3.14; name one with PYTHON=…, such as PYTHON=python3.13"
version=$("$PYTHON" -c 'import sys; print(sys.implementation.name, "%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
    refuse "$PYTHON does not run. $ask (found here: $(others))"
case "$version" in
    "cpython 3.11" | "cpython 3.12" | "cpython 3.13" | "cpython 3.14") ;;
    *) refuse "$PYTHON is $version. $ask (found here: $(others))" ;;
esac
# --clear empties the folder, so refuse one that isn't a virtual environment.
if [ -e "$VENV" ] && [ ! -e "$VENV/pyvenv.cfg" ] && [ -n "$(ls -A "$VENV" 2>&1)" ]; then
    refuse "$VENV is there and is no virtual environment; it stays as it is. Name another folder with VENV=…"
fi

echo "setup: virtual environment of $version in $VENV …"
if "$PYTHON" -c 'import ensurepip' 2>/dev/null; then
    "$PYTHON" -m venv --clear "$VENV"
    set -- "$VENV/bin/python" -m pip
elif "$PYTHON" -m pip --version >/dev/null 2>&1; then
    "$PYTHON" -m venv --clear --without-pip "$VENV"
    set -- "$PYTHON" -m pip --python "$VENV/bin/python"
else
    refuse "$PYTHON has no pip: install it (on Debian and Ubuntu: apt-get install python3-pip)"
fi
pip() { # pip COMMAND…: the first words are the pip command that was chosen above
    "$@" --quiet --disable-pip-version-check --no-input
}
[ -z "$INSTALL" ] || LOCKED=requirements/run.txt
echo "setup: locked packages …"
pip "$@" install --require-hashes --requirement "${LOCKED:-requirements/dev.txt}"
if [ -n "$INSTALL" ]; then
    made=$(mktemp -d)
    trap 'rm -rf "$made"' EXIT
    echo "setup: wheel …"
    pip "$@" install --require-hashes --target "$made/tools" --requirement requirements/build.txt
    rm -rf build/lib build/bdist.* # a wheel would also contain files left by an earlier build
    PYTHONPATH="$made/tools" "$VENV/bin/python" -c 'from setuptools.build_meta import build_wheel; build_wheel("'"$made"'")' \
        >"$made/log" 2>&1 || refuse "the wheel could not be built: $(tail -n 3 "$made/log")"
    pip "$@" install --no-deps "$made"/paidan-*.whl
    echo "setup: installed. Next: \"$VENV/bin/dispatch\" init FOLDER"
elif [ -z "$LOCKED" ]; then
    pip "$@" install --no-deps --no-build-isolation --editable .
fi
