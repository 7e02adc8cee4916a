# Everything sets itself up: Python 3.11+, make, git and the package registries are enough.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
# Sandboxes side by side: their tests mostly wait. Each takes a bit more than 1 GB.
LABS ?= 4
VENV := .venv
SANDBOX_VENV := .venv-sandbox
RUN := $(VENV)/bin
SANDBOX := $(SANDBOX_VENV)/bin/oracleapi-sandbox
PIP_INSTALL := install --quiet --disable-pip-version-check --require-hashes --no-deps
LOCK_FLAGS := --quiet --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --generate-hashes --strip-extras --allow-unsafe

.PHONY: help
help: ## Show what there is to type
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

.PHONY: demo
demo: setup ## Show the main job end to end on this machine (KEEP=1 leaves everything running)
	@$(SANDBOX_VENV)/bin/python -m oracleapi_sandbox.demo --operator-python $(RUN)/python $(if $(KEEP),--keep,)

.PHONY: test
test: setup check ## Run the whole test suite
	cd sandbox && ../$(SANDBOX_VENV)/bin/python -m pytest -q -n 2 --dist loadfile
	$(RUN)/python -Im pytest -q -n 2 tests/unit tests/transition tests/test_layout.py
	$(RUN)/python -Im pytest -q -n $(LABS) --dist loadfile --no-loadscope-reorder -m "not image" tests/e2e tests/contract

.PHONY: test-image
test-image: setup ## Build the image over a fresh Debian base and start it; needs root, buildah and debootstrap
	$(RUN)/python -Im pytest -q -rs -m image tests/e2e/test_image.py

.PHONY: check
check: setup ## Format, lint, types and import contract, generated files (everything but the tests)
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	@out=$$($(RUN)/lint-imports --no-cache) || { echo "$$out"; exit 1; }
	cd sandbox && ../$(SANDBOX_VENV)/bin/ruff format --check . && ../$(SANDBOX_VENV)/bin/ruff check . && ../$(SANDBOX_VENV)/bin/mypy

.PHONY: generate
generate: setup ## Write the CRDs from the models, and what follows from them
	$(RUN)/python -m oracleapi.api crds charts/oracle-api-operator/files/crds
	$(RUN)/python charts/oracle-api-operator/docs/argocd/assemble.py > charts/oracle-api-operator/docs/argocd/argocd-cm.yaml

.PHONY: sandbox
sandbox: setup ## Start the sandbox and leave it running
	$(SANDBOX) up

.PHONY: bench
bench: setup ## Measure calls, writes and times; writes bench/RESULTS.md
	$(RUN)/python bench/run.py

.PHONY: mutation
mutation: setup ## Change the guard and the planners place by place and see whether the tests notice; hours
	$(RUN)/python bench/mutation.py

.PHONY: lock
lock: setup ## Renew the locked requirements
	$(RUN)/pip-compile $(LOCK_FLAGS) --output-file requirements/operator.txt pyproject.toml
	$(RUN)/pip-compile $(LOCK_FLAGS) --extra cli --output-file requirements/dev.txt pyproject.toml requirements/dev.in
	cd sandbox && ../$(RUN)/pip-compile $(LOCK_FLAGS) --extra test --output-file requirements.txt pyproject.toml

.PHONY: clean
clean: ## Stop the sandbox and delete what was made here; caches in the user's cache folder stay
	@for dir in .sandbox .sandbox/demo; do \
	  if [ -x $(SANDBOX) ] && [ -d $$dir ]; then $(SANDBOX) --dir $$dir down; fi; \
	done
	rm -rf $(VENV) $(SANDBOX_VENV) .sandbox build dist .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: setup
setup: $(VENV)/.ready $(SANDBOX_VENV)/.ready

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv $(VENV)
	@$(RUN)/python -m pip $(PIP_INSTALL) -r requirements/dev.txt
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(SANDBOX_VENV)/.ready: sandbox/requirements.txt sandbox/pyproject.toml
	@echo "Setting up $(SANDBOX_VENV) …"
	@$(PYTHON) -m venv $(SANDBOX_VENV)
	@$(SANDBOX_VENV)/bin/python -m pip $(PIP_INSTALL) -r sandbox/requirements.txt
	@$(SANDBOX_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable ./sandbox
	@touch $@
