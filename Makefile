# Every target works on a fresh checkout: it makes the virtual environment it needs, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/.ready-test ## Audit one made-up company in AWS, Google Cloud and Azure, on this machine, in one report
	@mkdir -p build
	@$(BIN)/python -m fixtures.demo

.PHONY: test
test: $(VENV)/.ready-test ## Run all tests
	$(BIN)/python -m pytest -n auto --dist worksteal

.PHONY: dev
dev: $(VENV)/.ready-dev ## Install everything needed to work on this project
	@echo "Ready. Activate it with:  . $(BIN)/activate"

.PHONY: lint
lint: $(VENV)/.ready-dev ## Check style, types and the import order
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: reformat
reformat: $(VENV)/.ready-dev ## Bring the code into the common form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: $(VENV)/.ready-test ## Measure what the design promises; writes build/bench.json
	@mkdir -p build
	$(BIN)/python -m tests.bench

.PHONY: docs
docs: $(VENV)/.ready-test ## Write anew what in docs/ is made from rules, issuer tables and frameworks
	$(BIN)/python -m auditor.rules.docs docs/rules
	$(BIN)/python -m auditor.report.issuers_pages docs/issuers
	$(BIN)/python -m auditor.report.compliance_pages docs/compliance.md

.PHONY: site
site: $(VENV)/.ready-docs ## Build the documentation site into build/site; a dead link is an error
	@# Not --quiet: warnings that are not shown are not counted either.
	$(BIN)/mkdocs build --strict

.PHONY: clean
clean: ## Remove what was built, the virtual environment included
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.ready-%: pyproject.toml | $(BIN)/python
	@echo "Installing what '$*' needs into $(VENV) (a minute or two, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed. If you have one: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@# Debian keeps part of venv in a package of its own; where we may install it, we do.
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
			echo "Installing python3-venv ..." && apt-get update -qq && apt-get install -yqq python3-venv >/dev/null; } || \
		{ echo "This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
