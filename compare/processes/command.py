"""`diptych list` and `diptych doctor`."""

import argparse

from compare.options import Parser, add_command, add_python, count


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the commands of this room."""
    listing = add_command(
        commands,
        "list",
        do_list,
        summary="problems, backends, devices; what can run here",
        about="Print the problems, the backends with their tiers, the devices, and what keeps a "
        "backend\nfrom running here.",
        examples="  diptych list",
    )
    add_python(listing)

    doctor = add_command(
        commands,
        "doctor",
        do_doctor,
        summary="how far figures from this machine can be trusted",
        about="Look at the clock, other load, memory counts, and whether each backend waits for "
        "its device.\nThe last line says whether times from here can be trusted now.",
        examples="  diptych doctor\n  diptych doctor --device gpu",
    )
    doctor.add_argument(
        "--device", choices=("auto", "cpu", "gpu"), default="auto", help="device to look at (auto)"
    )
    doctor.add_argument(
        "-v", "--verbose", action="store_true", help="print versions and settings, too"
    )
    doctor.add_argument("--threads", type=count, default=1, help="threads per training (1)")
    add_python(doctor)


def do_list(_: argparse.Namespace) -> int:
    """Print problems, backends and devices."""
    import problems
    from backends import BACKENDS, missing_twins
    from compare.console import stdout, table
    from compare.processes import gpu, interpreter, machine

    console = stdout()
    rows = [[name, _summary(name), ", ".join(missing_twins(name))] for name in problems.names()]
    console.print(table(("problem", "what is learned", "twins missing"), rows, _LEFT))
    rows = []
    for side in interpreter.known():
        missing = " ".join(interpreter.missing(side))
        python = interpreter.PYTHONS.get(str(side))
        install = f"{python} -m pip install" if python else "pip install"
        able = f"yes, in {python}" if python else "yes"
        rows.append([str(side), f"no: {install} {missing}" if missing else able])
    console.print(table(("backend", "can run here"), rows, _LEFT))
    rows = [
        [backend.name, tier, meaning]
        for backend in BACKENDS.values()
        for tier, meaning in backend.tiers.items()
    ]
    console.print(table(("backend", "tier", "what it is; the first is the default"), rows, _LEFT))
    processors = f"{machine.cpu()}, {len(machine.processors())} processors to use"
    rows = [["cpu", processors], ["gpu", ", ".join(gpu.names()) or gpu.why_none() or "none found"]]
    console.print(table(("device", "what it is"), rows, _LEFT))
    return 0


_LEFT = (
    *("problem", "what is learned", "twins missing", "backend", "can run here", "tier", "device"),
    *("what it is; the first is the default", "what it is"),
)


def _summary(problem: str) -> str:
    """Return what a problem is about, or why it cannot be read."""
    import problems

    try:
        return problems.load(problem).summary
    except ValueError as error:
        return str(error)


def do_doctor(options: argparse.Namespace) -> int:
    """Print how far figures from here can be trusted; status 3 if a probe fails."""
    from rich.text import Text

    from compare.console import Progress, stdout
    from compare.processes.choice import able_backends, chosen_device
    from compare.processes.doctor import examine, trusted

    device, console = chosen_device(options.device, able_backends()), stdout()
    readings = []
    with Progress() as progress:
        for reading in examine(device, options.threads, progress):
            readings.append(reading)
            if not reading.setting:
                with progress.aside():
                    console.print(Text(reading.line))
    for reading in readings:
        if reading.setting and options.verbose:
            console.print(Text(reading.line))
    console.print(Text(trusted(readings)))
    return 3 if any(reading.failed for reading in readings) else 0
