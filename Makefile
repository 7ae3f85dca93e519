# `make run` watches a simulated site, `make test` proves what is here. Neither needs root.
# `make install` makes it a service of this machine: docs/install.md.
VENV := .venv
STAMP := $(VENV)/.installed
PYTEST_ARGS ?=

# Set PYTHON to choose one; else it is the first of these that runs (a name on PATH need not), is of a version
# that setup.cfg allows, and can make a virtual environment.
RIGHT := -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p $(RIGHT) && { echo $$p; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help run test test-legacy-ssh lint clean install uninstall wheelhouse

# Of install, uninstall and wheelhouse. DESTDIR: stage a tree for another machine. WHEELHOUSE: install from that
# folder, without a network. CONSTRAINTS: which versions. FOR: the Pythons that a wheelhouse is for.
DESTDIR ?=
WHEELHOUSE ?=
CONSTRAINTS ?= constraints/default.txt
FOR ?= 3.11 3.13

help:
	@echo 'make run    watch a simulated telephony site (Ctrl-C stops it)'
	@echo 'make test   run every test and check'
	@echo 'make test-legacy-ssh  the SSH tests with the paramiko that still knows DSA host keys'
	@echo 'make lint   the checks alone: style, types, who may import whom'
	@echo 'make clean  remove what these made'
	@echo
	@echo 'make install      install the service on this machine (as root; docs/install.md)'
	@echo 'make wheelhouse   gather all packages in dist/wheelhouse, for machines without a network'
	@echo 'make uninstall    remove the service; site file, journal and logs stay'

run: $(STAMP)
	@exec $(VENV)/bin/trunkwatch lab run

# Many tests wait for real programs, so three at a time suit two cores.
test: $(STAMP) lint
	$(VENV)/bin/pytest -n 3 --dist loadgroup $(PYTEST_ARGS)

# The last paramiko that knows the DSA host keys of old gateways, in an environment of its own.
LEGACY := .venv-legacy
test-legacy-ssh: $(STAMP) $(LEGACY)/.installed
	$(LEGACY)/bin/python -m pytest -n 2 $(PYTEST_ARGS) $(wildcard tests/test_ssh*.py tests/test_sat*.py tests/test_cli*.py)

$(LEGACY)/.installed: setup.cfg constraints/legacy-ssh.txt
	rm -rf $(LEGACY) && $(VENV)/bin/python -m venv $(LEGACY)
	$(LEGACY)/bin/pip install --quiet --disable-pip-version-check -c constraints/legacy-ssh.txt --editable ".[test]" && touch $@

lint: $(STAMP)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo

# A Python that will do, or one line on what is missing.
define RIGHT_PYTHON
$(or $(PYTHON),false) $(RIGHT) || { echo "make: Python 3.11, 3.12 or 3.13 with venv is missing" \
	"(here: $$($(or $(PYTHON),python3) --version 2>&1 | head -n 1)): sudo apt install python3 python3-venv" >&2; exit 2; }
endef
INSTALL := DESTDIR='$(DESTDIR)' WHEELHOUSE='$(WHEELHOUSE)' CONSTRAINTS='$(CONSTRAINTS)' FOR='$(FOR)' \
	PYTHON='$(PYTHON)' sh systemd/install.sh

install:
	@$(RIGHT_PYTHON)
	@$(INSTALL) install

wheelhouse:
	@$(RIGHT_PYTHON)
	@$(INSTALL) wheelhouse

uninstall:
	@$(INSTALL) uninstall

# A virtual environment holds its own path: where the checkout was moved, or its Python is gone, it is made anew.
ifneq ("$(shell test -x $(VENV)/bin/python && cat $(STAMP) 2>/dev/null)","$(CURDIR)")
.PHONY: $(STAMP)
endif

# Installed again when what it is made of changed; from nothing when an installation was not finished.
# The lock is for two of these at once: the second finds everything done.
$(STAMP): setup.cfg pyproject.toml
	@$(RIGHT_PYTHON)
	@flock setup.cfg sh -c '\
		test $@ -nt setup.cfg && test $@ -nt pyproject.toml && test "$$(cat $@)" = "$$PWD" && exit; \
		echo "installing into $(VENV) (once, about half a minute)"; \
		test "$$(cat $@ 2>/dev/null)" = "$$PWD" || { rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); } || exit; \
		rm -f $@; \
		$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable ".[test]" && pwd >$@'

clean:
	rm -rf $(VENV) .venv-legacy .lab build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
