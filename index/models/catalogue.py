"""The models that OnRecord knows, where their files are, and whether they are the publisher's own bytes.

A file is hashed once; then a stamp beside it (size, time of change, sha256) says that it is the one that was hashed.
"""

import hashlib
import json
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path

from onrecord.index.errors import InputError, ModelError, ModelMissing

DEFAULT_GENERATOR = "qwen2.5-coder-1.5b"
DEFAULT_EMBEDDER = "all-minilm-l6-v2"
STAMP = ".verified.json"

Progress = Callable[[int, int], None]  # bytes that are here, bytes in all


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: its path below the model's folder (the upstream repository has the same)."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Wheels:
    """The packages that carry a model's files: one file cut into numbered parts, or a folder with all of them."""

    package: str
    parts: int
    member: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of the catalogue."""

    name: str
    kind: Literal["generator", "embedder"]
    about: str
    repository: str
    revision: str
    licence: str
    context_tokens: int
    sources: tuple[str, ...]
    files: tuple[ModelFile, ...]
    wheels: Wheels | None = None

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def folder(self) -> Path:
        return models_folder() / self.name

    @property
    def path(self) -> Path:
        """What is loaded: the one file, or the folder of a model of several."""
        return self.folder / self.files[0].path if len(self.files) == 1 else self.folder

    @property
    def here(self) -> bool:
        """True when every file is in place with the right size; says nothing about its bytes."""
        return all(_size(self.folder / file.path) == file.bytes for file in self.files)


@cache
def catalogue() -> tuple[ModelEntry, ...]:
    """Every model that `pull` can fetch."""
    data = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8"))
    return tuple(_entry(model) for model in data["model"])


def _entry(model: Mapping[str, Any]) -> ModelEntry:
    files = tuple(ModelFile(**file) for file in model["files"])
    wheels = Wheels(**model["wheels"]) if "wheels" in model else None
    return ModelEntry(**{**model, "files": files, "wheels": wheels, "sources": tuple(model["sources"])})


def find_entry(name: str) -> ModelEntry:
    """The entry of this name; `InputError` names the ones there are."""
    for entry in catalogue():
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in catalogue())
    raise InputError(f"There is no model named {name!r}; the catalogue has {known}.")


def models_folder() -> Path:
    """Where pulled models live: ``ONRECORD_MODELS``, else the user's cache folder."""
    given = os.environ.get("ONRECORD_MODELS", "")
    return Path(given).expanduser() if given else user_cache_path("onrecord") / "models"


def model_path(name: str) -> Path:
    """The model's file, or its folder where it has several, once its bytes are known to be right.

    Raises `ModelMissing` with the command that pulls it, `ModelError` when a file is damaged.
    """
    entry = find_entry(name)
    if not all((entry.folder / file.path).is_file() for file in entry.files):
        raise ModelMissing(
            f"The model {name} is not here yet; `onrecord models pull {name}` fetches it ({readable(entry.bytes)})."
        )
    for file in entry.files:
        if not is_verified(entry.folder, file):
            raise ModelError(
                f"{entry.folder / file.path} is damaged: its bytes are not those of the catalogue; delete it and run "
                f"`onrecord models pull {name}`."
            )
    return entry.path


def verify(name: str) -> bool:
    """Hash every file of the model again; False when one is missing or differs from the catalogue."""
    entry = find_entry(name)
    return all(is_verified(entry.folder, file, trust_stamp=False) for file in entry.files)


def pull(
    name: str,
    *,
    on_progress: Progress | None = None,
    sources: Sequence[str | Path] | None = None,
) -> Path:
    """Fetch a model, unless it is here and whole, and return its path.

    ``sources`` are tried in order instead of the catalogue's: "wheels" (through pip and whatever mirror it is set up
    with), "hub" (the upstream repository), or the path of a file or folder. Nothing is looked up when the files are
    here. Raises `ModelError` that says what each source answered.
    """
    from onrecord.index.models.pull import pull_entry

    entry = find_entry(name)
    if all(is_verified(entry.folder, file) for file in entry.files):
        return entry.path
    return pull_entry(entry, on_progress=on_progress or (lambda done, total: None), sources=sources or entry.sources)


def is_verified(folder: Path, file: ModelFile, *, trust_stamp: bool = True) -> bool:
    """True when the file in ``folder`` has the catalogue's bytes: by the stamp where it applies, else by hashing."""
    path = folder / file.path
    if _size(path) != file.bytes:
        return False
    stat = path.stat()
    mark = [stat.st_size, stat.st_mtime_ns, file.sha256]
    stamps = _read_stamps(folder)
    if trust_stamp and stamps.get(file.path) == mark:
        return True
    good = sha256_of(path) == file.sha256
    kept = {key: value for key, value in stamps.items() if key != file.path}
    _write_stamps(folder, {**kept, file.path: mark} if good else kept)
    return good


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def readable(size: int) -> str:
    """A size for people.

    >>> readable(1117320768), readable(512)
    ('1.1 GB', '512 bytes')
    """
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} bytes"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _read_stamps(folder: Path) -> dict[str, Any]:
    try:
        stamps = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def _write_stamps(folder: Path, stamps: Mapping[str, Any]) -> None:
    """A folder that cannot be written (shared by an administrator, say) costs a hash each time, nothing more."""
    temporary = folder / f"{STAMP}.{os.getpid()}"
    try:
        temporary.write_text(json.dumps(stamps), encoding="utf-8")
        temporary.replace(folder / STAMP)
    except OSError:
        return
