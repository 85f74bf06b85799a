"""The notebook runs from its first cell to its last; it shows the answer and the curves."""

import os
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT, copied
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOK = ROOT / "docs" / "diptych.ipynb"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a notebook in a copy of the project."""
    programs = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "copy"))

    def execute(notebook):
        resources = {"metadata": {"path": str(copied(tmp_path / "copy"))}}
        NotebookClient(notebook, timeout=600, resources=resources).execute()
        return notebook

    return execute


def read():
    """Return the notebook without what installs the project, which is done before the tests."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
    assert sum("install" in one for one in tags) == 1
    assert not any(cell.get("outputs") for cell in notebook.cells), "kept without its outputs"
    notebook.cells = [
        cell for cell, of in zip(notebook.cells, tags, strict=True) if "install" not in of
    ]
    return notebook


def test_the_notebook_runs_and_shows_the_answer_and_the_curves(run):
    done = run(read())
    outputs = [output for cell in done.cells for output in cell.get("outputs", [])]
    text = "".join(output.get("text", "") for output in outputs)
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert "trainings" in text
    assert "Batch first is optional" in text
    assert {"text/html", "image/png"} <= kinds


def test_a_cell_that_fails_is_seen(run):
    notebook = read()
    notebook.cells = [*notebook.cells[:1], nbformat.v4.new_code_cell("import nothing_of_the_kind")]
    with pytest.raises(CellExecutionError, match="nothing_of_the_kind"):
        run(notebook)
