# `make demo` and `make test` are all that a newcomer needs; both make .venv first.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test quick lint soak bench lock schema docs pictures site setup setup-bench clean

BIN := .venv/bin
# make PYTHON=/path/to/python3.13 TARGET: which interpreter .venv is made with
export PYTHON ?=

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## .venv from the lock; every other target does it by itself
	@.ci/setup

setup-bench:
	@.ci/setup --bench

demo: setup ## the shipped mission, from nothing to done, on services of its own (DEMO="--keep" passes flags)
	@$(BIN)/mission demo --from-scratch $(DEMO)

test: setup ## every test: unit, integration, acceptance, crash (ARGS="-k name -n 0" passes flags)
	@$(BIN)/python -m pytest $(SPREAD) $(ARGS)

quick: setup ## the tests that take no more than ten seconds each
	@$(BIN)/python -m pytest $(SPREAD) -m "not slow and not crash and not soak" $(ARGS)

# Over several processes; tests/conftest.py says how many. Who has nothing left takes from the others.
SPREAD := -n auto --dist worksteal

lint: setup-bench ## ruff, mypy strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

soak: setup ## the long series: hundreds of kills, large storages; an hour or two (MISSION_SEED=n)
	@PATH="$$(.ci/services --all-versions):$$PATH" $(BIN)/python -m pytest -m soak --log-cli-level=INFO $(ARGS)

bench: setup-bench ## the benchmarks, as JSON (ARGS="parse status" names some)
	@$(BIN)/python -m bench $(ARGS)

lock: ## resolve pyproject.toml into requirements.lock again (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 2; }
	@uv pip compile $(COMPILE) pyproject.toml --extra embedded --extra mcp --extra scale --group dev \
	    --output-file requirements.lock
	@uv pip compile $(COMPILE) bench/requirements.in --constraint requirements.lock \
	    --output-file bench/requirements.lock

# What else shapes the lock is in pyproject.toml, [tool.uv.pip].
COMPILE := --quiet --universal --python-version 3.11

schema: setup ## write the JSON Schemas in docs/ from the models of the configuration files
	@$(BIN)/python -m mission.config > docs/mission.schema.json
	@$(BIN)/python -m tiers.config_schema > docs/mission.config.schema.json

docs: setup ## write docs/commands.md and docs/mission-yaml.md from the commands and the models
	@$(BIN)/python -m cli.reference > docs/commands.md
	@$(BIN)/python -m mission.reference > docs/mission-yaml.md

pictures: setup ## make the pictures in docs/pictures (needs Chromium for the dashboard's)
	@$(BIN)/python -m tests.pictures

site: setup ## README and docs/ as a site, in build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

clean: ## remove .venv, build output and caches
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
	    .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
