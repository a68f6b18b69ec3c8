"""Which model suits a machine by its memory and cores: a rule of thumb, from what the default was measured to take."""

import os
from pathlib import Path

from onrecord.index.models.catalogue import ModelEntry, catalogue

# With the default (1.12 GB) everything together takes 2.64 GB of memory, and answers begin after 7 s on two cores
# (docs/results.md). Larger models keep more for each token that they read, and read slower in proportion to their size.
_BESIDE, _PER_BYTE = 1.25e9, 1.25
_CORES_PER_BYTE = 1.75e-9
SHARE = 0.75  # of the machine's memory


def needed_memory(entry: ModelEntry) -> int:
    """About how many bytes answering with this model takes, all of OnRecord included."""
    return round(_BESIDE + _PER_BYTE * entry.bytes)


def suggested(*, memory: int, cores: int) -> ModelEntry | None:
    """The largest model that is suggested at all, fits and is about as fast as the default on two cores.

    None where none does: then quotes alone suit the machine. ``memory`` in bytes; ``cores``: physical ones.
    """
    fitting = [
        entry
        for entry in catalogue()
        if entry.kind == "generator" and entry.suggest
        if needed_memory(entry) <= SHARE * memory and _CORES_PER_BYTE * entry.bytes <= cores
    ]
    return max(fitting, key=lambda entry: entry.bytes, default=None)


def machine_memory() -> int:
    """The bytes of memory that this process may use: the machine's, or its container's; 0 where that is not told."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return 0
    limit = Path("/sys/fs/cgroup/memory.max")
    given = limit.read_text().strip() if limit.exists() else "max"
    return min(whole, int(given)) if given.isdecimal() else whole
