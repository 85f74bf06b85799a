# Two commands on a fresh machine: `make compare` runs the comparison, `make test` runs the tests.
# `make bench` measures what the comparison itself costs, some twenty minutes on two idle cores; BENCH
# says into what file, PAIRS how often (`make bench PAIRS=2 BENCH=/tmp/bench.json` is a trial).
# `make faults` kills, fills and spoils what it can, in some twenty minutes; FAULTS says into what file
# it counts, KILLS how many there are of each kind, SEED when they come.
# `make fuzz` runs some thousands of odd inputs, some ten minutes; FIGURES says into what file.
# `make wheel` builds the wheel and tries it in environments of its own.
PYTHON ?= python3
INSTALL = .venv/bin/python -m pip install --quiet --constraint constraints.txt
BENCH ?= results/bench/bench.json
FAULTS ?= results/faults/faults.json
KILLS ?= 10
SEED ?= 0
FIGURES ?= results/faults/fuzz.json

.PHONY: compare test wheel bench faults fuzz

compare: .venv/installed
	.venv/bin/diptych run

test: .venv/installed-test
	.venv/bin/python tests/needs.py
	.venv/bin/python -m pytest --durations=10

wheel: .venv/installed-test
	.venv/bin/python -m pytest --durations=5 tests/wheel.py

bench: .venv/installed-test
	mkdir -p $(dir $(BENCH))
	.venv/bin/python -m pytest -p tests.bench_report tests/bench_*.py --benchmark-json=$(BENCH)
	.venv/bin/python tests/bench_report.py $(BENCH)

faults: .venv/installed-test
	FAULTS=$(FAULTS) KILLS=$(KILLS) SEED=$(SEED) .venv/bin/python -m pytest --durations=10 \
	    tests/faults/test_*.py tests/faults/whole.py
	FAULTS=$(dir $(FAULTS))cluster.json KILLS=$(KILLS) SEED=$(SEED) .venv/bin/python -m pytest \
	    tests/faults/whole_cluster.py

fuzz: .venv/installed-test
	mkdir -p $(dir $(FIGURES))
	FUZZ=long FUZZ_FIGURES=$(FIGURES) .venv/bin/python -m pytest --durations=5 tests/test_fuzz.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable '.[cpu]'
	touch $@

.venv/installed-test: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable '.[cpu,test]'
	touch $@
