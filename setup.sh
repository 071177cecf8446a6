#!/bin/sh
# The virtual environment with the locked packages. Works with any CPython 3.11, also with Debian's own, which brings
# neither ensurepip nor leave to install outside a virtual environment: its pip then installs into ours from outside.
set -eu
PYTHON="${PYTHON:-python3}"
VENV="${VENV:-.venv}"
LOCKED="${LOCKED:-}" # another file of packages; the project itself then stays out

version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || {
    echo "setup: $PYTHON is not there: install Python 3.11, or name one with PYTHON=…" >&2
    exit 1
}
if [ "$version" != 3.11 ]; then
    echo "setup: $PYTHON is Python $version, Paidan needs 3.11: name one with PYTHON=…" >&2
    exit 1
fi

echo "setup: virtual environment in $VENV …"
if "$PYTHON" -c 'import ensurepip' 2>/dev/null; then
    "$PYTHON" -m venv --clear "$VENV"
    set -- "$VENV/bin/python" -m pip
elif "$PYTHON" -m pip --version >/dev/null 2>&1; then
    "$PYTHON" -m venv --clear --without-pip "$VENV"
    set -- "$PYTHON" -m pip --python "$VENV/bin/python"
else
    echo "setup: $PYTHON has no pip: install it (on Debian: apt-get install python3-pip)" >&2
    exit 1
fi
echo "setup: locked packages …"
"$@" install --quiet --disable-pip-version-check --no-input --require-hashes --requirement "${LOCKED:-requirements/dev.txt}"
[ -n "$LOCKED" ] || "$@" install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
