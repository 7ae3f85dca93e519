# Two commands: `make run` watches a simulated site, `make test` proves what is here. Neither needs root.
# PYTHON may be set; else the first of these that really runs is taken (a name on PATH is not enough).
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
STAMP := $(VENV)/.installed
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check lint clean

help:
	@echo 'make run    watch a simulated telephony site (Ctrl-C stops it)'
	@echo 'make test   run every test and check'
	@echo 'make clean  remove what these made'

run: $(STAMP)
	@exec $(VENV)/bin/trunkwatch lab run

test: $(STAMP) lint
	$(VENV)/bin/pytest $(PYTEST_ARGS)

lint: $(STAMP)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# Installed anew when what it is made of changed.
$(STAMP): setup.cfg pyproject.toml
	@test -n "$(PYTHON)" || { echo 'make: Python 3.11, 3.12 or 3.13 is missing: sudo apt install python3 python3-venv' >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'make: $(PYTHON) cannot make a virtual environment: sudo apt install python3-venv' >&2; exit 2; }
	@echo 'installing into $(VENV) (once, about half a minute)'
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

clean:
	rm -rf $(VENV) .lab build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
