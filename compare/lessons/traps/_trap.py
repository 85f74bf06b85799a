"""What a trap is, and which there are.

A file of this folder without a leading underscore is a trap: it has one TRAP. Its two programs are
text, for this room imports no framework: they are what people write, each a file of its own, and
`diptych match` is given both.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

HOSTS = {
    "gh": "https://github.com/",
    "disc": "https://discuss.pytorch.org/t/",
    "so": "https://stackoverflow.com/questions/",
}
NAMES = {"pytorch": "Net", "keras": "make"}  # of the models in the programs


@dataclass(frozen=True, kw_only=True)
class Trap:
    """A difference that people have met: how it shows, a wrong pair, what finds and mends it.

    The program of PyTorch defines the class `Net`, that of Keras the function `make`; both may
    define a `loss` and an `optimizer`, as `diptych match` takes them.
    """

    title: str  # what is wrong
    symptom: str  # as people describe it
    input: str  # as of --input
    pytorch: str  # the programs, wrong as they are
    keras: str
    side: str  # whose lines are mended: "pytorch" or "keras"
    wrong: str  # these lines, once in its program
    mended: str  # what has to stand there
    rung: str  # where it is found
    layer: str  # which layer is wrong, or gets what is wrong; or a weight
    cause: str  # words of the cause that is named
    why: str  # in a few sentences
    threads: tuple[str, ...]  # public reports: addresses, or short ones by HOSTS
    reports: tuple[int, ...] = ()  # their numbers in docs/reports.md
    options: tuple[str, ...] = ()  # more of `diptych match`, such as ("--loss", "cross_entropy")
    name: str = ""  # of its file

    def programs(self, *, mended: bool) -> dict[str, str]:
        """Return both programs, wrong or mended, by panel."""
        found = {"pytorch": self.pytorch, "keras": self.keras}
        if mended:
            found[self.side] = found[self.side].replace(self.wrong, self.mended)
        return found

    def has(self, what: str) -> bool:
        """Say whether the programs define a loss, or an optimizer, of their own."""
        return all(
            f"\ndef {what}(" in text or f"\n{what} = " in text
            for text in (self.pytorch, self.keras)
        )


def address(thread: str) -> str:
    """Return the address of a thread.

    >>> address("gh:pytorch/pytorch/issues/1")
    'https://github.com/pytorch/pytorch/issues/1'
    """
    kind, _, rest = thread.partition(":")
    return HOSTS[kind] + rest if kind in HOSTS else thread


def traps() -> list[Trap]:
    """Return all traps, by name."""
    names = sorted(file.stem for file in Path(__file__).parent.glob("[!_]*.py"))
    found = []
    for name in names:
        trap = import_module(f"compare.lessons.traps.{name}").TRAP
        found.append(Trap(**vars(trap) | {"name": name}))
    return found
