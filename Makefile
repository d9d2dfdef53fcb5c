# Two commands matter: `make demo` and `make test`. Everything else is a part of them.
#
# Needs Python 3.11 or newer with venv, make, and a network to the package registries at the first call.

SHELL := /bin/bash
PYTHON ?= python3
ARGS ?=
# One more than there are processors: tests over a whole installation mostly wait.
JOBS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1 )))
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --no-sync
# What Python compiles is kept, whatever the machine says: the tests start some fifty processes, and each of them would
# compile everything it imports again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup front-end demo up doctor reset test check lint types migrations-check soak bench clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-18s %s\n", $$1, $$2}'

.tools/bin/uv:
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8'

# The environment follows the lock file and nothing else.
.venv/.synced: uv.lock pyproject.toml | $(filter .tools/bin/uv,$(UV))
	$(UV) sync --locked
	@touch $@

setup: .venv/.synced ## Install uv (if it is not there) and the locked Python packages

# `exec`: signals reach the program itself, not a shell in front of it.
demo: setup ## Set up and run the demo (PORT=8000; ARGS="--legs 300 --loads 2000")
	@exec .venv/bin/backhaul demo $(ARGS)

up: setup ## Set up and run an empty installation
	@exec .venv/bin/backhaul up $(ARGS)

doctor: setup ## Say what this machine lacks
	@.venv/bin/backhaul doctor

reset: setup ## Delete the installation's data
	@.venv/bin/backhaul reset $(ARGS)

front-end: setup
	@.venv/bin/python -m django assets --settings backhaul.settings --packages-only

test: setup front-end ## Run the whole suite (ARGS are pytest's)
	.venv/bin/pytest --numprocesses $(JOBS) --dist loadgroup $(ARGS)

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: setup
	.venv/bin/mypy

migrations-check: setup
	.venv/bin/pytest --quiet tests/backhaul/test_migrations.py

# The suite asks as well whether models and migrations say the same: nobody waits for it twice.
check: lint types test ## Lint, types, tests

soak: setup front-end ## Long races, fault drills and property runs
	.venv/bin/pytest -m soak $(ARGS) || [ $$? = 5 ] # 5: there is none

bench: setup ## Print the benchmarks' figures
	.venv/bin/python -m benchmarks $(ARGS)

clean: ## Remove what was built; the installation's data stays
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis static/vendor
