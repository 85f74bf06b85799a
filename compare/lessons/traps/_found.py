"""What `diptych match` finds of the traps: each wrong pair, and each mended one."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from backends import Side
from compare.console import SILENT, Listener
from compare.lessons.traps._trap import NAMES, Trap
from compare.match.asked import Models
from compare.match.matching import Matched, Unlooked, match
from compare.match.report import sentences
from compare.match.request import options_of
from compare.processes.choice import chosen_backends
from compare.processes.launcher import Launcher
from compare.records.files import write_whole
from problems import _project


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found of a trap's wrong pair, and whether the mended one passes."""

    trap: str
    hash: str  # of what it was found of
    rung: str  # the first that fails; empty if none does
    tensor: str
    said: tuple[str, ...]  # layers that are wrong by themselves, and causes, as they are told
    blamed: tuple[str, ...]  # layers that are called wrong
    mended: bool  # whether the mended pair passes
    refused: str  # what is said of the mended pair, if it does not
    seconds: float  # of the wrong pair

    def at_its_rung(self, trap: Trap) -> bool:
        """Say whether it was found where it is."""
        return self.rung == trap.rung

    def as_told(self, trap: Trap) -> bool:
        """Say whether all is found as the trap says."""
        right = self.at_its_rung(trap) and self.named(trap) and not self.falsely(trap)
        return right and self.mended

    def named(self, trap: Trap) -> bool:
        """Say whether its cause was named."""
        return any(trap.cause in one for one in self.said)

    def falsely(self, trap: Trap) -> tuple[str, ...]:
        """Return the layers that are called wrong, and are right."""
        return tuple(one for one in self.blamed if one.removesuffix(".last") != trap.layer)


def hash_of(trap: Trap) -> str:
    """Return a hash of the pair and of what is asked of it."""
    parts = (*trap.programs(mended=False).values(), *trap.programs(mended=True).values())
    return sha256(json.dumps([*parts, trap.input, trap.options]).encode()).hexdigest()[:12]


def find(traps: Sequence[Trap], progress: Listener = SILENT) -> Iterable[Found]:
    """Yield what is found of each trap, one after the other, with the same servers."""
    sides = chosen_backends(["pytorch", "keras-tensorflow"])
    with TemporaryDirectory(prefix="diptych-") as made:
        folder = Path(made)
        (folder / _project.FILE).write_text("")
        _project.use(folder)
        launcher = Launcher()
        try:
            for number, trap in enumerate(traps, 1):
                progress.doing(f"trap {trap.name}", number, len(traps))
                yield _found(trap, folder, sides, launcher)
        finally:
            launcher.stop()


def _found(trap: Trap, folder: Path, sides: Sequence[Side], launcher: Launcher) -> Found:
    begun = monotonic()
    wrong = _matched(trap, False, folder, sides, launcher)
    seconds = monotonic() - begun
    mended = _matched(trap, True, folder, sides, launcher)
    rung, tensor = "shapes", ""
    said, blamed = tuple[str, ...](), tuple[str, ...]()
    if isinstance(wrong, str):  # there is no training: the models do not run, or cannot be compared
        said = (wrong,)
    else:
        failed = next((one for one in wrong.findings if not one.passed), None)
        rung, tensor = (failed.rung, failed.tensor) if failed else ("", "")
        said = tuple(sentences(wrong))
        blamed = tuple(one.layer for one in wrong.diagnosis.layers if one.wrong)
    refused = mended if isinstance(mended, str) else ""
    if isinstance(mended, Matched):
        refused = next((str(one) for one in mended.findings if not one.passed), "")
    return Found(
        trap=trap.name,
        hash=hash_of(trap),
        rung=rung,
        tensor=tensor,
        said=said,
        blamed=blamed,
        mended=not refused,
        refused=refused,
        seconds=round(seconds, 1),
    )


def _matched(
    trap: Trap, mended: bool, folder: Path, sides: Sequence[Side], launcher: Launcher
) -> Matched | str:
    """Return what is found of a pair, or why it cannot be compared."""
    name = f"{trap.name}_{'mended' if mended else 'wrong'}"
    files = {}
    for panel, text in trap.programs(mended=mended).items():
        files[panel] = folder / f"{name}_{panel}.py"
        files[panel].write_text(text, "utf-8")
    kinds: dict[str, dict[str, str]] = {"loss": {}, "optimizer": {}}
    for kind, references in kinds.items():
        if trap.has(kind):
            references |= {panel: f"{file}:{kind}" for panel, file in files.items()}
    ours = Models(
        models={panel: f"{file}:{NAMES[panel]}" for panel, file in files.items()},
        losses=kinds["loss"],
        optimizers=kinds["optimizer"],
    )
    asked = options_of(["--input", trap.input, *trap.options])
    try:
        return match(name, ours, asked, project=folder, sides=sides, launcher=launcher)
    except Unlooked as error:
        return f"{error.panel}: {error}"
    except ValueError as error:
        return str(error)


def write(file: Path, found: Iterable[Found]) -> None:
    """Write what was found, a line of JSON for each trap."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, "".join(json.dumps(asdict(one)) + "\n" for one in found))


def read(file: Path) -> dict[str, Found]:
    """Return what was found, by trap; nothing where there is no such file."""
    if not file.is_file():
        return {}
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    made = [Found(**row | {key: tuple(row[key]) for key in ("said", "blamed")}) for row in rows]
    return {one.trap: one for one in made}
