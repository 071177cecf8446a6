#!/bin/sh
# Whether every Python and processor that we support gets the locked packages as wheels; needs uv. The platform is
# glibc 2.28, as Debian 10, Ubuntu 20.04, RHEL 8 and all later ones have it.
# Prints a line each, and what is missing; exit status 1 when something is.
set -u
cd "$(dirname "$0")"
status=0
for file in run.txt dev.txt; do
    for python in 3.11 3.12 3.13 3.14; do
        for processor in x86_64 aarch64; do
            if said=$(uv pip compile --quiet --python-version "$python" --python-platform "$processor-manylinux_2_28" \
                --only-binary :all: --generate-hashes --no-header --no-annotate "$file" 2>&1 >/dev/null); then
                echo "$file  Python $python  $processor  good"
            else
                echo "$file  Python $python  $processor  $said"
                status=1
            fi
        done
    done
done
exit $status
