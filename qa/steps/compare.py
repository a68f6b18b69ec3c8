"""Where the evidence's articles say different things about what was asked.

What the answer cites is first held against the evidence of other articles by the exact judge, which needs no model.
Else each article's best sentences are read on their own: does this article answer the question, and what does it say in
a few words? Code compares these short answers: numbers by value, other words by stems. Only what code finds different
is shown, as each article's own sentence, attributed and dated.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from onrecord.index.text.quantities import Quantity, same_quantity, share_quantity
from onrecord.index.text.words import Words, plain, words_of
from onrecord.index.types import day_of
from onrecord.qa.judges.differs import ExactJudge, Statement
from onrecord.qa.judges.injection import usable
from onrecord.qa.steps import prompts
from onrecord.qa.steps.check import logit, not_stated_share
from onrecord.qa.steps.cite import citations_of, numbered, quoted
from onrecord.qa.steps.question_type import names_subject, offered, question_stems, topic, wants
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.trace import Model
from onrecord.qa.steps.values import Found, Part, Written
from onrecord.qa.types import AnswerSentence, Citation, Disagreement, Evidence

MOST_READ = 6  # articles that are read on their own
TOGETHER = 4  # sentences of an article that are read together
NEAR = 0.6  # an article whose best sentence scores less than this share of the best one's is not read
ABOUT = 0.4  # the share of the question's words that an article's sentences must hold to be read
DAYS_APART = 21  # articles further apart tell of other events, or of how things went on
ALIKE = 0.7  # sentences that share this much of the shorter one's words say the same
SILENT = 0.5  # "not stated" at least this likely: the article does not answer
SURE = 0.2  # an article that is silent less likely than this answers, however much surer another is
BEHIND = 1.0  # or this much likelier, in log-odds, than in the article that answers best
_JUDGE = ExactJudge()
_OFFICE = re.compile(r"\b(?:post|position|office|title|role|job)\b", re.IGNORECASE)
_AGO = re.compile(r"\b(?:years?|months|decades?) (?:ago|earlier|before)\b|\blast (?:year|season)\b", re.IGNORECASE)


def compare(
    part: Part, found: Found, written: Written, cited: Sequence[Citation], tools: Tools
) -> tuple[Disagreement, ...]:
    """What each article says where more than one answers and they differ. ``cited``: all that the answer cites."""
    if not (tools.settings.compare_sources and written.sentences):
        return ()
    with tools.trace.timed("disagree"):
        judged = _judged(part.text, found.evidence, cited)
        if judged or tools.model is None or not names_subject(part.text):
            return judged
        readings = _readings(part.text, found.evidence, written.sentences, tools.model)
        return _disagreements(part.text, readings, " ".join(s.text for s in written.sentences), cited)


def _judged(question: str, evidence: Sequence[Evidence], cited: Sequence[Citation]) -> tuple[Disagreement, ...]:
    """What the answer cites beside evidence of another article that cannot both be so, as the exact judge has it."""
    places = {citation.place for citation in cited}
    placed = [(item, item.place) for item in evidence]
    for (one, here), (other, there) in combinations(placed, 2):
        apart = here[0] != there[0] and there[0] not in one.also_in
        if not (apart and places & {here, there} and _same_time(one.published, other.published)):
            continue
        finding = _JUDGE.differs(_statement(one), _statement(other))
        if finding and (finding.kind != "post" or _OFFICE.search(question)):
            shown: list[AnswerSentence] = []
            for item in sorted((one, other), key=lambda e: (not e.published, e.published)):
                shown.append(numbered(quoted(item), citations_of(shown, cited)))
            return (Disagreement(about=question.rstrip("?"), positions=tuple(shown)),)
    return ()


def _statement(item: Evidence) -> Statement:
    return Statement(item.sentence.text, item.title, item.published)


def _readings(
    question: str, evidence: Sequence[Evidence], sentences: Sequence[AnswerSentence], model: Model
) -> list["ArticleReading"]:
    """What each article that answers says; empty where fewer than two do, or where the model does not tell."""

    def task(excerpt: Excerpt, task: str) -> list[Mapping[str, str]]:
        return prompts.about_text(question, excerpt.text, task)

    def say(excerpt: Excerpt) -> str:
        return "".join(model.generate(task(excerpt, prompts.PHRASE), max_tokens=20))

    places = {(c.sentence.article_id, c.sentence.index) for c in citations_of(sentences)}
    cited = frozenset(e.number for e in evidence if (e.sentence.article_id, e.sentence.index) in places)
    readings = []
    for excerpt in contenders(question, evidence, cited):
        silence = not_stated_share(model.first_tokens(task(excerpt, prompts.SHORT_OR_NOT)))
        if silence is None:
            return []  # nobody can say which articles answer
        readings.append(ArticleReading(excerpt, silence))
    surest = answering(readings)
    return positions(question, surest, say) if len(surest) > 1 else []


def _disagreements(
    question: str, readings: Sequence["ArticleReading"], answer: str, cited: Sequence[Citation]
) -> tuple[Disagreement, ...]:
    """The readings as positions, where they differ and one of them is the answer's own."""
    grouped = groups(question, readings)
    if len(grouped) < 2 or not any(agrees_with_answer(question, reading, answer) for reading in readings):
        return ()
    shown: list[AnswerSentence] = []
    for reading in by_date([min(group, key=lambda reading: reading.silence) for group in grouped]):
        shown.append(numbered(quoted(reading.evidence), citations_of(shown, cited)))
    return (Disagreement(about=question.rstrip("?"), positions=tuple(shown)),)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The best sentences of one article, in reading order; ``cited``: which of them the answer cites."""

    sentences: tuple[Evidence, ...]
    cited: frozenset[int] = frozenset()  # numbers of evidence

    @property
    def best(self) -> Evidence:
        return max(self.sentences, key=lambda e: e.score)

    @property
    def text(self) -> str:
        return " ".join(e.sentence.text for e in self.sentences)


@dataclass(frozen=True, slots=True)
class ArticleReading:
    """One excerpt read on its own. ``silence``: the probability that it does not answer; ``said``: its few words;
    ``saying``: the sentence that they are made of.
    """

    excerpt: Excerpt
    silence: float
    said: str = ""
    saying: Evidence | None = None

    @property
    def evidence(self) -> Evidence:
        """The sentence that says it; the best one while nothing was said."""
        return self.saying or self.excerpt.best


def contenders(question: str, evidence: Sequence[Evidence], cited: frozenset[int] = frozenset()) -> list[Excerpt]:
    """An excerpt of each article that may answer by itself, best first; copies count once. Empty where only one
    article may. ``cited``: numbers of the evidence that the answer cites, which is in its article's excerpt.
    """
    wanted = wants(question)
    number_asked = wanted.number or wanted.day
    titles = usable({item.title for item in evidence})
    by_article: dict[str, list[Evidence]] = {}
    for item in sorted(evidence, key=lambda e: -e.score):
        by_article.setdefault(item.sentence.article_id, []).append(item)
    kept: list[Excerpt] = []
    covered: set[str] = set()
    for article_id, items in by_article.items():
        kept_first = sorted(items, key=lambda e: e.number not in cited)[:TOGETHER]
        excerpt = Excerpt(tuple(sorted(kept_first, key=lambda e: e.sentence.index)), cited)
        first = kept[0].best if kept else excerpt.best
        if article_id in covered or excerpt.best.score < NEAR * first.score:
            continue
        if not (
            _is_about(question, excerpt, titles[excerpt.best.title])
            and _same_time(excerpt.best.published, first.published)
        ):
            continue
        if number_asked and not wanted.met_by(words_of(excerpt.text)):
            continue
        covered |= set(excerpt.best.also_in)
        kept.append(excerpt)
    return kept[:MOST_READ] if len(kept) > 1 else []


def _is_about(question: str, excerpt: Excerpt, title: str) -> bool:
    """Whether sentences, with their title, hold enough of the question's words to be about the same thing."""
    asked = topic(question)
    return len(asked & words_of(f"{title}. {excerpt.text}").stems) >= ABOUT * len(asked)


def _same_time(one: str, other: str) -> bool:
    """Whether two articles may report on one event; undated ones may."""
    first, second = day_of(one), day_of(other)
    return first is None or second is None or abs((first - second).days) <= DAYS_APART


def answering(readings: Sequence[ArticleReading]) -> list[ArticleReading]:
    """The readings that answer, surest first."""
    ranked = sorted(readings, key=lambda reading: reading.silence)
    best = ranked[0].silence if ranked else 0.0
    return [
        reading
        for reading in ranked
        if reading.silence < SURE or (reading.silence < SILENT and logit(reading.silence) - logit(best) <= BEHIND)
    ]


def positions(question: str, readings: Sequence[ArticleReading], say: Callable[[Excerpt], str]) -> list[ArticleReading]:
    """What each answering reading says. ``say`` gives a few words, kept only if they are one sentence's own, of the
    time that is asked about, and more than the question's.
    """
    found = []
    for reading in readings:
        said = " ".join(say(reading.excerpt).split()).strip(" .\"“”'")
        saying = _saying(question, said, reading.excerpt) if said else None
        if saying and any(_answer(question, said)):
            found.append(ArticleReading(reading.excerpt, reading.silence, said, saying))
    return [reading for reading in found if not _of_another_time(question, reading.evidence)]


def _of_another_time(question: str, item: Evidence) -> bool:
    """Whether a sentence looks back: "Four years ago", "in 2016" in an article of 2024, unless that is asked for."""
    if wants(question).day:
        return False
    if _AGO.search(item.sentence.text) and not _AGO.search(question):
        return True
    years = {str(day.year) for day in words_of(item.sentence.text).days if day.year}
    asked = {str(day.year) for day in words_of(question).days}
    return bool(years and item.published) and not years & (asked | {item.published[:4]})


def _saying(question: str, said: str, excerpt: Excerpt) -> Evidence | None:
    """The sentence of an excerpt that a short answer is made of, a cited one before others; None where there is none.

    Where the question offers the answer among others ("rebels or soldiers?"), an article may word it otherwise: then it
    is the sentence that holds most of the answer, and most of what is asked.
    """
    holding = [e for e in excerpt.sentences if _made_of(said, e.sentence.text)]
    if holding:
        return max(holding, key=lambda e: (e.number in excerpt.cited, e.score))
    words, asked = words_of(said).content, question_stems(question)
    if not words or not words <= offered(question):
        return None

    def shared(item: Evidence) -> int:
        return len((words | asked) & words_of(item.sentence.text).stems)

    best = max(excerpt.sentences, key=lambda e: (e.number in excerpt.cited, shared(e), e.score))
    return best if shared(best) else None


def _made_of(said: str, sentence: str) -> bool:
    """Whether a short answer is made of the sentence's own words: otherwise it is the model's, and is dropped."""
    words, source = words_of(said), words_of(sentence)
    if not words.content and not words.quantities:
        return plain(said) in plain(sentence)
    numbers = all(any(same_quantity(q, s) for s in source.quantities) for q in words.quantities)
    return numbers and len(words.content & source.stems) >= 0.6 * len(words.content)


def _answer(question: str, said: str) -> tuple[frozenset[str], tuple[Quantity, ...]]:
    """What a short answer adds to the question: content words, and numbers."""
    words = words_of(said)
    return words.content - question_stems(question), words.quantities


def agrees_with_answer(question: str, reading: ArticleReading, answer: str) -> bool:
    """Whether the answer that was written says what this text says.

    Articles whose every text says something else than the answer tell of something else: a semi-final, a place-holder.
    """
    content, counts = _answer(question, reading.said)
    words = words_of(answer)
    if counts:
        return share_quantity(counts, words.quantities)
    return len(content & words.stems) >= 0.5 * len(content)


def same_answer(question: str, one: str, other: str) -> bool:
    """Whether two short answers to a question agree: equal in value where it asks for a number, else in words.

    >>> same_answer("How many?", "5,000 fighters", "five thousand"), same_answer("How many?", "5,000", "15,000")
    (True, False)
    """
    first, second = words_of(one), words_of(other)
    if (wants(question).number or wants(question).day) and first.quantities and second.quantities:
        return share_quantity(first.quantities, second.quantities)
    if plain(one) in plain(other) or plain(other) in plain(one):
        return True
    return _overlap(first, second, question_stems(question)) >= 0.5


def _agree(question: str, one: ArticleReading, other: ArticleReading) -> bool:
    first, second = words_of(one.evidence.sentence.text), words_of(other.evidence.sentence.text)
    same_numbers = {q.value for q in first.quantities} == {q.value for q in second.quantities}
    if same_numbers and _overlap(first, second, frozenset()) >= ALIKE:
        return True
    return same_answer(question, one.said, other.said)


def _overlap(one: Words, other: Words, asked: frozenset[str]) -> float:
    """Shared content words over those of the shorter answer, without the question's own."""
    first, second = (one.content - asked) or one.content, (other.content - asked) or other.content
    shorter = min(len(first), len(second))
    return len(first & second) / shorter if shorter else 0.0


def groups(question: str, found: Sequence[ArticleReading]) -> list[list[ArticleReading]]:
    """Readings that say the same together, the largest group first, then the surest."""
    together: list[list[ArticleReading]] = []
    for position in found:
        home = next((g for g in together if any(_agree(question, position, p) for p in g)), None)
        if home is None:
            together.append([position])
        else:
            home.append(position)
    return sorted(together, key=lambda g: (-len(g), min(p.silence for p in g)))


def by_date(found: Sequence[ArticleReading]) -> list[ArticleReading]:
    """Earlier articles first; undated ones last, in the order they came."""
    return sorted(found, key=lambda p: (not p.evidence.published, p.evidence.published))
