"""What a run was made with: the machine, the libraries, the commit."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("xllamacpp", "sentence-transformers", "onnxruntime", "chromadb", "llama-index-core")


def machine() -> dict[str, str | int]:
    """Processor, cores, memory, Python, and the versions of the libraries that matter to a figure."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: found for name in _PACKAGES if (found := _version(name))},
        "engine_build": engine_build(),
    }


def git_commit(folder: Path | None = None) -> str:
    """The commit of the code that runs, with ``+`` when files differ from it; empty outside a repository."""
    here = folder or Path(__file__).resolve().parent
    commit = _git(here, "rev-parse", "--short=12", "HEAD")
    if not commit:
        return ""
    return commit + ("+" if _git(here, "status", "--porcelain", "--untracked-files=no") else "")


def engine_build() -> str:
    """``wheel`` when the installed xllamacpp is the published wheel, ``native`` when it was built on this machine.

    Empty when it is not installed. A wheel that pip built from the source distribution carries the plain platform tag
    of the machine (``linux_x86_64``); published ones carry that of a standard (``manylinux…``).
    """
    from importlib.metadata import distribution

    try:
        text = distribution("xllamacpp").read_text("WHEEL") or ""
    except PackageNotFoundError:
        return ""
    tags = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("Tag:")]
    return "native" if tags and all(tag.rpartition("-")[2].startswith("linux_") for tag in tags) else "wheel"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> int:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, ValueError, OSError):  # Windows
        return 0
