"""How well names are found in news: 300 sentences whose names a reader marked, before any model had read them.

Kept are article, place and kind, never the text: whoever has the suites measures anew.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onrecord.eval.suites.jsonl import read_jsonl
from onrecord.eval.suites.loading import load_suite
from onrecord.index.errors import InputError
from onrecord.index.text.sentences import split_sentences
from onrecord.index.types import Article, Sentence
from onrecord.qa.names.reading import amounts_in, named_in
from onrecord.qa.names.tagger import tagged
from onrecord.qa.names.values import KINDS, Found, NameKind
from onrecord.qa.people.naming import plain_words
from onrecord.qa.people.statements import statements_in

LABELS = Path(__file__).with_name("labels.jsonl")
Span = tuple[int, int, NameKind]
Finder = Callable[[Article, Sequence[Sentence]], Iterable[Span]]


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence by its place in an article, and the names in it."""

    article: Article
    start: int
    end: int
    names: frozenset[Span]


@dataclass(frozen=True, slots=True)
class Tally:
    """Of one kind: how many are marked, found, and found to the character; how many found overlap one that is marked
    (``touched``), and how many marked are overlapped (``reached``)."""

    marked: int
    found: int
    exact: int
    touched: int
    reached: int

    @property
    def exactly(self) -> tuple[float, float, float]:
        """Precision, recall and F1 to the character."""
        return _rates(self.exact, self.found, self.exact, self.marked)

    @property
    def roughly(self) -> tuple[float, float, float]:
        """Precision, recall and F1 by overlap."""
        return _rates(self.touched, self.found, self.reached, self.marked)


def marked(suites: Iterable[Path], labels: Path = LABELS) -> tuple[Marked, ...]:
    """The marked sentences of these suites; raises `InputError` where a suite is not the one that was marked."""
    loaded = [load_suite(folder) for folder in suites]
    articles = {suite.name: {one.id: one for one in suite.articles} for suite in loaded}
    found = []
    for row in read_jsonl(labels):
        name, data = row.text("suite"), row.data
        if name not in articles:
            continue
        article = articles[name].get(row.text("article"))
        if article is None or data["end"] > len(article.text):
            raise row.fail(f"this article is not in the suite {name} that was given")
        names = frozenset(_plain(article.text, start, end, kind) for start, end, kind in data["names"])
        found.append(Marked(article, data["start"], data["end"], names))
    if not found:
        raise InputError(f"No sentence of these suites is marked; give {' or '.join(sorted(_suites(labels)))}.")
    return tuple(found)


def _suites(labels: Path) -> set[str]:
    return {row.text("suite") for row in read_jsonl(labels)}


def index_names(article: Article, sentences: Sequence[Sentence]) -> Iterator[Span]:
    """What the index has: the model's tags put right by the whole article, and amounts by rules."""
    return _spans([*named_in(article, sentences, tagged(article.text, sentences)), *amounts_in(sentences)])


def amounts_in_sentences(article: Article, sentences: Sequence[Sentence]) -> Iterator[Span]:
    """The amounts alone, for which no model is needed."""
    return _spans(amounts_in(sentences))


def model_names(article: Article, sentences: Sequence[Sentence]) -> Iterator[Span]:
    """The model's tags as they are."""
    return iter(tagged(article.text, sentences))


def speaker_names(article: Article, sentences: Sequence[Sentence]) -> Iterator[Span]:
    """The people whom the rules for quotations know, without any model, wherever their names stand."""
    speakers = {one.speaker for one in statements_in(article, sentences) if one.speaker}
    forms = {name for one in speakers for name in (one, one.split()[-1])}
    return _spans(_stands(article, sentences, forms))


FINDERS: Mapping[str, Finder] = {"index": index_names, "model alone": model_names, "speakers": speaker_names}


def _stands(article: Article, sentences: Sequence[Sentence], forms: set[str]) -> list[Found]:
    places = [
        (article.text.index(form, sentence.start_char), form)
        for sentence in sentences
        for form in forms
        if form in sentence.text
    ]
    spans = [(start, start + len(form)) for start, form in places if plain_words(form)]
    longest = [one for one in spans if not any(a <= one[0] and one[1] <= b and (a, b) != one for a, b in spans)]
    return [Found("person", "", (), tuple((0, *span) for span in longest))]


def _spans(found: Iterable[Found]) -> Iterator[Span]:
    return ((start, end, one.kind) for one in found for _, start, end in one.places)


def measure(sentences: Iterable[Marked], finder: Finder) -> dict[NameKind, Tally]:
    """By kind; each article is read whole, and what stands in its marked sentence is counted."""
    counts: dict[NameKind, Counter[str]] = defaultdict(Counter)
    for one in sentences:
        everything = finder(one.article, split_sentences(one.article))
        found = {
            _plain(one.article.text, start, end, kind)
            for start, end, kind in everything
            if one.start <= start and end <= one.end
        }
        for span in one.names:
            counts[span[2]] += Counter(marked=1, reached=int(any(_touch(span, other) for other in found)))
        for span in found:
            touched = any(_touch(span, other) for other in one.names)
            counts[span[2]] += Counter(found=1, exact=int(span in one.names), touched=int(touched))
    return {kind: Tally(**{name: counts[kind][name] for name in Tally.__slots__}) for kind in KINDS}


def _touch(one: Span, other: Span) -> bool:
    return one[2] == other[2] and one[0] < other[1] and other[0] < one[1]


def _plain(text: str, start: int, end: int, kind: NameKind) -> Span:
    """Without "the" before it and "'s" behind, which are marked by no rule that two readers share."""
    if text[start : start + 4].lower() == "the ":
        start += 4
    if text[start:end].endswith(("'s", "’s")):
        end -= 2
    return start, end, kind


def _rates(right: int, found: int, reached: int, wanted: int) -> tuple[float, float, float]:
    precision, recall = right / found if found else 0.0, reached / wanted if wanted else 0.0
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0.0
