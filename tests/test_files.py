"""Files are written whole or not at all, and nowhere else."""

import os

import pytest
from synthetic import record, write

from compare.page.figures import plot
from compare.page.report import report
from compare.records.files import write_whole
from compare.tables.publish import publish


def names(folder):
    """Return the names of what is in a folder."""
    return sorted(file.name for file in folder.iterdir())


def test_a_file_takes_the_place_of_what_was_there(tmp_path):
    file = tmp_path / "table.md"
    for content in ("old", "new", b"bytes"):
        write_whole(file, content)
    assert (file.read_text(), names(tmp_path)) == ("bytes", ["table.md"])
    mask = os.umask(0)
    os.umask(mask)
    assert file.stat().st_mode & 0o777 == 0o666 & ~mask, "as any new file"


def test_half_of_a_pair_is_a_question_mark(tmp_path):
    write_whole(tmp_path / "table.md", "a\ud800b")
    assert (tmp_path / "table.md").read_text() == "a?b"


def test_a_link_is_replaced_and_not_followed(tmp_path):
    outside, link = tmp_path / "outside", tmp_path / "table.md"
    outside.write_text("precious")
    link.symlink_to(outside)
    write_whole(link, "new")
    assert (outside.read_text(), link.read_text(), link.is_symlink()) == ("precious", "new", False)


@pytest.mark.parametrize("place", ["missing/table.md", "/dev/null/table.md", "/proc/table.md"])
def test_what_cannot_be_written_is_named_and_leaves_nothing(tmp_path, place):
    with pytest.raises(OSError, match=place):
        write_whole(tmp_path / place, "text")
    assert names(tmp_path) == []


def test_what_is_cut_short_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "table.md"
    write_whole(file, "old")
    with pytest.raises(TypeError):
        write_whole(file, 5)
    file.unlink()
    file.mkdir()
    with pytest.raises(OSError, match=r"table\.md"):
        write_whole(file, "new")
    assert names(tmp_path) == ["table.md"]


@pytest.mark.parametrize(
    ("make", "links"),
    [
        (
            lambda folder, records: publish(folder, records),
            ["table.csv", "verdicts.csv", "table.md"],
        ),
        (lambda folder, records: report(folder, records), ["report.html", "report.html.partial"]),
        (lambda folder, records: plot(records, folder, folder), ["ratio-epoch_s.svg"]),
    ],
)
def test_what_is_made_of_a_folder_from_elsewhere_stays_in_it(tmp_path, make, links):
    records = [record("echo", backend, 0) for backend in ("pytorch", "keras-tensorflow")]
    folder = write(tmp_path / "run", records, samples=False)
    outside = tmp_path / "outside"
    outside.write_text("precious")
    for name in links:
        (folder / name).symlink_to(outside)
    make(folder, records)
    assert outside.read_text() == "precious"
    assert not (folder / links[0]).is_symlink()
