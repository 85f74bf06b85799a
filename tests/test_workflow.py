"""docs/workflow.yml: its commands are ours, its shell runs, and no code of others may write."""

import os
import re
import shlex
import subprocess
import sys
from textwrap import dedent

import pytest
from conftest import ROOT
from documents import DOCUMENTS

from compare.__main__ import parser
from compare.records.record import UsageError

WORKFLOW = (ROOT / "docs" / "workflow.yml").read_text()
LINE_END = re.compile(r"\s(\|\||>|#).*")  # what follows a command on its line


def jobs(text):
    """Return the text of each job, by name."""
    parts = re.split(r"^  (\w+):.*\n", text.partition("\njobs:\n")[2], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def steps(text):
    """Yield the folder and the shell lines of each step that has some."""
    for step in re.split(r"^      - ", text, flags=re.MULTILINE)[1:]:
        if shell := re.search(r"^        run: \|\n((?:          .*\n|\n)+)", step, re.MULTILINE):
            (folder,) = re.findall(r"working-directory: (\S+)", step) or ["."]
            yield folder, dedent(shell[1])


def commands(text):
    """Return the command lines of ours in a workflow, as words."""
    lines = [line for _, shell in steps(text) for line in shell.splitlines()]
    return [shlex.split(LINE_END.sub("", one)) for one in lines if one.startswith("diptych ")]


def options(commands):
    """Read command lines of ours."""
    read = parser()
    return [read.parse_args(command[1:]) for command in commands]


def test_its_commands_are_ours_and_both_sides_are_trained_alike_in_one_job():
    base, head, diff = options(commands(jobs(WORKFLOW)["measure"]))
    assert {one.do.__name__ for one in (base, head)} == {"do_run"}
    assert vars(base) | {"out": head.out} == vars(head)
    assert (base.quick, base.seeds) == (True, 6)
    assert [diff.a.name, diff.b.name] == [base.out.name, head.out.name]
    assert diff.markdown


def test_a_command_that_is_none_would_be_found():
    with pytest.raises(UsageError, match="unrecognized arguments: --fast"):
        options(commands(WORKFLOW.replace("--quick", "--fast")))


@pytest.mark.parametrize("damage", [("", ""), ('"; } >>', "; } >>")])
def test_bash_can_read_its_shell_lines(damage):
    read = [
        subprocess.run(["bash", "-n"], input=shell, text=True, capture_output=True, check=False)
        for _, shell in steps(WORKFLOW.replace(*damage))
    ]
    assert len(read) == WORKFLOW.count("run: |") == 5
    assert all(one.returncode == 0 for one in read) == (damage == ("", ""))


def test_what_may_write_runs_no_code_of_the_pull_request():
    assert "\non: pull_request\n" in WORKFLOW  # not pull_request_target, whose token may write
    assert "\npermissions: {}" in WORKFLOW
    found = jobs(WORKFLOW)
    granted = {
        name: re.findall(r"^      ([\w-]+: (?:read|write))$", text, re.MULTILINE)
        for name, text in found.items()
    }
    assert granted == {"measure": ["contents: read"], "comment": ["pull-requests: write"]}
    assert "persist-credentials: false" in found["measure"]
    assert "uses:" not in found["comment"]
    assert "token" not in found["measure"]
    assert "head.repo.full_name == github.repository" in found["comment"]
    assert set(re.findall(r"uses: (\S+)@", WORKFLOW)) == {"actions/checkout"}
    for _, shell in steps(WORKFLOW):
        assert "${{" not in shell  # what a title or a branch holds would run there


def test_it_names_no_host_and_no_place_of_one_machine():
    assert not re.search(r"://|[\s'\"]/\w|\.(com|org|io)\b", WORKFLOW)
    assert "(workflow.yml)" in DOCUMENTS["docs/ci.md"]


# Stands for `diptych` on the runner: it trains nothing, but brings published results.
DIPTYCH = """#!/bin/sh
if [ "$1" = run ]; then
    basename "$PWD" >> "$TOLD"
    cat marker >> "$TOLD"
    for out; do :; done
    cp -r "$RESULTS/$(basename "$PWD" | sed 's/base/cpu/; s/head/engines/')" "$out"
    exit "$STATUS"
fi
exec "$PYTHON" -m compare "$@"
"""
GH = """#!/bin/sh
echo "gh $*" >> "$TOLD"
cat > comment.md
"""


def git(*arguments, cwd):
    """Run git as somebody."""
    someone = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *someone, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def runner(tmp_path):
    """A folder like that of a runner after the checkout, and its environment variables."""
    head = tmp_path / "head"
    head.mkdir()
    git("init", cwd=head)
    for branch in ("main", "change"):
        git("checkout", "-B", branch, cwd=head)
        (head / "marker").write_text(f"code of {branch}\n")
        git("add", ".", cwd=head)
        git("commit", "-m", branch, cwd=head)
    git("checkout", "main", cwd=head)
    git("merge", "--no-ff", "change", cwd=head)
    tools = tmp_path / "bin"
    tools.mkdir()
    nothing = "#!/bin/sh\n"
    stubs = {"diptych": DIPTYCH, "gh": GH, "python": nothing, "python3": nothing}
    for name, text in stubs.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    for_all = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    files = ("GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "TOLD")
    told = {name: str(tmp_path / name) for name in files}
    ours = {"RESULTS": str(ROOT / "results"), "PYTHON": sys.executable, "NUMBER": "7"}
    return tmp_path, os.environ | for_all | told | ours


@pytest.mark.parametrize("status", [0, 1])
def test_its_shell_tells_the_difference_of_base_and_head(runner, status):
    folder, variables = runner
    ended = {}
    for where, shell in steps(WORKFLOW):
        given = variables | {"STATUS": str(status)}
        if "gh " in shell:
            output = (folder / "GITHUB_OUTPUT").read_text()
            name, text, end = re.fullmatch(r"(\w+)<<(\S+)\n(.*)\2\n", output, re.DOTALL).group(
                1, 3, 2
            )
            assert name == "diff"
            assert end not in text
            given["DIFF"] = text
        bash = ["bash", "-e", "-c", shell]  # as a runner does
        ended[shell] = subprocess.run(bash, cwd=folder / where, env=given, check=False).returncode
    trained_the_head = [code for shell, code in ended.items() if "of-head\n" in shell]
    assert trained_the_head == [status]
    assert sum(ended.values()) == status, "what fails in the base does not end the job"
    told = (folder / "TOLD").read_text().splitlines()
    assert told[:4] == ["base", "code of main", "head", "code of change"]
    assert told[4:] == ["gh pr comment 7 --body-file -"]
    summary = (folder / "GITHUB_STEP_SUMMARY").read_text()
    assert "A is of-base, 180 trainings" in summary
    assert (folder / "comment.md").read_text().strip() == summary.strip()
