"""What OnRecord has to beat: one search alone, and the model without any article."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from onrecord.eval.suites.loading import Question, Suite
from onrecord.eval.suites.records import ResultRow
from onrecord.eval.systems.base import System, SystemOptions
from onrecord.eval.systems.own import open_library, search_row
from onrecord.eval.systems.remote import ask_engine
from onrecord.index.errors import InputError
from onrecord.index.settings import SearchOptions
from onrecord.index.types import Embedder
from onrecord.qa.engines.base import Engine
from onrecord.qa.engines.load import load_engine

if TYPE_CHECKING:
    from onrecord.index import Library

INSTRUCTIONS = (
    "Answer the question in one or two short sentences, from what you know. "
    "If you do not know the answer, say that you do not know."
)
# The two searches of one library, each alone: (weight of the vectors, weight of the keywords).
_WEIGHTS = {"bm25": (0.0, 1.0), "dense": (1.0, 0.0)}


def make(name: str, options: SystemOptions) -> System:
    """The baseline of a name: ``bm25``, ``dense`` or ``closed-book``."""
    return ClosedBookSystem(options) if name == "closed-book" else OneSearchSystem(options, name=name)


class OneSearchSystem:
    """``bm25`` or ``dense``: the same passages in the same index, found by one of the two searches alone."""

    def __init__(self, options: SystemOptions, *, name: str, embedder: Embedder | None = None) -> None:
        self.name = name
        self._embedder = embedder
        self.on_progress: Callable[[float, int], None] | None = None
        self._options = options
        self._library: Library | None = None

    def prepare(self, suite: Suite) -> None:
        """Opens (the first time, builds) the index that ``onrecord`` uses too."""
        dense, keyword = _WEIGHTS[self.name]
        self._library = open_library(
            self._options,
            suite,
            embedder=self._embedder,
            search=SearchOptions(dense_weight=dense, keyword_weight=keyword),
            on_progress=self.on_progress,
        )

    def answer(self, question: Question) -> ResultRow:
        """A search has no answer."""
        raise InputError(f"{self.name} only searches; run it with --retrieval-only")

    def retrieve(self, question: Question, *, top_k: int) -> ResultRow:
        """The question, made standalone by rule where it is a follow-up, as one search finds it."""
        assert self._library is not None
        return search_row(self._library, question, top_k=top_k, system=self.name)

    def close(self) -> None:
        """Closes the library."""
        if self._library is not None:
            self._library.close()


class ClosedBookSystem:
    """``closed-book``: what the model says of itself, without the articles."""

    def __init__(self, options: SystemOptions, *, engine: Engine | None = None) -> None:
        self.name = "closed-book"
        self._options = options
        self._engine = engine

    @property
    def info(self) -> dict[str, str]:
        """What this system ran with, for the report."""
        return {"model": self._engine.name if self._engine else ""}

    def prepare(self, suite: Suite) -> None:
        """Loads the model."""
        self._engine = self._engine or load_engine(self._options.model)

    def answer(self, question: Question) -> ResultRow:
        """One chat completion."""
        assert self._engine is not None
        return ask_engine(self._engine, question, system=self.name, instructions=INSTRUCTIONS)

    def retrieve(self, question: Question, *, top_k: int) -> ResultRow:
        """There is nothing to search."""
        raise InputError("closed-book does not search; drop --retrieval-only for it")

    def close(self) -> None:
        """Frees the model."""
        if self._engine is not None:
            self._engine.close()
