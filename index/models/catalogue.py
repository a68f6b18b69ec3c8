"""The models that OnRecord knows, where their files are, and whether they are the publisher's own bytes."""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path

from onrecord.index.errors import InputError, ModelError, ModelMissing
from onrecord.index.models.checksums import checksums

Progress = Callable[[int, int], None]  # bytes that are here, bytes in all


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: its path below the model's folder (the upstream repository has the same).

    Without ``exact``, ``bytes`` is about its size, and the sha256 alone says whether it is whole.
    """

    path: str
    bytes: int
    sha256: str
    exact: bool = True

    def fits(self, size: int) -> bool:
        """Whether a file of so many bytes may be this one."""
        return size == self.bytes if self.exact else size > 0


@dataclass(frozen=True, slots=True)
class Wheels:
    """The packages that carry a model's files: one file cut into numbered parts, or a folder with all of them."""

    package: str
    parts: int
    member: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of the catalogue.

    ``run``: somebody of this project ran it, so that its answers were measured. ``suggest``: it may be named for a
    machine that has room for it.
    """

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
    run: bool = True
    suggest: bool = True

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def size(self) -> str:
        """For people; "about" where the exact size is not known."""
        return f"{'' if all(file.exact for file in self.files) else 'about '}{readable(self.bytes)}"

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
        return all(file.fits(_size(self.folder / file.path)) for file in self.files)


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
            f"The model {name} is not here yet; `onrecord models pull {name}` fetches it ({entry.size})."
        )
    for file in damaged_files(entry):
        raise ModelError(
            f"{entry.folder / file.path} is damaged: its bytes are not those of the catalogue; delete it and run "
            f"`onrecord models pull {name}`."
        )
    return entry.path


def verify(name: str) -> bool:
    """Hash every file of the model again; False when one is missing or differs from the catalogue."""
    return not damaged_files(find_entry(name), trust_stamp=False)


def damaged_files(entry: ModelEntry, *, trust_stamp: bool = True) -> list[ModelFile]:
    """The files that are not here or have other bytes than the publisher's: hashed where their stamp does not apply."""
    sized = [file.path for file in entry.files if file.fits(_size(entry.folder / file.path))]
    sums = checksums(entry.folder, sized, trust_stamp=trust_stamp)
    return [file for file in entry.files if sums.get(file.path) != file.sha256]


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
