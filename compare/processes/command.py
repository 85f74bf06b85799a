"""`diptych list` and `diptych doctor`."""

import argparse
from threading import Thread

from compare.options import Parser, add_command, add_python, count
from compare.text import visible


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the commands of this room."""
    listing = add_command(
        commands,
        "list",
        do_list,
        summary="problems, backends, devices; what can run here",
        about="Print the problems, the backends with their tiers, the devices, and what keeps a "
        "backend from running here.",
        examples="  diptych list",
    )
    add_python(listing)

    doctor = add_command(
        commands,
        "doctor",
        do_doctor,
        summary="how far figures from this machine can be trusted",
        about="Look at the clock, other load, memory counts, and whether each backend waits for "
        "its device. The last line says whether times from here can be trusted now.",
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
    from compare.console import INDENT, fitting, terminal_width, wrapped
    from compare.processes import gpu, interpreter, machine

    width = terminal_width()

    def show(headings: tuple[str, ...], rows: list[list[str]]) -> None:
        print("\n".join(fitting(headings, rows, headings, width=width)), end="\n\n")

    driver = Thread(target=gpu.names)  # it is asked while the problems are read
    driver.start()
    learned = [[name, _summary(name)] for name in problems.names()]
    rows = []
    for side in interpreter.known():
        missing = " ".join(interpreter.missing(side))
        python = interpreter.PYTHONS.get(str(side))
        install = f"{python} -m pip install" if python else "pip install"
        able = f"yes, in {python}" if python else "yes"
        rows.append([str(side), f"no: {install} {missing}" if missing else able])
    show(("problem", "what is learned"), learned)
    for name in problems.names():
        if missing_twins(name):
            print(f"{name} lacks {', '.join(missing_twins(name))}", end="\n\n")
    show(("backend", "can run here"), rows)
    print(*wrapped("tiers; the first of a backend is its default", width), sep="\n")
    for backend in BACKENDS.values():
        for tier, meaning in backend.tiers.items():
            print(*wrapped(f"{backend.name}, {tier}: {meaning}", width, after=INDENT), sep="\n")
    print()
    driver.join()
    processors = f"{machine.cpu()}, {len(machine.processors())} processors to use"
    rows = [["cpu", processors], ["gpu", ", ".join(gpu.names()) or gpu.why_none() or "none found"]]
    show(("device", "what it is"), rows)
    return 0


def _summary(problem: str) -> str:
    """Return what a problem is about, or why it cannot be read."""
    import problems

    try:
        return problems.load(problem).summary
    except ValueError as error:
        return str(error)


def do_doctor(options: argparse.Namespace) -> int:
    """Print how far figures from here can be trusted; status 3 if a probe fails."""
    from compare.console import Progress
    from compare.processes.choice import able_backends, chosen_device
    from compare.processes.doctor import examine, trusted

    device = chosen_device(options.device, able_backends())
    readings = []
    with Progress() as progress:
        for reading in examine(device, options.threads, progress):
            readings.append(reading)
            if not reading.setting:
                with progress.aside():
                    print(visible(reading.line), flush=True)
    for reading in readings:
        if reading.setting and options.verbose:
            print(visible(reading.line))
    print(visible(trusted(readings)))
    return 3 if any(reading.failed for reading in readings) else 0
