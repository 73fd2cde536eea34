# videoctl: `make demo` does all set-up and the main job; `make test` is what CI runs.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
BIN := .venv/bin

# Tests of one file share a worker, so that what they start is started once.
PYTEST := $(BIN)/pytest -q -n auto --dist loadfile

.PHONY: help setup demo test check lint types contracts unit system bench jobs schemas requirements clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

setup: ## Environments and engine; quick when nothing is missing
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer on PATH" >&2; \
		echo "hint: install one (Debian: apt-get install python3 python3-venv), or make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) tools/bootstrap.py

demo: setup ## Build slowprod on the sandbox and send player events through it
	@$(BIN)/python tools/demo.py

test: setup lint types contracts ## Everything CI runs: check and system, with every example
	@$(PYTEST) -m "not network"

check: setup lint types contracts unit ## Lint, types, contracts, unit tests (under 90 s)

lint:
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

types:
	@$(BIN)/mypy --no-error-summary

contracts:
	@$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports --no-logo

unit:
	@$(PYTEST) -m "not slow and not sandbox and not engine and not network" --hypothesis-profile=check

system: setup ## Slow tests, and those with the real sandbox and the real engine
	@$(PYTEST) -m "(slow or sandbox or engine) and not network"

bench: setup ## The figures of docs/benchmarks.md
	@$(BIN)/python -m bench

jobs: setup ## Build the Flink job's jar where its sources changed, and check the package
	@$(BIN)/python -m tools.lint_job_zip

schemas: ## Write the schemas and pages that are generated from types
	@$(BIN)/python tools/write_schemas.py

requirements: ## Compile the requirement files again, with hashes and without an index
	@sh tools/compile_requirements.sh

clean: ## Remove environments and caches of this checkout
	rm -rf .venv .venv-flink .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
