# syntax=docker/dockerfile:1
# One image for every process of Paidan; docker-compose.yml gives each container its command.

FROM python:3.13-slim-trixie AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/run.txt /tmp/run.txt
# Install only locked packages, checked by hash, and only wheels, so that the image needs no compiler.
RUN python -m venv /opt/paidan \
 && /opt/paidan/bin/pip install --require-hashes --only-binary=:all: --requirement /tmp/run.txt

FROM python:3.13-slim-trixie
# pg_dump and pg_restore for `dispatch backup` and `dispatch restore`, of the newest supported major version: pg_dump
# refuses a server that is newer than itself.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates postgresql-common \
 && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
 && apt-get install --yes --no-install-recommends postgresql-client-18 \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 paidan \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/paidan --shell /usr/sbin/nologin paidan \
 && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/paidan /var/backups/paidan
COPY --from=packages /opt/paidan /opt/paidan
WORKDIR /app
# dispatch/defaults links to these. An operator's own files are mounted at /etc/paidan and named by the settings.
COPY routing_rules.yaml prehandling.yaml marketing_plans.yaml messages.yaml complaints.yaml replay_mapping.yaml ./
COPY docs/addresses.csv docs/devices.csv docs/
COPY tests/routing_cases.yaml tests/
COPY workers workers
COPY dispatch dispatch
RUN python -m compileall -q /app
ENV PATH=/opt/paidan/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DISPATCH_HOME=/var/lib/paidan
USER 10001:10001
ENTRYPOINT []
CMD ["python", "-m", "dispatch", "--help"]
