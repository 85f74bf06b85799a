"""`diptych init` and `diptych test`: a project of one's own."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from compare.options import add_backends, add_command, add_problems, add_python, folder
from compare.records.record import UsageError

NAME = "mine"
TEMPLATE = Path(__file__).with_name("template")
FILES = {
    "diptych.toml": "settings",
    "README.md": "readme",
    f"problems/{NAME}.py": "problem",
    f"backends/pytorch/{NAME}.py": "pytorch",
    f"backends/keras/{NAME}.py": "keras",
}


def add(commands: Any) -> None:
    """Add the commands of this room."""
    init = add_command(
        commands,
        "init",
        do_init,
        summary="write a project of your own, which runs at once",
        about="Writes a folder with a small problem and its two programs, for you to change. In "
        "it, and in the folders below, its problems join the built-in ones in every command.",
        examples="  diptych init mine && cd mine && diptych check mine",
    )
    init.add_argument("folder", type=folder, metavar="FOLDER", help="a new folder, or an empty one")

    test = add_command(
        commands,
        "test",
        do_test,
        summary="try the rules that every problem keeps on those of your project",
        about="Tries the rules of a problem's file on each problem of the project, such as "
        "that the same seed draws the same data. Then it checks "
        "that the two programs of each are one model, as `diptych check` does.",
        examples="  diptych test\n  diptych test mine",
    )
    add_problems(test)
    add_backends(test)
    add_python(test)


def do_init(options: argparse.Namespace) -> int:
    """Write the project."""
    target: Path = options.folder.resolve()
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target}: expected a new folder, came a file")
    if target.exists() and (there := sorted(one.name for one in target.iterdir())):
        raise UsageError(f"{target}: expected a new folder or an empty one, came {there[0]} in it")
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".diptych-") as made:  # all of it, or nothing
        whole = Path(made, "project")
        for path, source in FILES.items():
            text = (TEMPLATE / f"{source}.txt").read_text("utf-8").replace("NAME", NAME)
            file = whole / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        target.mkdir(exist_ok=True)
        for made_of in whole.iterdir():  # into a folder that may be the one where we are
            made_of.replace(target / made_of.name)
    print("\n".join(f"{options.folder / path}" for path in FILES))
    print(f"\nNext: cd {options.folder} && diptych check {NAME} && diptych run {NAME} --quick")
    return 0


def do_test(options: argparse.Namespace) -> int:
    """Try the rules, then prove the pairs; status 3 if one is broken or a rung fails."""
    import problems
    from compare.console import Progress, complain
    from compare.processes.choice import chosen_backends, chosen_problems
    from compare.project import contract
    from compare.proof.gate import prove
    from compare.proof.publish import print_findings
    from problems import _project

    root = _project.root()
    if not options.problems and root is None:
        raise UsageError(
            "expected a project, or the name of a problem; this folder, and those above it, have "
            f"no {_project.FILE}: `diptych init FOLDER` makes one"
        )
    if not options.problems and not problems.own_names():
        raise UsageError(f"{root}: expected files in problems/, came none")
    backends = chosen_backends(options.backends)
    names = chosen_problems(options.problems, backends)
    lines = [f"{name}: {rule}: {how}" for name in names for rule, how in contract.broken(name)]
    for line in lines:
        complain(line)
    count = f"{len(names)} problem{'s' * (len(names) != 1)}"
    print(f"{count}, {len(contract.RULES)} rules: {len(lines) or 'none'} broken")
    with Progress() as progress:
        findings = prove(names, backends, progress=progress)
    print_findings(findings)
    for finding in findings:
        if not finding.passed:
            complain(str(finding))
            lines.append(str(finding))
    return 3 if lines else 0
