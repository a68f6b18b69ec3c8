"""A file is hashed once, and again whenever anything about it is not as it was."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from onrecord.index.models import checksums as module
from onrecord.index.models.checksums import STAMP, checksums

FIRST, SECOND = b"the first bytes!", b"the other bytes!"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read to be hashed."""
    files: list[Path] = []
    real = module.sha256_of

    def counted(file: Path) -> str:
        files.append(file)
        return real(file)

    monkeypatch.setattr(module, "sha256_of", counted)
    return files


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_an_unchanged_file_is_read_once(tmp_path: Path, hashed: list[Path]) -> None:
    (tmp_path / "a").write_bytes(FIRST)
    assert checksums(tmp_path, ["a"]) == checksums(tmp_path, ["a"]) == {"a": sha256(FIRST)}
    assert hashed == [tmp_path / "a"]


def test_a_file_that_is_not_there_has_no_checksum(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(FIRST)
    checksums(tmp_path, ["a", "b"])
    (tmp_path / "a").unlink()
    assert checksums(tmp_path, ["a", "b"]) == {}


def test_other_bytes_of_the_same_size_are_seen_though_the_time_was_set_back(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(FIRST)
    before = file.stat()
    checksums(tmp_path, ["a"])
    file.write_bytes(SECOND)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert checksums(tmp_path, ["a"]) == {"a": sha256(SECOND)}


def test_another_file_moved_to_its_place_is_seen_though_its_time_and_size_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(FIRST)
    (tmp_path / "b").write_bytes(SECOND)
    for name in "ab":
        os.utime(tmp_path / name, ns=(10**18, 10**18))
    checksums(tmp_path, ["a"])
    (tmp_path / "b").replace(tmp_path / "a")
    assert checksums(tmp_path, ["a"]) == {"a": sha256(SECOND)}


def test_a_stamp_of_another_time_is_not_believed(tmp_path: Path, hashed: list[Path]) -> None:
    file = tmp_path / "a"
    file.write_bytes(FIRST)
    checksums(tmp_path, ["a"])
    os.utime(file, ns=(1, 1))
    assert checksums(tmp_path, ["a"]) == {"a": sha256(FIRST)}
    assert hashed == [file, file]


def test_without_trust_in_the_stamp_the_file_is_read(tmp_path: Path, hashed: list[Path]) -> None:
    (tmp_path / "a").write_bytes(FIRST)
    checksums(tmp_path, ["a"])
    checksums(tmp_path, ["a"], trust_stamp=False)
    assert len(hashed) == 2


@pytest.mark.parametrize("stamps", ["[not json", "[]", '{"a": 3}', '{"a": []}', '{"a": [1, 2]}', '{"a": null}'])
def test_a_damaged_stamp_costs_a_hash_and_nothing_more(tmp_path: Path, stamps: str) -> None:
    (tmp_path / "a").write_bytes(FIRST)
    (tmp_path / STAMP).write_text(stamps)
    assert checksums(tmp_path, ["a"]) == {"a": sha256(FIRST)}
    assert json.loads((tmp_path / STAMP).read_text())["a"][-1] == sha256(FIRST)
