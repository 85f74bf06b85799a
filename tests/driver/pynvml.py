"""A stand-in for NVIDIA's library: a driver as the variable DRIVER describes it, in JSON.

`cards`, in the driver's own order: name, uuid, bus, what `used` is, one value after the other,
`processes`, and `instances` if it is divided by MIG. `hangs` names the call that never ends,
`fails` the error of a call.
"""

import json
import os
import time
from types import SimpleNamespace

DRIVER = json.loads(os.environ["DRIVER"])
NVML_DEVICE_MIG_ENABLE = 1


class NVMLError(Exception):
    pass


class NVMLError_LibraryNotFound(NVMLError):
    pass


class NVMLError_DriverNotLoaded(NVMLError):
    pass


class NVMLError_NoPermission(NVMLError):
    pass


class NVMLError_NotSupported(NVMLError):
    pass


class NVMLError_NotFound(NVMLError):
    pass


def call(function):
    """Make a call to the driver of a function: it may hang or fail."""

    def called(*arguments):
        if DRIVER.get("hangs") == function.__name__:
            time.sleep(600)
        if error := DRIVER.get("fails", {}).get(function.__name__):
            raise globals()[f"NVMLError_{error}"](f"{error} it is")
        return function(*arguments)

    return called


@call
def nvmlInit():
    pass


@call
def nvmlDeviceGetCount():
    return len(DRIVER["cards"])


@call
def nvmlDeviceGetHandleByIndex(index):
    if DRIVER["cards"][index].get("forbidden"):
        raise NVMLError_NoPermission
    return DRIVER["cards"][index]


@call
def nvmlDeviceGetHandleByUUID(uuid):
    parts = [part for card in DRIVER["cards"] for part in (card, *card.get("instances", ()))]
    return next(part for part in parts if part and part["uuid"] == uuid)


@call
def nvmlDeviceGetPciInfo(card):
    return SimpleNamespace(busId=card["bus"])


@call
def nvmlDeviceGetName(card):
    return card["name"]


@call
def nvmlDeviceGetUUID(card):
    return card["uuid"]


@call
def nvmlDeviceGetMigMode(card):
    if "instances" not in card:
        raise NVMLError_NotSupported
    return [NVML_DEVICE_MIG_ENABLE, NVML_DEVICE_MIG_ENABLE]


@call
def nvmlDeviceGetMaxMigDeviceCount(card):
    return len(card["instances"])


@call
def nvmlDeviceGetMigDeviceHandleByIndex(card, index):
    if card["instances"][index] is None:
        raise NVMLError_NotFound
    return card["instances"][index]


@call
def nvmlDeviceGetComputeRunningProcesses(card):
    found = card.get("processes", ())
    return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, _, used in found]


@call
def nvmlSystemGetProcessName(pid):
    processes = [process for card in DRIVER["cards"] for process in card.get("processes", ())]
    (name,) = (name for number, name, _ in processes if number == pid)
    if name is None:
        raise NVMLError_NotFound
    return name


@call
def nvmlDeviceGetMemoryInfo(card):
    used = card["used"]
    return SimpleNamespace(used=used.pop(0) if len(used) > 1 else used[0])
