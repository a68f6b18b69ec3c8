import pytest

from onrecord.index.models.catalogue import find_entry
from onrecord.index.models.suggestion import machine_memory, needed_memory, suggested

GIB = 2**30


@pytest.mark.parametrize(
    ("memory", "cores", "name"),
    [
        (1, 8, ""),
        (4, 1, "qwen2.5-coder-0.5b"),
        (23, 2, "qwen2.5-coder-1.5b"),
        (4, 2, "qwen2.5-coder-1.5b"),
        (8, 3, "qwen3.5-2b"),
        (8, 4, "granite-4.1-3b"),
        (16, 8, "qwen3-4b-instruct-2507"),
        (4, 8, "qwen3.5-2b"),
    ],
)
def test_the_largest_that_fits_and_is_fast_enough_is_suggested(memory: int, cores: int, name: str) -> None:
    entry = suggested(memory=memory * GIB, cores=cores)
    assert (entry.name if entry else "") == name


def test_the_default_needs_what_it_was_measured_to_take() -> None:
    measured = 2516 * 2**20  # docs/results.md
    assert needed_memory(find_entry("qwen2.5-coder-1.5b")) == pytest.approx(measured, rel=0.02)


def test_this_machine_tells_its_memory() -> None:
    assert machine_memory() > GIB / 4
