"""What is read of each article once, by itself, and kept beside it: who says what, which names it has."""

from collections.abc import Callable, Sequence, Set
from typing import Generic, Protocol, TypeVar

from onrecord.index.store.derived import Derived
from onrecord.index.types import Article, ArticleInfo, Filter, Sentence

Made = TypeVar("Made")
Stopped = Callable[[], bool]


class Articles(Protocol):
    """What is needed of an ``onrecord.index.Library``."""

    @property
    def revision(self) -> int: ...
    def article(self, article_id: str, /) -> Article: ...
    def articles(self, where: Filter | None = None) -> Sequence[ArticleInfo]: ...
    def sentences(self, article_id: str, /) -> Sequence[Sentence]: ...
    def derived(
        self,
        kind: str,
        version: int,
        make: Callable[[Article, Sequence[Sentence]], str],
        *,
        known: Set[int] = ...,
        only: Set[str] | None = ...,
        most: int | None = ...,
        stopped: Stopped = ...,
    ) -> Derived: ...


class Kept(Generic[Made]):
    """Of one library and one kind; one thread at a time.

    ``made``: by the article's number its id, and what was made of it. ``make`` makes it, as text; ``read`` reads that.
    """

    def __init__(
        self,
        library: Articles,
        kind: str,
        version: int,
        make: Callable[[Article, Sequence[Sentence]], str],
        read: Callable[[str], tuple[Made, ...]],
    ) -> None:
        self._library, self._kind, self._version, self._make, self._read = library, kind, version, make, read
        self._revision = -1
        self.made: dict[int, tuple[str, tuple[Made, ...]]] = {}
        self.left = 0
        """Articles that were not read yet, as far as the last `refresh` knows."""

    def refresh(self, most: int | None = None, stopped: Stopped = lambda: False) -> bool:
        """Reads what is new, of ``most`` articles at most and until ``stopped()``; whether anything came or went."""
        revision = self._library.revision
        if revision == self._revision:
            return False
        found = self._library.derived(
            self._kind, self._version, self._make, known=self.made.keys(), most=most, stopped=stopped
        )
        made = {number: kept for number, kept in self.made.items() if number in found.numbers}
        changed = len(made) < len(self.made) or bool(found.made)
        made |= {number: (one, self._read(data)) for number, (one, data) in found.made.items()}
        self.made, self.left = made, len(found.numbers) - len(made)
        if not self.left:
            self._revision = revision
        return changed
