# `make` alone lists what there is: the text behind `##` is the list.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
PACKAGES := $(wildcard bench cli deploy services shared tests)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check chaos prove contracts bench bench-quick lock compose-secrets compose-check clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## the environment in .venv, as the lock says; implied by the others, nothing to do the second time
	@command -v "$(PYTHON)" >/dev/null || { echo "There is no $(PYTHON): install Python 3.11 or newer, or name one: make PYTHON=…" >&2; exit 1; }
	@"$(PYTHON)" -I deploy/local/setup.py

demo: setup ## firms travel from partner to partner through the whole system; options: make demo ARGS="--firms 50"
	@$(BIN)/portolano demo $(ARGS)

test: setup ## every test, on a real broker and a real database; a part of them: make test ARGS=tests/unit
	@$(BIN)/python -m pytest --numprocesses 2 $(ARGS)

check: setup ## format, lint, types, import contracts: all four, whatever the first says
	@failed=0; \
	$(BIN)/ruff format --check --output-format concise . || failed=1; \
	$(BIN)/ruff check --output-format concise . || failed=1; \
	$(BIN)/mypy $(PACKAGES) || failed=1; \
	$(BIN)/lint-imports --no-logo || failed=1; \
	exit $$failed

prove: setup ## what is too long for the tests, at full size (minutes; the AsyncAPI parser needs Node); writes docs/prove.md
	@$(BIN)/python -m tests.prove --page docs/prove.md --jobs "$$(nproc 2>/dev/null || echo 1)" $(ARGS)

chaos: setup ## the whole system under kills, cuts and stalls, seed by seed; hours; writes docs/chaos.md and goes on where it stopped
	@$(BIN)/python -m tests.chaos $(ARGS)

contracts: setup ## contracts/ anew: schemas, AsyncAPI, rules, missing golden events; a change that breaks one is refused
	@$(BIN)/python -m tests.contract.golden
	@$(BIN)/python -m cli.contracts $(ARGS)

bench: setup ## what the promises cost, on a machine that does nothing else: half an hour, then docs/performance.md
	@$(BIN)/python -m bench $(ARGS)

bench-quick: setup ## portolano ÷ raw in less than two minutes
	@$(BIN)/python -m bench --quick

lock: setup ## the locks anew from requirements/*.in; versions stay unless ARGS="--upgrade"
	@for lock in runtime dev; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			$(ARGS) --output-file requirements/$$lock.lock requirements/$$lock.in || exit 1; \
	done

compose-secrets: setup ## passwords, keys and the certificate for docker compose, into var/compose; mends what is there
	@$(BIN)/python -m deploy.compose.prepare

compose-check: setup ## the compose file run for real: 200 firms, two kills, every wall looked at; needs a Docker engine
	@$(BIN)/python -m deploy.compose.check

clean: ## stops the checkout's system; removes .venv, the caches and var/, downloads and secrets included
	@if [ -d var/run ] && [ -x $(BIN)/portolano ]; then env -u PORTOLANO_HOME $(BIN)/portolano down; fi
	@rm -rf .venv var .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name .git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
