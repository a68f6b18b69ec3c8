"""As many at a time as one statement or one call takes."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """So many after another, the last of them perhaps fewer; as ``itertools.batched`` from Python 3.12 on.

    >>> list(batched("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    waiting = iter(items)
    while some := list(islice(waiting, size)):
        yield some
