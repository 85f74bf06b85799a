"""README.md and docs/*.md, as the tests read them, and the published figures they are held to."""

import csv
import json
import re
import shlex

import problems
from compare.processes.machine import ROOT

RESULTS = ROOT / "results"
DOCUMENTS = {
    file.relative_to(ROOT).as_posix(): file.read_text()
    for file in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
}
README = DOCUMENTS["README.md"]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


# This folder was published before the problems of real data were there.
DRAWN_ALONE = ("explain",)


def published_problems(folder: str) -> list[str]:
    """Return the problems that a published folder has to have, and no others."""
    names = problems.names()
    return [one for one in names if folder not in DRAWN_ALONE or not problems.load(one).fixed]


def blocks(kind: str, documents: dict[str, str] = DOCUMENTS) -> list[tuple[str, str]]:
    """Return the fenced blocks of a kind, "sh" for instance: document, text."""
    return [
        (name, text)
        for name, document in documents.items()
        for found, text in FENCED.findall(document)
        if found == kind
    ]


def lines(name: str) -> list[str]:
    """Return the shell lines of a document, without comments."""
    text = "".join(text for document, text in blocks("sh") if document == name)
    return [" ".join(shlex.split(line, comments=True, posix=False)) for line in text.splitlines()]


def prose(text: str) -> str:
    """Return a document without its fenced blocks, with every stretch of white space a blank."""
    return " ".join(FENCED.sub("", text).split())


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a published CSV, by column."""
    with (RESULTS / name).open() as file:
        return list(csv.DictReader(file))


def records(folder: str) -> list[dict]:
    """Return the published records of a folder, as they are stored."""
    lines = (RESULTS / folder / "runs.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]
