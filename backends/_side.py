"""A side of a comparison: a backend, with a label and a compile tier where it has them.

As text, in records and on the command line, it is "pytorch", "pytorch@old" with a label,
"pytorch:compiled" in another tier than the default one, or "pytorch@old:compiled".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from backends._registry import BACKENDS, Backend

AGAIN = "again"  # the label of a side that is compared with itself; others name interpreters
TEXT = re.compile(r"(?P<backend>[^@:]*)(@(?P<label>[^:]*))?(:(?P<tier>.*))?", re.DOTALL)


@dataclass(frozen=True)
class Side:
    """A backend in a tier; with a label, in an interpreter of its own."""

    backend: str  # as BACKENDS lists it, or as an older record names it
    label: str = ""
    tier: str = ""  # empty for the backend's default one

    @staticmethod
    def parse(text: str, tier: str | None = None) -> Side:
        """Return the side that a text names; `tier` is for a text without one."""
        match = TEXT.fullmatch(text)
        backend, label, named = match.group("backend", "label", "tier") if match else (text, "", "")
        known = BACKENDS.get(backend)
        asked = tier or named or ""
        usual = known is not None and asked == known.default_tier
        return Side(backend, label or "", "" if usual else asked)

    def __str__(self) -> str:
        """Return the side as text."""
        return self.program + f":{self.tier}" * bool(self.tier)

    @property
    def program(self) -> str:
        """The backend with its label, without the tier: what a record calls its backend."""
        return self.backend + f"@{self.label}" * bool(self.label)

    @property
    def definition(self) -> Backend:
        """The backend.

        Raises:
            KeyError: there is none of that name.
        """
        return BACKENDS[self.backend]

    @property
    def runs_in(self) -> str:
        """The name of the tier that networks are run in; empty for a backend that is not known."""
        known = BACKENDS.get(self.backend)
        return self.tier or (known.default_tier if known else "")

    @property
    def lacking(self) -> str:
        """Why networks cannot be run in the side's tier; empty where they can."""
        tiers = self.definition.tiers
        if self.runs_in in tiers:
            return ""
        return f"{self.program} has no tier {self.tier!r}; its tiers are {', '.join(tiers)}"

    @property
    def rank(self) -> tuple[int, str]:
        """Where the side comes in a table: those listed first, a default tier before the others."""
        listed = list(BACKENDS)
        plain = self.backend in listed and not self.label
        return (listed.index(self.backend) if plain else len(listed)), str(self)

    @property
    def in_default_tier(self) -> Side:
        """The same in its backend's default tier."""
        return replace(self, tier="")

    @property
    def first(self) -> Side:
        """The side that this one repeats; itself where it repeats none."""
        *labels, last = self.label.split("@")
        return replace(self, label="@".join(labels)) if last == AGAIN else self

    @property
    def again(self) -> Side:
        """The same side a second time."""
        return replace(self, label="@".join(filter(None, (self.label, AGAIN))))
