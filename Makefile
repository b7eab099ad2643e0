# make demo: from nothing to a trained, tested and reported model.  make test: everything CI runs.
# PIP_CONSTRAINT holds torch to the lock file's exact version, so that no dependency can pull another build.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_CONSTRAINT := $(CURDIR)/requirements.lock
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test setup lint types check format bench clean

demo: setup
	$(BIN)/visus fit digits --yes

test: setup lint types check

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Visus needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "$$(grep '^torch==' requirements.lock)"
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

lint:
	$(BIN)/ruff check visus tests benchmarks examples
	$(BIN)/ruff format --check visus tests benchmarks examples

types:
	$(BIN)/mypy

check:
	$(BIN)/python -m pytest -n 2

format:
	$(BIN)/ruff check --fix visus tests benchmarks examples
	$(BIN)/ruff format visus tests benchmarks examples

bench:
	@echo "Each claim has its script; see benchmarks/README.md"; ls benchmarks/*.py

clean:
	rm -rf $(VENV) build dist *.egg-info
