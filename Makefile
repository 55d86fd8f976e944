# The commands of this project. `make demo` and `make test` are all that a newcomer needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.slimlm-installed
DEV_STAMP := $(VENV)/.slimlm-dev-installed

.PHONY: demo test check lab bench quality corpus clean

## Install, fetch the default models once, and open the example document.
demo: $(STAMP)
	$(BIN)/slimlm models pull
	printf '1\n2\n3\n' | $(BIN)/slimlm examples/hall-hire-agreement.pdf

## Install what development needs and run all tests (a few minutes; the real model is fetched once and cached).
test: $(DEV_STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile

## Format, lint, types, import contracts: what CI holds.
check: $(DEV_STAMP)
	$(BIN)/ruff format --check src tests recipes benchmarks examples
	$(BIN)/ruff check src tests recipes benchmarks examples
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

## Add what training needs (torch): `make test` then runs the tests of the lab too.
lab: $(DEV_STAMP)
	$(BIN)/python -m pip install --quiet 'torch==2.13.0' --editable '.[lab]'

## Speed and memory, as JSON in benchmarks/results/. Run it on an idle machine.
bench: $(DEV_STAMP)
	$(BIN)/python benchmarks/session.py
	$(BIN)/python benchmarks/long_document.py

## The quality suite's figures on the test split, as tests/quality/results/test.json.
quality: $(DEV_STAMP)
	$(BIN)/python tests/quality/measure.py test --documents --out tests/quality/results/test.json

corpus: $(DEV_STAMP)
	$(BIN)/python tests/quality/make_corpus.py

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(DEV_STAMP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev,ocr]'
	touch $@ $(STAMP)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
