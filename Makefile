# Every target sets up what it needs in .venv; nothing but Python 3.11+ and make must be there.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# What is imported is compiled when it is: most of what is installed never is.
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
CORPUS ?= examples/corpus
SECONDS ?= 3600
# About a half of what there is to compile for all detectors.
HALF   := rules,misinformation,prompt_injection,hidden_text,stance_skew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo demo-dataset test fuzz lint format bench bench-dedup bench-growth detection clean

help:
	@echo "make demo    audit the example corpus"
	@echo "make demo-dataset  save a small dataset as the library datasets does, and audit it"
	@echo "make test    run the tests (no root, model, browser or network service)"
	@echo "make lint    style, types, floors, rules"
	@echo "make fuzz    coverage-guided fuzzing of all that reads files, for SECONDS=3600"
	@echo "make detection  plant published attacks into CORPUS, scan, score"
	@echo "make bench   speed against peers, as ratios (minutes)"
	@echo "make bench-dedup   near-copies: speed, memory, recall beside seven deduplicators (two hours)"
	@echo "make bench-growth  near-copies: time, memory, disk up to 10,000,000 documents (an hour)"

$(VENV)/core: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	@# The kernels are compiled once, at a first scan: let that be these two, each of one process, at the same time.
	@begin() { $(BIN)/corpusscan scan examples/corpus -o $(VENV)/$$1 --overwrite --quiet --workers 1 $$2 $(HALF) \
	  || test $$? -eq 1; }; begin first --detectors & begin second --without && wait $$!
	@touch $@

$(VENV)/dev: $(VENV)/core
	$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/bench: $(VENV)/core
	$(PIP) --editable '.[bench]'
	@touch $@

# The corpus is poisoned on purpose, so exit code 1 is the demo's success.
demo: $(VENV)/core
	@$(BIN)/corpusscan scan $(CORPUS) -o corpusscan-report-demo --overwrite --seed 1; \
	code=$$?; test $$code -eq 1 || { echo "the demo ended with exit code $$code, not 1 (findings)"; exit 1; }

$(VENV)/hf: $(VENV)/core
	$(PIP) --editable '.[hf]'
	@touch $@

# The dataset holds what no rows are read of (a pickle, a script), so exit code 3 is the demo's success.
demo-dataset: $(VENV)/hf
	@$(BIN)/python examples/make_dataset.py corpusscan-example-dataset
	@$(BIN)/corpusscan scan corpusscan-example-dataset -o corpusscan-report-dataset --overwrite --seed 1; \
	code=$$?; test $$code -eq 3 || { echo "the demo ended with exit code $$code, not 3 (incomplete)"; exit 1; }
	@echo; echo "For the card of the dataset:  $(BIN)/corpusscan report corpusscan-report-dataset --card"

test: $(VENV)/dev
	@# Several at a time, but few: each may start a scan with workers of its own.
	$(BIN)/python -m pytest -m "not browser and not hf and not sarif and not model and not cuda and not ray and not remote" -n auto --maxprocesses 4 --dist worksteal

fuzz: $(VENV)/dev
	$(PIP) --editable '.[fuzz]'
	$(BIN)/python tests/fuzz/run.py $(SECONDS)

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/corpusscan rules test

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/bench
	$(BIN)/python benchmarks/run.py

# The peers get an environment of their own, .venv/peers; those that cannot be installed are reported.
bench-dedup: $(VENV)/core
	$(BIN)/python benchmarks/dedup.py

bench-growth: $(VENV)/core
	$(BIN)/python benchmarks/growth.py

# Plants every attack into a corpus, scans it and scores the report.
detection: $(VENV)/core
	$(BIN)/python benchmarks/redteam.py $(CORPUS)

clean:
	rm -rf $(VENV) corpusscan-report-demo corpusscan-report-dataset corpusscan-example-dataset .pytest_cache .mypy_cache .ruff_cache .hypothesis
