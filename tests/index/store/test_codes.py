"""One bit a dimension: what is nearest by the vectors is among what the codes call likely."""

from pathlib import Path

import numpy as np
import pytest

from onrecord.index.store import codes as coding
from onrecord.index.store.code_store import CodedRows, CodeStore
from onrecord.index.store.codes import codes_of, likely
from onrecord.index.types import Vectors


def heaps(count: int, *, dimension: int = 96, seed: int = 0) -> Vectors:
    """Unit vectors that lie in heaps, as those of texts do."""
    rng = np.random.default_rng(seed)
    middles = np.random.default_rng(99).normal(size=(40, dimension))  # the same for held ones and queries
    vectors = middles[rng.integers(0, 40, count)] + rng.normal(size=(count, dimension))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def rows(first: int, count: int) -> CodedRows:
    keys = np.arange(first, first + count, dtype=np.int64)
    held = np.asfortranarray(codes_of(heaps(count, seed=first)))  # word by word, as a view has them in memory
    return CodedRows(keys, keys // 10 + 1, held)


def same(a: CodedRows | None, b: CodedRows) -> bool:
    return a is not None and all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("keys", "numbers", "codes")
    )


def both(a: CodedRows, b: CodedRows) -> CodedRows:
    return CodedRows(*(np.concatenate([getattr(a, name), getattr(b, name)]) for name in ("keys", "numbers", "codes")))


@pytest.mark.parametrize("dimension", [1, 8, 64, 65, 384])
def test_a_code_has_a_bit_for_the_sign_of_each_dimension(dimension: int) -> None:
    vectors = np.random.default_rng(1).normal(size=(50, dimension)).astype(np.float32)
    codes = codes_of(vectors)
    assert codes.shape == (50, -(-dimension // 64))
    bits = np.unpackbits(codes.view(np.uint8), axis=1)
    assert np.array_equal(bits[:, :dimension], vectors > 0) and not bits[:, dimension:].any()


def test_the_nearest_are_likely_whether_all_are_searched_or_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coding, "LIKELY", 200)
    monkeypatch.setattr(coding, "_NEAR", 800)
    monkeypatch.setattr(coding, "_AT_ONCE", 999)  # not a divisor of their number
    held = heaps(6000)
    codes, some = codes_of(held), np.arange(6000) % 3 == 0
    for mask in (None, some):
        allowed = np.arange(6000) if mask is None else np.flatnonzero(mask)
        missed = 0
        for query in heaps(40, seed=2):
            found = likely(codes, query, mask=mask)
            assert len(found) == 200 and np.isin(found, allowed).all() and (np.diff(found) > 0).all()
            nearest = allowed[np.argsort(-(held[allowed] @ query))[:10]]
            missed += len(np.setdiff1d(nearest, found))
        assert missed <= 4, "of 400"


def test_where_few_are_allowed_all_of_them_are_likely() -> None:
    held = heaps(5000)
    mask = np.zeros(5000, dtype=np.bool_)
    mask[[3, 77, 4999]] = True
    assert likely(codes_of(held), held[0], mask=mask).tolist() == [3, 77, 4999]
    assert likely(codes_of(held), held[0], mask=~mask).tolist() != []
    assert likely(codes_of(held)[:0], held[0]).tolist() == []


def test_codes_are_kept_and_grow_at_their_end(tmp_path: Path) -> None:
    store = CodeStore(tmp_path)
    assert store.load() is None
    first, second = rows(1, 100), rows(101, 30)
    store.append(first, 1)
    store.append(both(first, second), 2)
    again = CodeStore(tmp_path)
    assert same(again.load(), both(first, second))
    assert again.unsaved(np.arange(1, 141)) == 10
    third = rows(131, 5)
    again.append(both(both(first, second), third), 3)
    assert same(CodeStore(tmp_path).load(), both(both(first, second), third))


def test_what_a_process_that_was_cut_off_wrote_behind_the_rows_counts_for_nothing(tmp_path: Path) -> None:
    store = CodeStore(tmp_path)
    store.append(rows(1, 100), 1)
    with (tmp_path / "codes").open("ab") as opened:
        opened.write(b"half a row")
    again = CodeStore(tmp_path)
    assert same(again.load(), rows(1, 100))
    again.append(both(rows(1, 100), rows(101, 3)), 2)
    assert same(CodeStore(tmp_path).load(), both(rows(1, 100), rows(101, 3)))


@pytest.mark.parametrize("place", [0, 16, 32, 60, -1])
def test_a_damaged_file_is_not_used(tmp_path: Path, place: int) -> None:
    CodeStore(tmp_path).append(rows(1, 100), 1)
    content = bytearray((tmp_path / "codes").read_bytes())
    content[place] ^= 0x40
    (tmp_path / "codes").write_bytes(content)
    assert CodeStore(tmp_path).load() is None


def test_replacing_leaves_nothing_of_what_was_there(tmp_path: Path) -> None:
    store = CodeStore(tmp_path)
    store.append(rows(1, 100), 1)
    gone = rows(1, 100).codes[7].tobytes()
    assert gone in (tmp_path / "codes").read_bytes()
    store.replace(rows(200, 5), 2)
    assert gone not in (tmp_path / "codes").read_bytes()
    store.replace(None, 3)
    assert not (tmp_path / "codes").exists()


def test_codes_of_a_later_revision_than_the_catalogues_are_deleted(tmp_path: Path) -> None:
    store = CodeStore(tmp_path)
    store.append(rows(1, 5), 7)
    store.prune(7)
    assert same(store.load(), rows(1, 5))
    store.prune(6)
    assert store.load() is None
    (tmp_path / "codes").write_bytes(b"no codes")
    store.prune(9)
    assert not (tmp_path / "codes").exists()


def test_a_disk_that_takes_nothing_is_told_and_nothing_half_written_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    missing = CodeStore(tmp_path / "missing")
    missing.append(rows(1, 5), 1)
    assert "could not be kept" in caplog.text
    assert missing.load() is None
