"""Proof: a check that was passed, remembered for the very code and versions that passed it.

A proof is a file in the user's cache folder, named by a hash of all that it depends on: an edit to
a twin, an engine or the problem, or another version of a framework, makes it void. Failures are
not remembered.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from backends import BACKENDS, FOLDER, listed_name, twin
from compare.processes.interpreter import environment
from compare.processes.machine import ROOT
from compare.proof.check import check, reference_of
from compare.proof.finding import Finding
from compare.records.record import PROVEN

JUDGES = ("proof/check.py", "proof/ladder.py", "proof/probe.py")  # files of compare


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a backend stands on a problem: whether it may be timed, and by what right."""

    proof: str | None = None  # PROVEN or UNPROVEN; None for a backend alone, with nothing to prove
    parity: float | None = None  # worst relative difference in float64 on any rung
    refusal: str | None = None  # why it may not be timed
    unavailable: bool = False  # it is no other network, but none at all


def prove(names: Sequence[str], backends: Sequence[str]) -> list[Finding]:
    """Check every pair and remember those that pass; return all findings."""
    findings = check(names, backends)
    reference = reference_of(backends)
    for name in names:
        for backend in backends:
            if backend != reference:
                mine = [
                    finding for finding in findings if concerns(finding, name, backend, reference)
                ]
                if any(one.reference for one in mine) and all(one.passed for one in mine):
                    _remember(key(name, backend, reference), mine)
    return findings


def standings(
    names: Sequence[str], backends: Sequence[str], tell: Callable[[str], None]
) -> dict[tuple[str, str], Standing]:
    """Return, by problem and backend, who may be timed; check first what is not proven yet."""
    reference = reference_of(backends)
    others = [backend for backend in backends if backend != reference]
    if not others:
        return {(name, reference): Standing() for name in names}
    unknown = [
        name
        for name in names
        if any(_remembered(key(name, other, reference)) is None for other in others)
    ]
    findings = []
    if unknown:
        tell(
            f"not proven yet for this code and these versions, checked first: {', '.join(unknown)}"
        )
        findings = prove(unknown, backends)
    found: dict[tuple[str, str], Standing] = {}
    for name in names:
        pairs = {other: _standing(name, other, reference, findings) for other in others}
        found |= {(name, other): standing for other, standing in pairs.items()}
        found[name, reference] = _of_reference(pairs)
    return found


def concerns(finding: Finding, name: str, backend: str, reference: str) -> bool:
    """Say whether a finding is about a pair on a problem, or about one of the two alone."""
    about = (backend,) if finding.reference else ("", backend, reference)
    return finding.problem == name and finding.backend in about


def key(name: str, backend: str, reference: str) -> str:
    """Return a hash of what a proof depends on: definition, twins, engines, ladder, versions."""
    pair = (backend, reference)
    listed = [(listed_name(one), BACKENDS[one].tier) for one in pair]
    return digest({"pair": listed} | basis(name, pair, JUDGES))


def basis(name: str, backends: Sequence[str], modules: Sequence[str]) -> dict[str, Any]:
    """Return what decides how backends train a problem, and how `modules` of compare judge it.

    That is Python and the versions of the packages, where each of them runs, and the text of files.
    """
    folders = {BACKENDS[backend].folder for backend in backends}
    files = [
        *(ROOT / "problems").glob("_*.py"),
        ROOT / "problems" / f"{name}.py",
        *FOLDER.glob("_*.py"),
        *(file for folder in folders for file in (FOLDER / folder).glob("_*.py")),
        *(twin(folder, name) for folder in folders),
        *(ROOT / "compare" / module for module in modules),
    ]
    return {
        "environments": [asdict(environment(backend)) for backend in backends],
        "files": {str(file.relative_to(ROOT)): file.read_text() for file in sorted(files)},
    }


def digest(facts: Mapping[str, Any]) -> str:
    """Return a hash of facts that can be said in JSON."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _standing(name: str, backend: str, reference: str, findings: Sequence[Finding]) -> Standing:
    parity = _remembered(key(name, backend, reference))
    if parity is not None:
        return Standing(proof=PROVEN, parity=parity)
    mine = [finding for finding in findings if concerns(finding, name, backend, reference)]
    for finding in mine:
        if not finding.passed:
            return Standing(refusal=str(finding), unavailable=finding.unavailable)
    return Standing(proof=PROVEN, parity=_parity(mine))  # passed, but could not be remembered


def _of_reference(pairs: Mapping[str, Standing]) -> Standing:
    """The reference may be timed if it makes a proven pair with any other backend."""
    proven = [standing.parity or 0.0 for standing in pairs.values() if standing.proof]
    if proven:
        return Standing(proof=PROVEN, parity=max(proven))
    return next((one for one in pairs.values() if not one.unavailable), Standing())


def _parity(findings: Sequence[Finding]) -> float:
    return max(f.relative for f in findings if f.precision == "float64" and f.relative is not None)


def _remember(name: str, findings: Sequence[Finding]) -> None:
    proof = {"parity": _parity(findings), "findings": [asdict(finding) for finding in findings]}
    keep(name, proof)


def _remembered(name: str) -> float | None:
    """Return the parity of a proof; None if there is none, or none that can be read."""
    try:
        return float(kept(name)["parity"])
    except (ValueError, KeyError, TypeError):
        return None


def keep(name: str, value: Any) -> None:
    """Keep a value in the user's cache; a cache that cannot be written costs the work again."""
    with suppress(OSError):
        file = _file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(value))
        partial.replace(file)


def kept(name: str) -> Any:
    """Return a value from the user's cache; None if there is none, or none that can be read."""
    try:
        return json.loads(_file(name).read_text())
    except (OSError, ValueError):
        return None


def _file(name: str) -> Path:
    """Return the file of a name in the user's cache.

    Raises:
        OSError: the user has none.
    """
    try:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError as error:  # a user without an entry, and HOME is not set: a container's
        raise FileNotFoundError(str(error)) from None
    return Path(cache) / "diptych" / f"{name}.json"
