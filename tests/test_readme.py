"""The README tells the truth: its commands, its tree, its table."""

import json
import re
import shlex

import pytest
from bench_report import report
from conftest import COMPARED, ROOT, run_python

import problems
from backends import BACKENDS
from compare.__main__ import parser
from compare.processes.choice import chosen_problems
from compare.processes.machine import CODE
from compare.proof.ladder import Finding
from compare.proof.publish import findings_markdown, ladder_cells
from compare.records.journal import read
from compare.records.record import PROVEN
from compare.studies.explain import explain, explanation, readings
from compare.tables.results import COLUMNS, table
from compare.tables.verdicts import COLUMNS as VERDICT_COLUMNS

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, flags=re.DOTALL)
LINES = [
    line.split("#")[0].strip()
    for kind, text in BLOCKS
    if kind == "sh"
    for line in text.splitlines()
]
COMMANDS = [line for line in LINES if line.startswith("diptych ")]
TARGETS = [line.split()[1] for line in LINES if line.startswith("make ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one(command):
    options = parser().parse_args(shlex.split(command)[1:])
    if "problems" in options:
        chosen_problems(options.problems)
        assert set(options.backends) <= set(BACKENDS)


def test_every_subcommand_is_shown():
    (commands,) = (action for action in parser()._actions if action.dest == "command")
    assert {line.split()[1] for line in COMMANDS} == set(commands.choices)


@pytest.mark.parametrize("code", [text for kind, text in BLOCKS if kind == "python"])
def test_python_in_it_runs(code):
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr


def test_the_two_commands_are_targets_and_their_pip_lines_are_those_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    assert TARGETS[:2] == ["compare", "test"]
    for target in TARGETS:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
    (install,) = re.findall(r"^INSTALL = (.*)$", makefile, flags=re.MULTILINE)
    wanted = re.findall(r"^\t\$\(INSTALL\) (.*)$", makefile, flags=re.MULTILINE)
    made = [f"{install.replace(' --quiet', '')} {what}" for what in wanted]
    assert [line for line in LINES if " pip install " in line] == made


def test_the_tree_is_the_tree():
    (tree,) = (text for kind, text in BLOCKS if kind == "tree")
    folder, seen = "", set()
    for line in tree.splitlines():
        path, _, remark = line.strip().partition("  ")
        assert remark.strip(), f"no remark on {path}"
        folder = path if not line.startswith(" ") else folder
        for name in path.split(", "):
            full = name if not line.startswith(" ") else f"{folder}{name}"
            assert (ROOT / full).exists(), full
            seen.add(full)
    shown = {"problems", "backends", "compare"}
    for name in shown:
        for file in (ROOT / name).iterdir():
            if file.name != "__pycache__" and not (
                name == "problems" and file.stem in problems.names()
            ):
                path = f"{name}/{file.name}" + ("/" if file.is_dir() else "")
                assert path in seen, f"{path} is not in the tree"


def test_the_table_is_that_of_the_published_run():
    records, _ = read(ROOT / "results" / "cpu")
    for row in summary(table(records)):
        assert row in README, row


def summary(frame):
    """Return the rows of the README's table: both backends of a metric side by side."""
    wide = frame.set_index(["problem", "metric", "backend"])
    for problem, metric in dict.fromkeys((problem, metric) for problem, metric, _ in wide.index):
        pair = [wide.loc[(problem, metric, name)] for name in ("pytorch", "keras-tensorflow")]
        scores = [f"{one['score_mean']:.4f}" for one in pair]
        target = f"{pair[0]['target']:.4g}" if pair[0]["target"] == pair[0]["target"] else ""
        reached = [f"{one['reached']}/{one['seeds']}" if target else "" for one in pair]
        times = [f"{one['wall_s_median']:.1f}" for one in pair]
        baseline = f"{pair[0]['baseline']:.4f}"
        cells = [problem, metric, *scores, baseline, target, *reached, *times]
        yield f"| {' | '.join(cells)} |"


def test_the_engines_are_those_of_the_published_run():
    records, _ = read(ROOT / "results" / "engines")
    assert {record.backend for record in records} == set(BACKENDS)
    assert {record.proof for record in records} == {PROVEN}
    for row in engines(table(records)):
        assert row in README, row


def engines(frame):
    """Return the rows of the README's table of engines: the median epoch on each backend."""
    first = frame.drop_duplicates(["problem", "backend"]).set_index(["problem", "backend"])
    for problem in problems.names():
        seconds = [first.loc[(problem, name), "epoch_s_median"] for name in BACKENDS]
        yield f"| {problem} | {' | '.join(f'{one:.3g}' for one in seconds)} |"


def test_the_crossover_is_the_published_one():
    text = (ROOT / "results" / "sweep_cumsum" / "sweep.md").read_text()
    (said,) = (line for line in text.splitlines() if " faster than " in line)
    assert said in README


def test_the_ladder_is_the_published_one():
    findings = published_findings()
    assert all(finding.passed for finding in findings)
    assert {finding.problem for finding in findings} == set(problems.names())
    for problem, backend, _, precision, *cells in ladder_cells(findings):
        if backend != COMPARED[-1]:
            continue  # the others are told of in a sentence, and in the published ladder
        row = f"| {problem} | {precision} | {' | '.join(cells[-5:])} |"
        assert row in README, row


def test_the_published_ladder_reads_as_its_findings():
    text = (ROOT / "results" / "check" / "check.md").read_text()
    assert findings_markdown(published_findings()) == text


def published_findings():
    found = json.loads((ROOT / "results" / "check" / "check.json").read_text())
    return [Finding(**one) for one in found]


def test_the_readings_are_those_of_the_published_runs():
    records, broken = read(ROOT / "results" / "explain")
    assert broken == []
    frame = explain(records)
    assert set(frame["problem"]) == set(problems.names())
    for sentence in readings(frame):
        assert sentence in README, sentence
    text = (ROOT / "results" / "explain" / "explain.md").read_text()
    assert explanation(frame, records) == text
    assert (frame[frame["problem"] == "damped_sine"]["seeds"] == 10).all()


def test_every_column_of_the_tables_is_named():
    for column in (*COLUMNS, *VERDICT_COLUMNS):
        assert f"`{column}`" in README, column


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_the_code_that_decides_a_result_is_there():
    assert all((ROOT / name).exists() for name in CODE)


def test_the_benchmarks_are_the_published_ones():
    section = README.partition("## What the comparison itself costs")[2].partition("\n## ")[0]
    published = (ROOT / "results" / "bench" / "bench.md").read_text().splitlines()
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert len(rows) > 2
    for row in rows:
        assert row in published, row
    files = sorted(
        (ROOT / "results" / "bench").glob("*.json"), key=lambda file: file.stem != "bench"
    )
    stored = [json.loads(file.read_text()) for file in files]
    assert report(*stored).splitlines() == published
