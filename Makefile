# Two commands: `make run` (a synthetic place, end to end) and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: run test bench lint dev clean

run: $(VENV)/.run
	$(BIN)/phm run --demo

test: $(VENV)/.test lint
	$(BIN)/python -m pytest

bench: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

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

clean:
	rm -rf $(VENV) phm_home
