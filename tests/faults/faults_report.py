"""What `make faults` found, as JSON and as a table in Markdown that is made of it."""

import json
from dataclasses import fields
from pathlib import Path

from chains import Counts

from compare.console import markdown_table
from compare.processes import machine
from compare.training.trainer import versions

COLUMNS = [*(one.name for one in fields(Counts)), "seconds"]


def write(file: Path, kinds: dict[str, dict[str, int]], *, seed: int, kills: int) -> None:
    """Write the figures of each kind of kill with what they were got by, and a table of them."""
    facts = machine.facts()
    found = {
        "command": f"make faults SEED={seed} KILLS={kills}",
        "seed": seed,
        "processors": len(machine.processors()),
        **{name: facts[name] for name in ("cpu", "commit", "dirty")},
        "versions": versions(),
        "kinds": kinds,
        "total": {name: sum(one[name] for one in kinds.values()) for name in COLUMNS},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=1) + "\n")
    file.with_suffix(".md").write_text(report(found))


def report(found: dict) -> str:
    """Return the table of such figures."""
    named = [*found["kinds"].items(), ("total", found["total"])]
    lines = [[name, *(str(counts[column]) for column in COLUMNS)] for name, counts in named]
    told = {name: value for name, value in found.items() if name not in ("kinds", "total")}
    told |= told.pop("versions")
    where = "\n".join(f"- {name}: {value}" for name, value in told.items())
    table = markdown_table(["killed", *COLUMNS], ["killed"], lines)
    return f"# Faults of Diptych\n\n{table}\n\n{where}\n"
