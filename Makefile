# Every chore has one word. `make demo` is the one to start with; `make help` lists the rest.
# Needs Python 3.11-3.13 and, for the sandbox's ODBC reads, a SQLite ODBC driver (installed by apt when allowed).

VENV ?= .venv
RUN ?= $(if $(TRADEBRIDGE_RUN),$(TRADEBRIDGE_RUN),.run)
WORKERS ?= 2

BIN := $(VENV)/bin
PYTHON := $(BIN)/python
PYTEST = $(PYTHON) -m pytest
export PYTHONPATH := $(CURDIR):$(CURDIR)/plugins
export TRADEBRIDGE_RUN := $(RUN)
export GX_ANALYTICS_ENABLED := false

# The first Python that is new enough, works, and is not a dead shim.
SYSTEM_PYTHON = $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo $$name; break; }; done)
INSTALL = $(if $(SYSTEM_PYTHON),$(SYSTEM_PYTHON) include/standalone/install.py --venv $(VENV),\
	$(error Tradebridge needs Python 3.11, 3.12 or 3.13: sudo apt-get install python3 python3-venv))
# A room of tests that is still empty is no error.
pytest_room = $(if $(shell find tests/$(1) -name 'test_*.py' 2>/dev/null),$(PYTEST) tests/$(1) $(2))

.DEFAULT_GOAL := help
.PHONY: help setup dev demo up down status test parts flows unit contract pipeline failpoints benchmarks airflow e2e chaos lint format prices bench lock protocol clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## virtual environment, pinned requirements, ODBC driver
	@$(INSTALL) --odbc

dev: # the same with what tests need
	@$(INSTALL) --dev --odbc

demo: setup ## orders from the sandbox shop into the sandbox ERP; DETACH=1 ends by itself, 0 only if all balances
	@$(PYTHON) -m include.standalone demo $(if $(DETACH),--detach)

up: setup ## everything in the background, ready to work
	@$(PYTHON) -m include.standalone up --detach

down: ## stop everything that `up` or `demo` left
	@test ! -x $(PYTHON) || $(PYTHON) -m include.standalone down

status: ## what runs, where
	@$(PYTHON) -m include.standalone status

test: dev ## all tests; of chaos some single deaths. Three lanes side by side
	@$(MAKE) --no-print-directory --jobs=3 parts flows e2e

parts: dev # rooms that try one thing at a time, in turn
	@for room in unit contract benchmarks airflow; do $(MAKE) --no-print-directory $$room || exit 1; done

flows: dev # rooms in which records go through the stages, in turn
	@for room in pipeline failpoints; do $(MAKE) --no-print-directory $$room || exit 1; done

unit: dev
	@$(call pytest_room,unit,-n $(WORKERS))

contract: dev
	@$(call pytest_room,contract,-n $(WORKERS))

pipeline: dev
	@$(call pytest_room,pipeline)

failpoints: dev
	@$(call pytest_room,chaos,-m 'not chaos')

benchmarks: dev # that the versions which `bench` compares do the same work; no times
	@$(call pytest_room,bench,-m 'not bench')

airflow: dev
	@$(call pytest_room,airflow)

e2e: dev
	@$(call pytest_room,e2e)

chaos: dev ## every failpoint, then SECONDS=120 of faults on a whole machine; SEED=, POSTGRES_BIN=
	@$(call pytest_room,chaos)
	@$(PYTHON) -m tests.chaos --seconds $(or $(SECONDS),120) $(if $(SEED),--seed $(SEED)) \
		$(if $(POSTGRES_BIN),--postgres-bin $(POSTGRES_BIN))

lint: ## ruff, mypy --strict, import rules
	@$(INSTALL) --dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy include plugins
	@$(BIN)/lint-imports

format: ## let ruff rewrite what it may
	@$(INSTALL) --dev
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

prices: dev ## 100,000 invented orders, to the cent on both sides; ORDERS=n
	@$(PYTHON) -m tests.unit.mappings.clarity_prices --orders $(or $(ORDERS),100000)

bench: dev ## speed and memory, as a table and JSON in build/
	@$(call pytest_room,bench,-m bench)
	@$(PYTHON) -m tests.bench

lock: ## resolve requirements*.in into pinned requirements*.txt
	@$(INSTALL) --dev
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 requirements.in -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 requirements-dev.in -o requirements-dev.txt

protocol: # generate the stubs of Salesforce's Pub/Sub API anew from its contract
	@$(INSTALL) --dev
	@$(PYTHON) -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. include/pubsub_api/pubsub_api.proto

clean: down ## stop everything, forget all data and the virtual environment
	@test ! -x $(PYTHON) || $(PYTHON) -m include.standalone forget
	@rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
