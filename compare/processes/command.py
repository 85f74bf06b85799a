"""`diptych list` and `diptych doctor`."""

import argparse
from dataclasses import asdict

from compare.options import Parser, add_command, add_json, add_python, count
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
        examples="  diptych list\n  diptych list --json",
    )
    add_json(listing)
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
    add_json(doctor)
    doctor.add_argument("--threads", type=count, default=1, help="threads per training (1)")
    add_python(doctor)


def do_list(options: argparse.Namespace) -> int:
    """Print problems, backends and devices."""
    from compare.console import terminal_width
    from compare.processes.listing import listing, listing_lines
    from compare.records.record import as_json

    found = listing()
    if options.json:
        print(as_json(asdict(found)), end="")
    else:
        print(*listing_lines(found, terminal_width()), sep="\n")
    return 0


def do_doctor(options: argparse.Namespace) -> int:
    """Print how far figures from here can be trusted; status 3 if a probe fails."""
    from compare.console import Progress
    from compare.processes.choice import able_backends, chosen_device
    from compare.processes.doctor import answer, examine, trusted
    from compare.records.record import as_json

    device = chosen_device(options.device, able_backends())
    readings = []
    with Progress() as progress:
        for reading in examine(device, options.threads, progress):
            readings.append(reading)
            if not (options.json or reading.setting):
                with progress.aside():
                    print(visible(reading.line), flush=True)
    if options.json:
        found = {"trusted": trusted(readings), "answer": answer(readings)}
        print(as_json(found | {"readings": [asdict(one) for one in readings]}), end="")
    else:
        for reading in readings:
            if reading.setting and options.verbose:
                print(visible(reading.line))
        print(visible(answer(readings)))
    return 3 if any(reading.failed for reading in readings) else 0
