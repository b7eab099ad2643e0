"""Where the arithmetic happens."""

import os
import platform
from pathlib import Path

import torch


def choose(name: str = "auto") -> str:
    """'cuda' where there is one, else 'cpu'; or what the user named. Raises ValueError if that is not there."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cpu" or (name.startswith("cuda") and torch.cuda.is_available()):
        return name
    raise ValueError(f"device must be auto, cpu or cuda, and be present on this machine; got '{name}'")


def describe(device: str) -> dict[str, str | int | float]:
    """The hardware, for the record of a run."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count() or 1,
        "threads": torch.get_num_threads(),
        "memory_gib": round(memory_bytes() / 2**30, 1),
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else "cpu",
    }


def memory_bytes() -> int:
    """Physical memory of this machine in bytes; 8 GiB where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 8 * 2**30


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
