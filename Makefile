# `make help` lists the targets. PYTHON chooses the interpreter the environment is made with.
PYTHON ?= python3
VENV ?= .venv
ARGS ?=
UPGRADE ?=

PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --require-virtualenv --quiet --quiet
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test check format lint types arrows bench pictures lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Make the virtual environment, with the pinned requirements

run: $(VENV)/.installed ## Start everything and print where it is; Ctrl-C stops it
	@exec $(PY) -m crm_core up

test: $(VENV)/.installed-dev ## Run the whole suite; ARGS="-k words" chooses
	@$(PY) -m pytest $(ARGS)

check: lint types arrows test ## Format, lint, types, arrows, then the suite

format: $(VENV)/.installed-dev ## Rewrite the code in the house's format
	@$(VENV)/bin/ruff format
	@$(VENV)/bin/ruff check --fix

lint: $(VENV)/.installed-dev ## Is the code formatted and free of what ruff finds?
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/ruff check

types: $(VENV)/.installed-dev ## Do the types hold?
	@$(VENV)/bin/mypy

arrows: $(VENV)/.installed-dev ## Do imports point down?
	@$(VENV)/bin/lint-imports

bench: $(VENV)/.installed-dev ## Measure, each figure beside its floor (the API comparison wants node and npm)
	@$(PY) -m pytest tests/load -m load -s $(ARGS)

pictures: $(VENV)/.installed-dev ## Take every page's picture anew, and the guide's among them (wants Chromium)
	@CRM_PICTURES=1 $(PY) -m pytest tests/browser/test_pictures.py -q $(ARGS)

lock: $(VENV)/.installed-dev ## Pin the requirements anew; UPGRADE=1 takes the newest
	@$(COMPILE) requirements.in -o requirements.txt
	@$(COMPILE) requirements-dev.in -o requirements-dev.txt

clean: ## Remove the environment and what tools left; the data stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The stamps are made again when the requirements change.
$(VENV)/.installed: requirements.txt | $(VENV)/bin/pip
	@echo "Installing the requirements; this takes a minute or two."
	@$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt | $(VENV)/bin/pip
	@echo "Installing the requirements of tests and tools; this takes a minute or two."
	@$(PIP) install -r requirements-dev.txt
	@touch $@ $(VENV)/.installed

$(VENV)/bin/pip:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "$(PYTHON) is not there: install Python 3.11 or newer, or name another one: make PYTHON=… "; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11: name a newer one, such as make PYTHON=python3.11 run"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) lacks its venv module: install it (on Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
