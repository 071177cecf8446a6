# 派单 Paidan. `make help` lists the commands. Each command first makes the virtual environment if there is none.
.DEFAULT_GOAL := help
PYTHON ?= python3
PREFIX ?= /opt/paidan
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH := .venv-bench
JOBS ?= 2
# With PYTHON=… naming another Python than the virtual environment's, make the environment again.
ifneq ($(origin PYTHON),file)
ifneq ($(wildcard $(BIN)/python),)
MINOR := -c 'import sys; print(sys.version_info[:2])'
ifneq ($(shell $(BIN)/python $(MINOR) 2>&1),$(shell $(PYTHON) $(MINOR) 2>&1))
$(shell rm -f $(READY) $(BENCH)/.ready)
endif
endif
endif

# A test process that crashes ends the run: after its restart the others would wait for tests that nobody runs.
ALL := -n $(JOBS) --dist loadfile --no-loadscope-reorder --max-worker-restart 0 --ignore tests/browser
# The folders of unit tests, without the tests that use a database.
UNIT := $(addprefix tests/,domain routing ports runtime cli replay demo storage test_house.py test_settings.py) \
	-m "not database"

.PHONY: help setup demo up test test-system coverage test-unit test-web test-others screenshots lint format docs bench bench-web bench-postgresql growth bench-start bench-slips bench-board bench-search bench-migration chaos chaos-kills chaos-full lock lock-check wheel install clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(READY)  ## virtual environment with the locked packages

$(READY): requirements/dev.txt pyproject.toml setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh setup.sh
	@touch $(READY)

demo: setup  ## made-up faults go from the report to the survey; STAY=1 leaves everything running
	@$(BIN)/dispatch demo $(if $(STAY),--stay)

up: setup  ## run everything as supervised processes until Ctrl-C
	@$(BIN)/dispatch up

test: setup  ## all tests but those of whole installations and of the browser, in JOBS processes
	@$(BIN)/python -m pytest -p no:cacheprovider $(ALL) -m "not system"

test-system: setup  ## whole installations as real processes: documented commands, kills, full disk, parts that are away
	@$(BIN)/python -m pytest -p no:cacheprovider $(ALL) -m system

coverage: setup  ## coverage of dispatch and workers by the tests without processes, in another time zone than `test`
	@TZ=America/New_York $(BIN)/python -m pytest -p no:cacheprovider $(ALL) --ignore tests/acceptance --ignore tests/deploy -m "not system" \
		--cov --cov-report=
	@for each in dispatch workers; do printf 'coverage: %s %s %%\n' "$$each" \
		"$$($(BIN)/coverage report --include="$$each/*" --format=total)"; done

test-unit: setup  ## only the unit tests, in seconds
	@$(BIN)/python -m pytest -p no:cacheprovider $(UNIT)

test-web: setup  ## the pages in a real browser (Debian's chromium), with workers and broker
	@$(BIN)/python -m pytest -p no:cacheprovider tests/browser

test-others: setup  ## the journey through the databases and brokers that others run (Debian's packages)
	@$(BIN)/python -m chaos.others

screenshots: setup  ## docs/screenshots: every page, on a desktop and a phone, light and dark
	@PYTHONPATH=. $(BIN)/python -m tests.browser.screenshots

lint: setup  ## ruff, mypy --strict (also tests, bench, chaos), import contracts, rules and their cases, script, plans, messages, complaints
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/dispatch rules check routing_rules.yaml
	@$(BIN)/dispatch rules test routing_rules.yaml
	@$(BIN)/dispatch script check prehandling.yaml
	@$(BIN)/dispatch plans check marketing_plans.yaml
	@$(BIN)/dispatch messages check messages.yaml
	@$(BIN)/dispatch complaint check complaints.yaml

format: setup  ## ruff's formatting and safe fixes
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: setup  ## the generated pages: life tables, settings, the rules' drawings and schema
	@$(BIN)/python -m dispatch.domain.diagrams > docs/journey.md
	@$(BIN)/python -m dispatch.cli.settings_page > docs/settings.md
	@$(BIN)/dispatch rules show routing_rules.yaml --svg docs/rules.svg
	@$(BIN)/dispatch rules show routing_rules.yaml --flow construction --svg docs/rules-construction.svg
	@$(BIN)/dispatch rules schema > docs/routing_rules.schema.json

bench: setup $(BENCH)/.ready  ## speed of seven hops in Celery, Procrastinate, Dramatiq, Huey and Paidan, in turns
	@$(BENCH)/bin/python -m bench.comparison

bench-web: setup  ## tickets made, and whole journeys, per second through the REST API with eight clients
	@$(BIN)/python -m bench.web

bench-postgresql: setup  ## 200 faults by eight clients, and the idle processor, on Debian's PostgreSQL 15 and on 18
	@$(BIN)/python -m bench.postgresql

growth: setup $(BENCH)/.ready  ## cost of a hop with more tickets, backlog, rules, workers
	@$(BENCH)/bin/python -m bench.growth

bench-migration: setup  ## migrate a million rows to the first schema and back, while people report faults
	@$(BIN)/python -m bench.migration

bench-start: setup  ## processor seconds that a command takes to start
	@$(BIN)/python -m bench.startup

bench-slips: setup  ## time to make a slip
	@$(BIN)/python bench/slips.py

bench-board: setup  ## time of a board's page with 1,000 and with 100,000 open hops; some minutes
	@$(BIN)/python bench/board.py

bench-search: setup  ## time of a search among a million tickets and accounts; `N=100000 make bench-search` for fewer
	@$(BIN)/python bench/search.py

$(BENCH)/.ready: requirements/bench.txt setup.sh
	@PYTHON="$(PYTHON)" VENV="$(BENCH)" LOCKED=requirements/bench.txt sh setup.sh
	@touch $(BENCH)/.ready

chaos: setup  ## 50 kills and every other failure over 1,000 tickets, in some minutes
	@$(BIN)/python -m chaos ci

chaos-kills: setup  ## only the 50 kills
	@$(BIN)/python -m chaos ci --only kills

chaos-full: setup  ## at least 1,000 kills over 50,000 tickets, in some hours
	@$(BIN)/python -m chaos full

lock: setup  ## resolve and lock the packages again (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements/run.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev -c requirements/run.txt pyproject.toml -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -c requirements/dev.txt requirements/bench.in -o requirements/bench.txt
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -c requirements/dev.txt - -o requirements/build.txt

lock-check:  ## check that every supported Python and processor gets the locked packages as wheels (needs uv)
	@sh requirements/check.sh

wheel: setup  ## dist/paidan-VERSION-py3-none-any.whl
	@rm -rf build/lib build/bdist.*
	@$(BIN)/python -c 'from setuptools.build_meta import build_wheel; build_wheel("dist")' >/dev/null
	@ls dist/*.whl

install:  ## install in PREFIX (/opt/paidan), without development packages
	@PYTHON="$(PYTHON)" VENV="$(PREFIX)" sh setup.sh install

clean:  ## remove the virtual environment and the caches
	rm -rf $(VENV) $(BENCH) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
