"""The keyword index on disk: a cache of the catalogue's texts.

As a key is never given to another passage, what the index holds of a key stays true: it is brought up to date by the
keys that the catalogue has and it has not, and the other way round. The manifest, replaced in one step, names the files
that count; every other file is left over and swept away.
"""

import json
import logging
import os
import shutil
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from onrecord.index.store import modes, postings
from onrecord.index.store.keywords import KeyedTexts, KeywordIndex, Part
from onrecord.index.text.terms import TOKENS_VERSION, Terms

log = logging.getLogger(__name__)
FOLDER = "keywords"
MANIFEST = "manifest.json"


class KeywordStore:
    """The keyword index on disk. One thread at a time changes it."""

    def __init__(self, folder: Path, *, k1: float, b: float) -> None:
        self._folder = folder / FOLDER
        self._k1, self._b = k1, b
        self._terms = Terms()

    def empty(self) -> KeywordIndex:
        return KeywordIndex((), self._terms, k1=self._k1, b=self._b)

    def latest(self) -> KeywordIndex | None:
        """What is on disk, whatever its revision; ``None`` when that is nothing or not whole."""
        manifest = self._manifest()
        return None if manifest is None else self._load(manifest)

    def load(self, revision: int) -> KeywordIndex | None:
        """The index that was saved for this revision, every byte of it checked; ``None`` when there is none."""
        manifest = self._manifest()
        if manifest is None or manifest["revision"] != revision:
            return None
        try:
            files = [(self._folder / one["file"], one["check"]) for one in manifest["segments"]]
            whole = all(zlib.crc32(file.read_bytes()) == check for file, check in files)
        except OSError:
            return None
        return self._load(manifest) if whole else None

    def claims(self, revision: int) -> bool:
        """Whether something is on disk that is of this revision, or of which that cannot be told."""
        manifest = self._manifest()
        return (self._folder / MANIFEST).exists() if manifest is None else manifest["revision"] == revision

    def build(self, revision: int, keyed_texts: KeyedTexts) -> KeywordIndex:
        """Builds an index, saves it in place of what is there, and returns it."""
        return self.save(self.empty().plus(keyed_texts), revision)

    def save(self, index: KeywordIndex, revision: int) -> KeywordIndex:
        """Keeps the index as that of this revision, 0 for none, and returns it as it lies on disk.

        Only what is new is written. A disk that takes nothing is told in the log, and what was there before is gone.
        """
        try:
            return self._save(index, revision)
        except OSError as error:
            self.forget()
            log.warning("The keyword index could not be kept on disk and will be built anew next time: %s", error)
            return index.unsaved()

    def _save(self, index: KeywordIndex, revision: int) -> KeywordIndex:
        modes.make_folder(self._folder)
        known = {one["file"]: one for one in (self._manifest() or {"segments": []})["segments"]}
        parts, listed = [], []
        for part in index.parts:
            if part.segment.file not in known:
                name = self._free_name()
                check = postings.write(part.segment, self._folder / name)
                part = Part(postings.read(self._folder / name), part.alive)
                known[name] = {"file": name, "size": (self._folder / name).stat().st_size, "check": check}
            dead = [] if part.alive is None else part.segment.keys[~part.alive].tolist()
            parts.append(part)
            listed.append({**known[part.segment.file], "dead": dead})
        manifest = {"revision": revision, "settings": self._settings, "segments": listed}
        _replace(self._folder / MANIFEST, json.dumps(manifest))
        self._sweep(manifest)
        modes.tighten_all(self._folder)
        return index.with_parts(parts)

    def prune(self, revision: int) -> None:
        """Deletes what is left over, and all of it when it is of no use or of a later revision than this one."""
        manifest = self._manifest()
        if manifest is None or manifest["revision"] > revision:
            self.forget()
        else:
            self._sweep(manifest)

    def forget(self) -> None:
        """Deletes what is kept on disk; what this process has loaded stays usable."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _settings(self) -> dict[str, float]:
        return {"k1": self._k1, "b": self._b, "terms": TOKENS_VERSION}

    def _manifest(self) -> dict[str, Any] | None:
        """What is on disk by name, if it was made with these settings."""
        try:
            manifest = json.loads((self._folder / MANIFEST).read_text(encoding="utf-8"))
            return manifest if manifest["settings"] == self._settings and manifest["revision"] >= 0 else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _load(self, manifest: dict[str, Any]) -> KeywordIndex | None:
        try:
            parts = []
            for one in manifest["segments"]:
                file = self._folder / one["file"]
                if file.stat().st_size != one["size"]:
                    return None
                parts.append(Part(postings.read(file)).without(np.array(one["dead"], dtype=np.int64)))
            return self.empty().with_parts(parts)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _free_name(self) -> str:
        used = [int(file.stem) for file in self._folder.glob("*.segment") if file.stem.isdecimal()]
        return f"{max(used, default=0) + 1}.segment"

    def _sweep(self, manifest: dict[str, Any]) -> None:
        kept = {MANIFEST, *(one["file"] for one in manifest["segments"])}
        for file in self._folder.iterdir():
            if file.name not in kept:
                shutil.rmtree(file) if file.is_dir() else file.unlink()


def _replace(file: Path, text: str) -> None:
    """Writes a file so that at any instant the old one or the new one is there."""
    part = file.with_suffix(".part")
    with part.open("w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)
