# `make help` lists what can be made. Everything that is made lies under build/.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
ENVIRONMENTS := build/env
BIN := $(ENVIRONMENTS)/main/bin
LOCKS := deployment/requirements
export PYTHONPATH := $(CURDIR)

## Set-up ---------------------------------------------------------------------------------------------------------

# One environment per lock: made anew when its lock changes, removed when the install breaks off half way.
$(ENVIRONMENTS)/%/.ready: $(LOCKS)/%.txt
	@printf 'making the %s environment (once)\n' '$*'
	@rm -rf $(@D) && mkdir -p $(ENVIRONMENTS)
	@$(PYTHON) -m venv $(@D)
	@PYTHONPATH= $(@D)/bin/pip install -qq --disable-pip-version-check --require-hashes --requirement $< || { rm -rf $(@D); exit 1; }
	@touch $@
