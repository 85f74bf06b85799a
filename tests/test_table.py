"""Tables from records whose rows are known."""

from dataclasses import replace

import pandas as pd
import pytest
from conftest import ROOT, run_python
from test_records import RECORD

import problems
from compare.console import markdown_table
from compare.records import journal as records
from compare.records.record import Score
from compare.tables.publish import publish, tabulated
from compare.tables.results import TABLE_COLUMNS, table

NAMES = (
    "problem,backend,device,mode,tier,seeds,failed,metric,better,score_mean,score_std,score_min,target,"
    "reached,baseline,reference,start_s_geomean,build_s_geomean,first_step_s_geomean,first_epoch_s_geomean,"
    "compile_s_geomean,epoch_s_geomean,validation_s_geomean,predict_s_geomean,wall_s_geomean,cpu_s_geomean,"
    "samples_per_s_geomean,target_seen,epochs_to_target_mean,time_to_target_s_geomean,host_peak_bytes,"
    "host_growth_bytes,gpu_peak_bytes,gpu_reserved_bytes,gpu_device_bytes,parameters,draws,kernel,"
    "proof,parity,repeat_difference,warnings"
)


def judged(score, *, target=0.9, reached=None):
    return Score(
        score=score,
        better="higher",
        target=target,
        reached=reached,
        baseline=0.1,
        best=1.0,
        reference=0.98,
        unit="fraction",
    )


def record(backend, seed, score, **values):
    scores = {
        "accuracy": judged(score, reached=None if score is None else score >= 0.9),
        "unseen": judged(score, target=None),
    }
    return replace(RECORD, backend=backend, seed=seed, scores=scores, **values)


def measured(total_s, epoch_s):
    return {
        "total_s": total_s,
        "first_epoch_s": 2 * epoch_s,
        "epoch_s": [epoch_s, 3 * epoch_s],
        "host_peak_bytes": int(total_s * 2**20),
        "parameters": 3860,
    }


RECORDS = [
    record("keras-tensorflow", 0, 1.0, **measured(8, 2)),
    record("pytorch", 0, 0.5, **measured(1, 0.25)),
    record("pytorch", 1, 1.0, **measured(3, 0.75)),
    record("pytorch", 2, None, status="failed", reason="killed | by\nSIGKILL"),
]
# The same for both metrics. Times are geometric means of two seeds: the root of 1 x 3 is 1.732.
PYTORCH = ",,,0.8660254038,0,0.8660254038,,,1.732050808,,,,,,3145728,,,,,3860,,,,,,unsteady; drift"
KERAS = ",,,4,0,4,,,8,,,,,,8388608,,,,,3860,,,,,,unsteady"
ROWS = f"""\
echo,pytorch,cpu,matched,eager,3,1,accuracy,higher,0.75,0.3535533906,0.5,0.9,1,0.1,0.98,{PYTORCH}
echo,pytorch,cpu,matched,eager,3,1,unseen,higher,0.75,0.3535533906,0.5,,,0.1,0.98,{PYTORCH}
echo,keras-tensorflow,cpu,matched,graph,1,0,accuracy,higher,1,,1,0.9,1,0.1,0.98,{KERAS}
echo,keras-tensorflow,cpu,matched,graph,1,0,unseen,higher,1,,1,,,0.1,0.98,{KERAS}
"""


def test_golden_rows(tmp_path):
    publish(tmp_path, RECORDS)
    assert (tmp_path / "table.csv").read_text() == f"{NAMES}\n{ROWS}"


def test_the_order_of_the_records_does_not_matter(tmp_path):
    publish(tmp_path, RECORDS[::-1])
    assert (tmp_path / "table.csv").read_text() == f"{NAMES}\n{ROWS}"


def test_a_training_without_a_score_is_empty_never_zero():
    row = table(RECORDS[-1:]).iloc[0]
    assert (row["seeds"], row["failed"], row["reached"]) == (1, 1, 0)
    for column in [*NAMES.split(",")[16:], "score_mean", "score_std", "score_min"]:
        assert pd.isna(row[column]), column


def test_what_nobody_checked_is_marked(tmp_path):
    proven = [replace(one, proof="proven", parity=2e-14) for one in RECORDS[:2]]
    publish(tmp_path, proven)
    assert "| 2.0e-14 |" in (tmp_path / "table.md").read_text()
    publish(tmp_path, [*proven, replace(RECORDS[2], proof="unproven")])
    rows = pd.read_csv(tmp_path / "table.csv").set_index("backend")["proof"]
    assert set(rows["pytorch"]) == {"unproven"}
    assert set(rows["keras-tensorflow"]) == {"proven"}
    assert "| unproven |" in (tmp_path / "table.md").read_text()


NEW = {
    "score_epochs": True,
    "epoch_scores": [0.5, 0.9, 0.95],
    "examples": 100,
    "start_s": 0.5,
    "build_s": 1.0,
    "first_step_s": 0.25,
    "validation_s": 0.75,
    "predict_s": 0.125,
    "cpu_s": 7.5,
    "host_growth_bytes": 2**20,
    "gpu_reserved_bytes": 2**21,
    "gpu_device_bytes": 2**22,
    "kernel": "loop",
}


def test_every_part_has_its_column():
    first, second = replace(RECORDS[0], **NEW), replace(RECORDS[0], seed=1, kernel="cuDNN")
    row = table([first, second]).iloc[0]
    for name in ("start_s", "build_s", "first_step_s", "validation_s", "predict_s", "cpu_s"):
        assert row[f"{name}_geomean"] == pytest.approx(NEW[name]), name
    for name in ("host_growth_bytes", "gpu_reserved_bytes", "gpu_device_bytes"):
        assert row[name] == NEW[name], name
    assert row["samples_per_s_geomean"] == pytest.approx(100 / 4), "the median later epoch took 4 s"
    assert row["epochs_to_target_mean"] == 2
    assert row["target_seen"] == 1, "only in one were scores taken"
    assert row["time_to_target_s_geomean"] == pytest.approx(1 + 4 + 2), "build and two epochs"
    assert row["kernel"] == "loop, cuDNN"


def test_a_target_that_one_seed_never_saw_is_infinite_in_the_mean(tmp_path):
    made = [record("pytorch", seed, 0.5, **measured(1, 1) | NEW) for seed in range(3)]
    made[1] = replace(made[1], epoch_scores=[0.1])
    made[2] = record("pytorch", 2, None, status="diverged", score_epochs=True)
    publish(tmp_path, made)
    assert ",1,inf,inf," in (tmp_path / "table.csv").read_text()
    assert "| 1/3 | inf | inf |" in (tmp_path / "table.md").read_text()


def test_backends_that_are_not_listed_come_last_by_name():
    names = ["zebra", "keras-jax", "pytorch@again", "pytorch"]
    found = table([record(name, 0, 1.0) for name in names])["backend"]
    assert list(dict.fromkeys(found)) == ["pytorch", "keras-jax", "pytorch@again", "zebra"]


def test_whole_numbers_stay_whole():
    found = table(RECORDS)
    assert str(found["gpu_peak_bytes"].dtype) == str(found["parameters"].dtype) == "Int64"


def test_the_markdown_tells_scores_failures_meanings_and_circumstances(tmp_path):
    publish(tmp_path, RECORDS)
    text = (tmp_path / "table.md").read_text()
    side = "| echo | pytorch | cpu | matched |"
    assert f"{side} accuracy | 0.7500 ± 0.35 | 0.5000 | 0.9 | 1/3 | 1 | 0.1000 |" in text
    assert text.count(f"{side} 1.73 |") == 1, "times once, not once for each metric"
    assert f"{side} 3,860 | 3 |" in text
    assert f"{RECORDS[-1].key}: failed: killed \\| by SIGKILL" in text
    for column, meaning in TABLE_COLUMNS.items():
        assert f"- `{column}`: {meaning}" in text
    assert "- torch 2.10\n" in text


def test_the_columns_are_those_agreed():
    assert ",".join(TABLE_COLUMNS) == NAMES


WITHOUT = """
import sys
for name in ("torch", "tensorflow", "keras", "jax"):
    sys.modules[name] = None  # so that importing it fails
from compare.__main__ import main
sys.exit(main(["table", sys.argv[1]]))
"""


def test_table_needs_no_framework(tmp_path):
    with records.journal(tmp_path) as journal:
        for one in RECORDS:
            journal.append(one)
    done = run_python("-c", WITHOUT, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "table.csv").read_text() == f"{NAMES}\n{ROWS}"
    assert "an epoch takes Keras 8.0 times as long" in done.stdout


# --- what is published -----------------------------------------------------------------------

PUBLISHED = ROOT / "results" / "cpu"


def test_the_published_tables_follow_from_the_published_records(tmp_path):
    found, broken = records.read(PUBLISHED)
    assert broken == []
    publish(tmp_path, found)
    for name in ("table.csv", "verdicts.csv", "table.md"):
        assert (tmp_path / name).read_text() == (PUBLISHED / name).read_text(), name


COLUMNS = {"epoch_s": "epoch_s_geomean", "wall_s": "wall_s_geomean"}
COLUMNS |= {"time_to_target_s": "time_to_target_s_geomean", "score": "score_mean"}


@pytest.mark.parametrize("folder", ["cpu", "engines"])
def test_every_effect_follows_from_the_table_beside_it(folder):
    tables = tabulated(records.read(ROOT / "results" / folder)[0])
    rows = tables.table.drop_duplicates(["problem", "backend"])  # the first metric
    rows = rows.set_index(["problem", "backend"])
    compared = tables.verdicts[tables.verdicts["effect"].notna()]
    assert set(compared["measure"]) == set(COLUMNS)
    for _, row in compared.iterrows():
        value, reference = (
            rows.loc[(row["problem"], row[side]), COLUMNS[row["measure"]]]
            for side in ("backend", "reference")
        )
        found = value - reference if row["measure"] == "score" else value / reference
        assert found == pytest.approx(row["effect"], rel=1e-9, abs=1e-12), dict(row)


def test_the_published_records_are_whole():
    lines = (PUBLISHED / "runs.jsonl").read_text().splitlines()
    found, _ = records.read(PUBLISHED)
    assert len(lines) == len(found) == 180
    assert {one.status for one in found} == {"ok"}
    assert {one.recipe for one in found} == {"full"}
    assert not any(one.dirty for one in found)


def test_every_target_is_reached_on_nine_of_ten_seeds_by_both_backends():
    published = pd.read_csv(PUBLISHED / "table.csv")
    aimed = published[published["target"].notna()]
    assert len(aimed) == 2 * 11
    assert (aimed["seeds"] == 10).all()
    missed = aimed[aimed["reached"] < 9]
    assert missed.empty, missed[["problem", "backend", "metric", "reached"]].to_string()


def test_published_backends_are_of_one_size_and_score_within_the_margin_declared():
    published = pd.read_csv(PUBLISHED / "table.csv").set_index(["backend", "problem", "metric"])
    pytorch, keras = (published.loc[name] for name in ("pytorch", "keras-tensorflow"))
    assert (pytorch["parameters"] == keras["parameters"]).all()
    for problem, metric in pytorch.index:
        (declared,) = (one for one in problems.load(problem).metrics if one.name == metric)
        gap = abs(pytorch["score_mean"] - keras["score_mean"])[problem, metric]
        assert gap <= declared.margin, (problem, metric, gap)


@pytest.mark.parametrize("column", ["score_mean", "wall_s_geomean", "epoch_s_geomean"])
def test_published_figures_are_present(column):
    assert pd.read_csv(PUBLISHED / "table.csv")[column].notna().all()


def test_what_records_say_is_no_markup_in_a_table():
    hostile = "a | b\n<script> [x](y) `z`"
    (row,) = markdown_table(["one"], [], [[hostile]]).splitlines()[2:]
    assert row == r"| a \| b \<script\> [x]\(y) `z` |"
