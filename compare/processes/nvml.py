"""Asks the NVIDIA driver, through its library NVML, and prints what it says as JSON.

A driver may hang, and take along who asks: gpu.py runs this as a process of its own.

`python -m compare.processes.nvml cards` prints the cards in the order of their PCI buses, which is
CUDA's with CUDA_DEVICE_ORDER=PCI_BUS_ID: `[{"name": ..., "uuid": ..., "instances": null}, ...]`;
`instances` are such values for the MIG instances of a card, null where it is not divided.
`processes UUID` prints what computes on a card or instance: `["4711, python, 300 MiB"]`.
`watch UUID` prints the same line, and then the bytes in use ten times a second.

It ran on one undivided card. Implemented, not yet measured: several cards, MIG instances.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from time import sleep
from typing import Any

INTERVAL_S = 0.1
MEBIBYTE = 2**20


def cards(nvml: Any) -> list[dict[str, Any]]:
    """Return all cards, and their instances."""
    found = {}
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            card = nvml.nvmlDeviceGetHandleByIndex(index)
        except nvml.NVMLError_NoPermission:  # a container is not given it, and CUDA passes it over
            continue
        found[nvml.nvmlDeviceGetPciInfo(card).busId] = card
    return [described(nvml, card) | {"instances": instances(nvml, card)}
            for _, card in sorted(found.items())]  # fmt: skip


def instances(nvml: Any, card: Any) -> list[dict[str, Any]] | None:
    """Return the MIG instances of a card; None if it is not divided."""
    try:
        mode, _ = nvml.nvmlDeviceGetMigMode(card)
    except nvml.NVMLError_NotSupported:
        return None
    if mode != nvml.NVML_DEVICE_MIG_ENABLE:
        return None
    found = []
    for index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(card)):
        try:
            instance = nvml.nvmlDeviceGetMigDeviceHandleByIndex(card, index)
        except nvml.NVMLError_NotFound:  # a number that no instance has
            continue
        found.append(described(nvml, instance))
    return found


def described(nvml: Any, card: Any) -> dict[str, Any]:
    """Return the name and UUID of a card or instance."""
    return {"name": nvml.nvmlDeviceGetName(card), "uuid": nvml.nvmlDeviceGetUUID(card)}


def processes(nvml: Any, uuid: str) -> list[str]:
    """Return what computes on a card or instance. In a container a driver may tell of nothing."""
    found = []
    for process in nvml.nvmlDeviceGetComputeRunningProcesses(nvml.nvmlDeviceGetHandleByUUID(uuid)):
        try:
            name = nvml.nvmlSystemGetProcessName(process.pid)
        except nvml.NVMLError:  # of another container, or ended
            name = "unknown"
        taken = process.usedGpuMemory  # None where the driver does not tell
        memory = "memory unknown" if taken is None else f"{taken // MEBIBYTE} MiB"
        found.append(f"{process.pid}, {name}, {memory}")
    return found


def watch(nvml: Any, uuid: str) -> None:
    """Print what computes on a card now, and then for ever the bytes in use."""
    print(json.dumps(processes(nvml, uuid)), flush=True)
    card = nvml.nvmlDeviceGetHandleByUUID(uuid)
    while True:
        print(nvml.nvmlDeviceGetMemoryInfo(card).used, flush=True)
        sleep(INTERVAL_S)


def main(question: str, uuid: str = "") -> None:
    """Ask the driver and print its answer."""
    nvml = import_module("pynvml")
    try:
        nvml.nvmlInit()
    except nvml.NVMLError_LibraryNotFound:
        if Path("/dev/nvidiactl").exists():  # the driver is there, and cannot be asked
            raise
        print("[]")  # a machine without a GPU
        return
    if question == "watch":
        watch(nvml, uuid)
    print(json.dumps(cards(nvml) if question == "cards" else processes(nvml, uuid)))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BrokenPipeError:  # nobody listens any more
        sys.exit(1)
