"""What who traces it sees of work: which span is a part of which, and what is noted of each."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from onrecord.index import Library, tracing
from onrecord.index.settings import IndexSettings, SearchOptions
from onrecord.index.tracing import NOBODY, Kind, Span
from tests.conftest import ARTICLES, FakeEmbedder
from tests.postgres import Server


@dataclass
class Seen:
    """A span, and what is a part of it."""

    name: str = "all"
    parts: "list[Seen]" = field(default_factory=list)
    facts: dict[str, str | int | float] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    over: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def child(self, name: str, kind: Kind = "internal", *, parent: str = "") -> Span:
        self.parts.append(Seen(name))
        return self.parts[-1]

    def note(self, facts: Mapping[str, str | int | float]) -> None:
        self.facts |= facts

    def spent(self, what: str, seconds: float) -> None:
        assert seconds >= 0
        self.calls.append(what)

    def end(self, name: str = "") -> None:
        assert not self.over
        self.over = True

    @property
    def tree(self) -> str:
        return self.name + ("" if self.over else "…") + "".join(f"({one.tree})" for one in self.parts)


@pytest.fixture
def seen() -> Iterator[Seen]:
    made = Seen()
    with tracing.under(made):
        yield made


def test_a_step_within_a_step_is_a_part_of_it_and_what_comes_after_is_none(seen: Seen) -> None:
    with tracing.step("one"):
        with tracing.step("two"):
            assert seen.tree == "all…(one…(two…))"
        with tracing.spent("database"):
            pass
    with tracing.step("three"):
        pass
    assert seen.tree == "all…(one(two))(three)"
    assert seen.parts[0].calls == ["database"] and tracing.current() is seen


def test_of_an_error_its_class_is_noted_and_not_what_it_says(seen: Seen) -> None:
    with pytest.raises(ValueError, match="text"), tracing.step("one"):
        raise ValueError("text")
    assert seen.tree == "all…(one)" and seen.parts[0].facts == {"error.type": "ValueError"}


def written() -> Iterator[int]:
    with tracing.step("write"):
        for number in range(3):
            with tracing.step(f"part {number}"):
                pass
            yield number


def test_a_generator_that_is_closed_has_ended_its_step_and_is_no_error(seen: Seen) -> None:
    pieces = written()
    assert next(pieces) == 0
    pieces.close()  # type: ignore[attr-defined]
    assert seen.tree == "all…(write(part 0))" and tracing.current() is seen
    assert seen.parts[0].facts == {}


def test_what_is_done_between_two_pieces_is_no_part_of_what_makes_them(seen: Seen) -> None:
    def pieces() -> Iterator[str]:
        with tracing.step("call"):
            yield "a"
            yield "b"

    made = Seen("model")
    for piece in tracing.made_within(made, pieces()):
        with tracing.step(f"judged {piece}"):
            pass
    assert made.tree == "model…(call)"
    assert seen.tree == "all…(judged a)(judged b)"


def test_pieces_that_are_wanted_no_longer_are_closed_within_what_made_them() -> None:
    made = Seen("model")
    pieces = tracing.made_within(made, written())
    with tracing.under(made):
        next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert made.tree == "model…(write(part 0))"


def test_another_thread_has_no_part_in_it_unless_it_is_told_so(seen: Seen) -> None:
    def work(span: Span) -> None:
        with tracing.under(span), tracing.step("elsewhere"):
            pass

    found: list[Span] = []
    for run in (lambda: found.append(tracing.current()), lambda: work(seen)):
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    assert found == [NOBODY] and seen.tree == "all…(elsewhere)"


def test_where_nobody_traces_nothing_is_kept() -> None:
    assert tracing.current() is NOBODY
    with tracing.step("one") as span, tracing.spent("database"):
        span.note({"a": 1})
        assert span is NOBODY is span.child("two") and not span.headers
    assert list(tracing.made_within(NOBODY, iter("ab"))) == ["a", "b"]


@pytest.mark.slow
def test_a_search_in_chroma_is_counted_where_it_was_made(seen: Seen, tmp_path: Path, embedder: FakeEmbedder) -> None:
    with Library(tmp_path, embedder=embedder, search=SearchOptions(exact_below=0, chroma_from=0)) as library:
        library.add(ARTICLES)
        seen.calls.clear()
        with tracing.step("retrieve"):
            assert library.search("bridge repairs")
    assert seen.parts[0].calls == ["chroma"]


@pytest.mark.slow
def test_what_a_database_is_asked_is_counted_where_it_was_asked(
    seen: Seen, tmp_path: Path, embedder: FakeEmbedder, postgresql: Server
) -> None:
    settings = IndexSettings(catalogue_url=postgresql.new())
    with Library(tmp_path, embedder=embedder, settings=settings) as library:
        library.add(ARTICLES)
        with tracing.step("retrieve"):
            assert library.search("bridge repairs")
    assert set(seen.parts[-1].calls) == {"database"}
