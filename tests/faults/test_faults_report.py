"""The published figures of `make faults`: whole, sound, the same in JSON, table and document."""

import json
from dataclasses import asdict

import pytest
from chains import KILLERS, ON_A_CLUSTER, Counts
from documents import DOCUMENTS, RESULTS, prose
from faults_report import COLUMNS, report, write

# File: kinds of kills in it, the least number of kills, and the document that has a sentence of it.
PUBLISHED = {
    "faults": (KILLERS, 50, "docs/measuring.md"),
    "cluster": (ON_A_CLUSTER, 10, "docs/machines.md"),
}


def told(total: dict[str, int]) -> str:
    """Return the sentence of a document."""
    return (
        f"In {total['kills']} kills, {total['acknowledged']:,} lines had been printed or kept: "
        f"{total['lost']} were lost, {total['duplicates']} trainings were done twice, "
        f"{total['unequal']} scores differ from an unbroken run, {total['left']} processes were "
        f"left, {total['stuck']} runs were stuck"
    )


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_figures_are_whole_and_told(name):
    kinds, least, document = PUBLISHED[name]
    file = RESULTS / "faults" / f"{name}.json"
    found = json.loads(file.read_text())
    assert found["kinds"].keys() == {*kinds}
    assert file.with_suffix(".md").read_text() == report(found)
    total = found["total"]
    assert total == {name: sum(one[name] for one in found["kinds"].values()) for name in COLUMNS}
    assert total["kills"] >= least
    assert Counts(**{name: total[name] for name in asdict(Counts())}).wrong() == {}
    assert told(total) in prose(DOCUMENTS[document])


@pytest.mark.parametrize("wrong", ["lost", "left"])
def test_what_goes_wrong_is_written_as_it_is(tmp_path, wrong):
    kinds = {
        name: asdict(Counts(kills=3, acknowledged=9)) | {"seconds": 1} for name in ("one", "other")
    }
    kinds["one"][wrong] = 2
    write(tmp_path / "new" / "faults.json", kinds, seed=5, kills=3)
    found = json.loads((tmp_path / "new" / "faults.json").read_text())
    assert found["total"] == dict.fromkeys(COLUMNS, 0) | {
        "kills": 6, "acknowledged": 18, "seconds": 2, wrong: 2
    }  # fmt: skip
    assert found["command"] == "make faults SEED=5 KILLS=3"
    rows = (tmp_path / "new" / "faults.md").read_text().splitlines()
    cells = next([cell.strip() for cell in row.split("|")] for row in rows if row[:5] == "| one")
    assert cells[2 + COLUMNS.index(wrong)] == "2"


def test_the_figures_of_odd_input_are_told():
    (total,) = (
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in (RESULTS / "faults" / "fuzz.md").read_text().splitlines()
        if line.startswith("| all ")
    )
    found = json.loads((RESULTS / "faults" / "fuzz.json").read_text())
    inputs = sum(one["inputs"] for one in found.values())
    assert total[1] == str(inputs)
    assert set(total[7:-1]) == {"0"}
    sentence = f"In {inputs:,} inputs, there were 0 tracebacks, 0 files written elsewhere and 0 "
    assert sentence in prose(DOCUMENTS["docs/measuring.md"])
