# `make demo` and `make test` need nothing but a Python of at least 3.13, on PATH, under pyenv, or by uv.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: demo test lint check fmt e2e bench screenshots images clean

demo: $(STAMP)
	$(BIN)/bottle-tui demo

test: $(STAMP)
	$(BIN)/python -m pytest -m "not e2e" -n auto

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

fmt: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

e2e: $(STAMP)
	$(BIN)/python -m pytest -m e2e

bench: $(STAMP)
	$(BIN)/python -m tests.bench

screenshots: $(STAMP)
	$(BIN)/python -m tests.screenshots

images: $(STAMP)
	$(BIN)/bottle-tui doctor --build

$(STAMP): requirements.lock pyproject.toml find-python.sh
	python="$$(sh find-python.sh)" && "$$python" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
