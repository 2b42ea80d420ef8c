# symcost: everything that a fresh machine with git, make and Python 3.11 or newer needs.
#
#   make demo        set up .venv, then run the main job on real models
#   make test        format, lint, types and tests (under 15 minutes on two cores)
#   make test-all    the tests on the oldest and the newest Python installed here
#   make test-long   the tests that take minutes each, and properties at eight times as many examples, new ones each time
#   make lint | format | docs | docs-serve | bench | clean
#
# PYTHON=/path/to/python3.12 make test    takes another Python than the one found.
# VENV=somewhere make test                puts the environment elsewhere.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

# A Python that answers is not yet a Python that works: a pyenv shim exists for versions that are not active.
# So each candidate is run, and must be new enough and able to make a virtual environment.
works = $$candidate -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1
minor_of = import sys; print("3.%d" % sys.version_info[1])
PYENV_ROOT ?= $(HOME)/.pyenv

ifndef PYTHON
PYTHON := $(shell for candidate in python3 python3.13 python3.12 python3.11 python3.14 python \
	$(wildcard $(PYENV_ROOT)/versions/3.1[1-4].*/bin/python3); do \
	if $(works); then echo $$candidate; break; fi; done)
endif
MINOR := $(shell $(PYTHON) -c '$(minor_of)' 2>/dev/null)
VENV ?= .venv

# jax 0.10 is the last release for Python 3.11; newer Pythons get the newest one.
constraints_of = constraints/py$(if $(filter 3.11,$(1)),311,312+).txt
CONSTRAINTS := $(call constraints_of,$(MINOR))

BIN := $(VENV)/bin
# Asked to be quiet, pip still prints its errors, but not its remarks on how this machine is set up.
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check install -qq --constraint $(CONSTRAINTS)
# Stamps carry the version, so that another PYTHON makes a new environment, and an edit of what is pinned installs anew.
MADE := $(VENV)/.made-$(MINOR)
RUNTIME := $(VENV)/.installed-$(MINOR)-runtime
TESTING := $(VENV)/.installed-$(MINOR)-test
DOCUMENTING := $(VENV)/.installed-$(MINOR)-docs
COMPILERS := $(VENV)/.installed-$(MINOR)-compilers

# Material for MkDocs announces its successor on every run; strict mode is about our pages.
export NO_MKDOCS_2_WARNING := 1
# Tests and the demo are about programs and their costs on this machine's CPU; no accelerator is looked for.
export JAX_PLATFORMS ?= cpu
# The compilers for chips that this machine does not have, beside the environment and not in it.
export SYMCOST_TARGETS ?= $(abspath $(VENV))/targets
PYTEST_ARGS ?=
WORKERS ?= 2

.PHONY: help demo test test-all test-long lint format docs docs-serve bench clean
.DEFAULT_GOAL := help

help:
	@sed -n '/^#   make/s/^# //p' Makefile

demo: $(RUNTIME)
	@$(BIN)/python -m symcost.demo

test: lint $(COMPILERS)
	@echo "pytest ($(MINOR))"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

test-long: $(TESTING)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m long $(PYTEST_ARGS)
	@SYMCOST_EXAMPLES=8 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "hypothesis and not long" $(PYTEST_ARGS)

# Every minor version that works here, by the first Python that has it; of them the oldest and the newest.
test-all:
	@found=$$(for candidate in python3.11 python3.12 python3.13 python3.14 python3 $(wildcard $(PYENV_ROOT)/versions/3.1[1-4].*/bin/python3); do \
		if $(works); then echo "$$($$candidate -c '$(minor_of)') $$(command -v $$candidate)"; fi; done | sort -t. -k2,2n -s -u); \
	test -n "$$found" || { echo "no Python from 3.11 on works here; install one, or say which: make test PYTHON=/path/to/python3" >&2; exit 1; }; \
	printf 'Pythons that work here:\n%s\n' "$$found"; \
	printf '%s\n' "$$found" | sed -n '1p;$$p' | uniq | while read -r minor python; do \
		echo "--- Python $$minor"; \
		$(MAKE) --no-print-directory test PYTHON="$$python" VENV=.venv-$$minor </dev/null; \
	done

lint: $(TESTING)
	@echo "ruff format --check"; $(BIN)/ruff format --check --quiet .
	@echo "ruff check"; $(BIN)/ruff check --quiet .
	@echo "pyright"; $(BIN)/pyright --pythonpath $(BIN)/python

format: $(TESTING)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(DOCUMENTING)
	@$(BIN)/mkdocs build --strict --quiet
	@echo "docs are in site/"

docs-serve: $(DOCUMENTING)
	@$(BIN)/mkdocs serve

# What needs an accelerator, matplotlib or names of models is run by hand; the page is filled when all has been measured.
bench: $(TESTING)
	@set -- benchmarks/*.py; test -e "$$1" || { echo "there is no benchmark in benchmarks/" >&2; exit 1; }; \
	for script in "$$@" benchmarks/tables.py; do \
		case "$$script" in */measure_device.py | */plots.py | */graphs.py | */gallery.py) continue ;; esac; \
		echo "$$script"; $(BIN)/python "$$script"; \
	done

clean:
	rm -rf .venv .venv-3.* build dist site .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -type d -prune -exec rm -rf {} +

$(MADE):
	@test -n "$(MINOR)" || { echo "no Python from 3.11 on works here; install one, or say which: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@case "$(MINOR)" in 3.1[1-4]) ;; *) echo "$(PYTHON) is Python $(MINOR); symcost needs 3.11 or newer" >&2; exit 1;; esac
	@echo "making $(VENV) with Python $(MINOR)"
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(RUNTIME): $(MADE) pyproject.toml $(CONSTRAINTS)
	@echo "installing symcost as pinned in $(CONSTRAINTS)"
	@$(PIP_INSTALL) --editable .
	@touch $@

$(TESTING): $(RUNTIME)
	@echo "installing what the tests need"
	@$(PIP_INSTALL) --editable '.[test]'
	@touch $@

# Without them the few tests that compile for TPU and GPU are skipped, which the run then says.
$(COMPILERS): $(RUNTIME)
	@echo "installing XLA for TPU and GPU"
	@for chip in tpu gpu; do $(BIN)/symcost targets install $$chip >/dev/null || exit 0; done; touch $@

$(DOCUMENTING): $(RUNTIME)
	@echo "installing what the documentation needs"
	@$(PIP_INSTALL) --editable '.[docs]'
	@touch $@
