# Two commands: `make run` (a synthetic place, end to end) and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

TOOLS := .venv-tools

.PHONY: run test bench check lint lint-contracts dev clean

run: $(VENV)/.run
	$(BIN)/phm run --demo

test: $(VENV)/.test check
	$(BIN)/python -m pytest

bench: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	.ci/contracts-since-release $(BIN)/phm
	$(BIN)/phm cohorts check

lint: check lint-contracts

# The standard's own tool wants other versions than phm does: it has an environment to itself.
lint-contracts: $(TOOLS)/.installed
	$(TOOLS)/bin/python .ci/lint-contracts.py

dev: $(VENV)/.run
	$(BIN)/dagster dev

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) -e .
	touch $@

$(VENV)/.test: $(VENV)/.run
	$(PIP) -e '.[spark,test]'
	touch $@

$(TOOLS)/.installed: .ci/constraints-tools.txt
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints-tools.txt datacontract-cli
	touch $@

clean:
	rm -rf $(VENV) $(TOOLS) phm_home
