"""Proof: a check that was passed, remembered for the very code and versions that passed it.

A proof is a file in the user's cache folder, named by a hash of all that it depends on: an edit to
a twin, an engine or the problem, or another version of a framework, makes it void. Failures are
not remembered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite

from backends import Side
from compare.console import SILENT, Listener
from compare.processes.fingerprint import basis, digest, forget, keep, kept
from compare.processes.launcher import Launcher
from compare.proof.check import check, reference_of
from compare.proof.finding import Finding
from compare.records.record import PROVEN

JUDGES = tuple(
    f"proof/{name}.py" for name in ("bounds", "check", "inputs", "ladder", "probe")
)  # files of compare


CHANGED = "{}: a file was changed during the check; the same command checks it anew"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a backend stands on a problem: whether it may be timed, and by what right."""

    proof: str | None = None  # PROVEN or UNPROVEN; None for a backend alone, with nothing to prove
    parity: float | None = None  # worst relative difference in float64 on any rung
    refusal: str | None = None  # why it may not be timed
    unavailable: bool = False  # it is no other network, but none at all
    unfinished: bool = False  # it is not known: the check did not get to its end


def prove(
    names: Sequence[str],
    sides: Sequence[Side],
    progress: Listener = SILENT,
    launcher: Launcher | None = None,
    *,
    past_failures: bool = False,
    whole: bool = False,
) -> list[Finding]:
    """Check every pair, remember those that pass and forget those that fail; return all findings.

    It is of the files as they were when it began. Of a pair whose files were changed meanwhile
    nothing is remembered. A `whole` training is proven for whoever asked, and not remembered.
    """
    reference = reference_of(sides)
    pairs = [(name, side) for name in names for side in sides if side != reference]
    keys = {pair: key(*pair, reference) for pair in pairs}
    findings = check(
        names,
        sides,
        launcher=launcher,
        progress=progress,
        past_failures=past_failures,
        whole=whole,
    )
    for (name, side), before in keys.items():
        mine = [finding for finding in findings if concerns(finding, name, side, reference)]
        wrong = [one for one in mine if not one.passed]
        if key(name, side, reference) != before:
            continue
        if any(not (one.unfinished or one.unavailable) for one in wrong):
            forget(before)
        elif any(one.reference for one in mine) and not wrong and not whole:
            _remember(before, mine)
    return findings


def unproven(names: Sequence[str], sides: Sequence[Side]) -> list[str]:
    """Return the problems on which a pair is not proven yet for the present code and versions."""
    reference = reference_of(sides)
    others = [side for side in sides if side != reference]
    return [
        name
        for name in names
        if any(_remembered(key(name, other, reference)) is None for other in others)
    ]


def standings(
    names: Sequence[str],
    sides: Sequence[Side],
    progress: Listener = SILENT,
    launcher: Launcher | None = None,
) -> dict[tuple[str, Side], Standing]:
    """Return, by problem and side, who may be timed; check first what is not proven yet."""
    reference = reference_of(sides)
    others = [side for side in sides if side != reference]
    if not others:
        return {(name, reference): Standing() for name in names}
    findings = []
    if unknown := unproven(names, sides):
        progress.report(
            f"not proven yet for this code and these versions, checked first: {', '.join(unknown)}"
        )
        findings = prove(unknown, sides, progress, launcher)
    found: dict[tuple[str, Side], Standing] = {}
    for name in names:
        pairs = {other: _standing(name, other, reference, findings) for other in others}
        found |= {(name, other): standing for other, standing in pairs.items()}
        found[name, reference] = _of_reference(pairs)
    return found


def concerns(finding: Finding, name: str, side: Side, reference: Side) -> bool:
    """Say whether a finding is about a pair on a problem, or about one of the two alone."""
    alone = finding.reference in ("", finding.backend)  # what is judged is the reference itself
    about = ("", str(side), str(reference)) if alone else (str(side),)
    return finding.problem == name and finding.backend in about


def key(name: str, side: Side, reference: Side) -> str:
    """Return a hash of what a proof depends on: definition, twins, engines, ladder, versions."""
    pair = (side, reference)
    listed = [(one.backend, one.runs_in) for one in pair]
    return digest({"pair": listed} | basis(name, pair, JUDGES))


def _standing(name: str, side: Side, reference: Side, findings: Sequence[Finding]) -> Standing:
    parity = _remembered(key(name, side, reference))
    if parity is not None:
        return Standing(proof=PROVEN, parity=parity)
    mine = [finding for finding in findings if concerns(finding, name, side, reference)]
    for finding in mine:
        if not finding.passed:
            return Standing(
                refusal=str(finding),
                unavailable=finding.unavailable,
                unfinished=finding.unfinished,
            )
    if not mine:
        return Standing(refusal=CHANGED.format(name), unfinished=True)
    return Standing(proof=PROVEN, parity=_parity(mine))  # passed, but could not be remembered


def _of_reference(pairs: Mapping[Side, Standing]) -> Standing:
    """The reference may be timed if it makes a proven pair with any other backend."""
    proven = [standing.parity or 0.0 for standing in pairs.values() if standing.proof]
    if proven:
        return Standing(proof=PROVEN, parity=max(proven))
    # Of what is known the least is said: not checked, before refused.
    refused = sorted(pairs.values(), key=lambda standing: not standing.unfinished)
    return next((one for one in refused if not one.unavailable), Standing())


def _parity(findings: Sequence[Finding]) -> float:
    found = (one.largest for one in findings if one.precision == "float64")
    return max(largest for largest in found if largest is not None)


def _remember(name: str, findings: Sequence[Finding]) -> None:
    proof = {"parity": _parity(findings), "findings": [asdict(finding) for finding in findings]}
    keep(name, proof)


def _remembered(name: str) -> float | None:
    """Return the parity of a proof; None if there is none, or none that can be read."""
    try:
        parity = float(kept(name)["parity"])
    except (ValueError, KeyError, TypeError):
        return None
    return parity if isfinite(parity) else None
