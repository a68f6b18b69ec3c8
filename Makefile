# Two commands matter: `make chat` and `make test`. Both install from requirements.lock, by its checksums alone;
# where PyTorch's build for processors is not to be had, with requirements-torch.lock in place of its line.
SHELL := bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Compiled when it is first imported: most of what is installed never is.
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --no-compile
ONRECORD := $(BIN)/onrecord
MODELS := qwen2.5-coder-1.5b all-minilm-l6-v2
TEST_MODELS := $(MODELS) smollm2-135m
AT = $(if $(DATA),--data "$(DATA)")# `make chat DATA=...`: another folder than the one that every command uses
PYTEST := $(BIN)/python -m pytest
# Files in their order, so that those that wait longest begin first. More processes than cores take as long, and time out.
TOGETHER := $(PYTEST) --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# What leaves its event loop in the process (Playwright), and what needs every core, each runs in a process of its own:
# a browser mostly waits, so the models take what it leaves. What waits for minutes would keep one of the others idle.
BROWSER := browser
WAITS := waits and not browser and not campaign
MODEL := model and not waits and not browser and not campaign
UNIT := not (model or browser or attack or page or slow)

# What was compiled once is kept, whatever the environment says: without it every process compiles all that it imports.
export PYTHONDONTWRITEBYTECODE :=
# The tests' folders in memory, where there is room for them: on a disk each change of a database waits to be written.
ROOMY := test "$$(df --output=avail --block-size=M /dev/shm 2>/dev/null | tail -1 | tr -dc 0-9)" -ge 4000
export PYTEST_DEBUG_TEMPROOT := $(shell $(ROOMY) 2>/dev/null && echo /dev/shm)

.PHONY: chat test quick check test-unit-1 test-unit-2 test-unit-3 test-together test-waits test-browser test-browser-and-gate test-model docs attack gate gate-quick eval bench train native models lock format clean

chat: $(STAMP) ## models pulled, seeds indexed, the page on 127.0.0.1:7860
	@$(ONRECORD) models pull $(MODELS)
	@$(ONRECORD) add seeds --quiet $(AT)
	@$(ONRECORD) chat $(AT)

test: $(STAMP) ## lint, types, every test, with the real models and the real browser, and what gate-quick holds
	@.ci/tools $(BIN)/python
	@$(ONRECORD) models pull $(TEST_MODELS)
	@$(MAKE) --no-print-directory --jobs=3 check test-together test-waits
	@$(MAKE) --no-print-directory --jobs=2 test-browser-and-gate test-model

quick: $(STAMP) ## while working: lint, types, doctests and unit tests, side by side
	@$(MAKE) --no-print-directory --jobs=4 check test-unit-1 test-unit-2 test-unit-3

check: $(STAMP) ## lint, format, types, which module may import which, and that every import is declared
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=.dev $(BIN)/lint-imports --no-cache
	@$(BIN)/deptry .

docs: $(STAMP) ## the documentation as pages in site/; any broken link or reference ends it
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# In three processes of about the same length, as each waits now and then; the last has the page and what is left.
FIRST := tests/eval tests/index/search tests/index/store $(wildcard tests/*.py) tests/ui/test_cli_articles.py
SECOND := tests/qa tests/index
test-unit-1:
	@$(PYTEST) -m "$(UNIT)" $(FIRST)

test-unit-2:
	@$(PYTEST) -m "$(UNIT)" $(SECOND) $(addprefix --ignore=,$(FIRST))

test-unit-3:
	@$(PYTEST) -m "$(UNIT)" $(addprefix --ignore=,$(FIRST) $(SECOND) tests/attacks)

test-together:
	@$(TOGETHER) -m "not ($(BROWSER) or $(MODEL) or waits or campaign)"

test-waits:
	@$(PYTEST) -m "$(WAITS)"

test-browser:
	@$(PYTEST) -m "$(BROWSER)"

# The browser's are through before the model's: the gates take what they leave of the cores.
test-browser-and-gate:
	@$(MAKE) --no-print-directory test-browser
	@$(MAKE) --no-print-directory gate-quick

test-model:
	@nice $(PYTEST) -m "$(MODEL)"

attack: $(STAMP) ## every attack and fault in full (kills, hostile files, orders, a soak of 30 minutes, an archive of 20,000 articles): some hours
	@$(ONRECORD) models pull $(TEST_MODELS)
	@ONRECORD_ATTACK=all $(BIN)/python -m pytest tests/attacks -s

gate: $(STAMP) ## before a release: seeds and poisoned, all with quotes alone, 30 each with the real model, held to eval/reports/gates.toml
	@$(ONRECORD) models pull $(MODELS)
	@$(ONRECORD) eval gate --sample 30

gate-quick: $(STAMP) ## what CI holds: all of both with quotes alone, four of seeds with the real model
	@$(ONRECORD) models pull $(MODELS)
	@$(ONRECORD) eval gate --quick --sample 4

eval: $(STAMP) ## the seeds suite for onrecord and its peers; refreshes the table in docs/evaluation.md
	@$(ONRECORD) models pull $(MODELS)
	@$(ONRECORD) eval all

bench: $(STAMP) ## speed and memory, ratios taken in one run
	@$(ONRECORD) models pull $(MODELS)
	@$(ONRECORD) eval bench

train: $(STAMP) ## the judges anew from QUESTIONS=FILE.jsonl.gz (answers) and, if given, CLAIMS=FILE.jsonl.gz (support, reader): some four hours of two cores, resumable
	@test -n "$(QUESTIONS)" || { echo "Say what to train on: make train QUESTIONS=FILE.jsonl.gz (qa/judges/answer_judge/MODEL_CARD.md)."; exit 2; }
	@$(INSTALL) --quiet --no-deps --require-hashes -r requirements-train.lock
	@$(ONRECORD) models pull all-minilm-l6-v2
	@nice $(BIN)/python -m onrecord.eval.fitting.fit_answers "$(QUESTIONS)"
	@test -z "$(CLAIMS)" || $(ONRECORD) models pull qwen2.5-coder-1.5b
	@test -z "$(CLAIMS)" || nice $(BIN)/python -m onrecord.eval.fitting.fit_adapter "$(CLAIMS)" "$(QUESTIONS)"

native: $(STAMP) ## optional: rebuild the engine for this processor (about five minutes)
	@echo "Building xllamacpp for this processor; this takes about five minutes."
	@grep '^xllamacpp==' requirements.lock > $(VENV)/native.lock
	@CMAKE_ARGS="-DLLAMA_BUILD_BORINGSSL=OFF -DLLAMA_LLGUIDANCE=OFF -DGGML_NATIVE=ON" $(INSTALL) --quiet \
		--force-reinstall --no-deps --no-cache-dir --no-binary xllamacpp --require-hashes -r $(VENV)/native.lock

models: $(STAMP)
	@$(ONRECORD) models pull $(TEST_MODELS)

lock: $(STAMP) ## the checksums in the locks anew, after a version was changed there
	@$(BIN)/python .ci/lock.py

format: $(STAMP)
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

$(STAMP): requirements.lock requirements-torch.lock pyproject.toml hatch_build.py
	@echo "Setting up $(VENV) (once, about two minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@grep '^pip==' requirements.lock > $(VENV)/pip.lock
	@$(INSTALL) --quiet --require-hashes -r $(VENV)/pip.lock
	@grep '^torch==' requirements.lock > $(VENV)/torch.lock
	@grep -v '^torch==' requirements.lock | cat - requirements-torch.lock > $(VENV)/public-torch.lock
	@lock=requirements.lock; \
	if ! $(INSTALL) --quiet --dry-run --no-deps --require-hashes -r $(VENV)/torch.lock >/dev/null 2>&1; then \
		lock=$(VENV)/public-torch.lock; \
		echo "PyTorch's build for processors is not to be had here: taking the public one (2.7 GB on Linux)."; \
	fi; \
	$(INSTALL) --progress-bar on --require-hashes -r $$lock \
		| { grep --line-buffered -v '^Requirement already' || true; }
	@$(INSTALL) --quiet --no-build-isolation --no-deps --editable .
	@touch $@

clean: ## the environment, caches and build results; neither models nor data
	@rm -rf $(VENV) .dev dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis runs site
