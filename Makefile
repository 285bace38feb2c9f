# Every verb of the project. People, the README and CI use the same ones.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help
help: ## list the verbs
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  \033[1mmake %-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- set up
$(VENV)/installed: requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=/path/to/python3")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: lock
lock: $(VENV)/installed ## resolve requirements/*.in again into hash-locked requirements/*.txt
	for name in bootstrap emulator layer dev node; do \
	  uv pip compile requirements/$$name.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --custom-compile-command "make lock" -q -o requirements/$$name.txt || exit 1; done

# ---------------------------------------------------------------- check
.PHONY: lint
lint: $(VENV)/installed ## ruff, formatting, mypy strict
	ruff check .
	ruff format --check .
	mypy

.PHONY: test
test: $(VENV)/installed ## all tests that a commit must pass
	pytest -m "not long"
