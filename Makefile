# Two commands on a fresh machine: `make compare` runs the comparison, `make test` passes the tests.
PYTHON ?= python3
INSTALL = .venv/bin/python -m pip install --quiet --constraint constraints.txt

.PHONY: compare test

compare: .venv/installed
	.venv/bin/diptych run

test: .venv/installed-test
	.venv/bin/python -m pytest

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable .
	touch $@

.venv/installed-test: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable '.[test]'
	touch $@
