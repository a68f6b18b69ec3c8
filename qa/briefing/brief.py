"""A selection of articles -> its brief, chosen by program; worded by the model where it is wished and holds."""

import re
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from onrecord.index import Sentence, Vectors
from onrecord.index.text.words import words_of
from onrecord.index.types import ArticleInfo, Hit, Passage, day_of
from onrecord.qa.briefing.asked import Wish
from onrecord.qa.briefing.choose import Candidate, covering, stands_alone
from onrecord.qa.briefing.parts import MOST_DATED, MOST_DISPUTED, MOST_UNKNOWN, dated, differing, quoted_by, unknown
from onrecord.qa.briefing.values import Brief, Dated, Said
from onrecord.qa.differences.told import about
from onrecord.qa.judges.injection import orders_in, usable
from onrecord.qa.steps import prompts
from onrecord.qa.steps.cite import citations_of, cite_and_verify, numbered, quoted
from onrecord.qa.steps.search import settled
from onrecord.qa.steps.sources import Sources
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.write import drafted
from onrecord.qa.types import (
    EXTRACTIVE,
    Answer,
    AnswerSentence,
    AnswerStarted,
    Disagreement,
    Event,
    Evidence,
    EvidenceFound,
    Reason,
    SentenceDone,
    Writing,
)

SENTENCES = 5
MOST_ARTICLES = 300  # that are read; of more, as many, spread evenly over the time
MOST_READ = 600  # sentences that are compared with each other; of many articles the first ones of each
# Of a subject: an article is about it whose best sentence is at least so near to it as this share of the best of all,
# and a subject is in the articles if that has at least the other share of its words.
ABOUT, NAMED = 0.7, 0.75
SPREAD = "Of the {1} articles, {0} that are spread evenly over the time were read."
REPORT = "What is reported?"
WORDED = "Rewrite the sentence above as one short, complete sentence. Do not mention the article."
WORDED_TOKENS = 70
LONG = 20  # words of a sentence that is worth wording: what is shorter is short enough
_ABOUT_ITSELF = re.compile(r"(?:according to )?(?:the|this) (?:article|sentence|report|text)\b", re.IGNORECASE)


def brief_of(wish: Wish, tools: Tools, *, worded: bool, whole: bool = False) -> Generator[Event, None, Brief]:
    """Yields the chosen sentences as evidence, then each sentence as it is done.

    ``worded``: in the model's words, where there is a model; ``whole``: with what happened when, who says what, where
    the articles differ, and what is not known.
    """
    sources = tools.sources
    with tools.trace.timed("choose"):
        infos, chosen, reason = settled(lambda: _found(wish, sources))
        evidence = settled(lambda: _evidence(chosen, sources))
    tools.trace.reached("to_evidence")
    yield EvidenceFound(wish.about, (), evidence)
    said: list[AnswerSentence] = []
    if evidence:
        yield AnswerStarted()
    for item in evidence:
        long = len(item.quote.split()) > LONG
        own = (yield from _worded(item, tools)) if worded and long and tools.model else quoted(item)
        said.append(numbered(own, citations_of(said)))
        yield SentenceDone(said[-1])
    days = sorted(info.published[:10] for info in infos if day_of(info.published))
    brief = Brief(
        about=wish.about,
        sentences=tuple(said),
        articles=len(infos),
        copies=_copies(wish, infos, sources),
        first=days[0] if days else "",
        last=days[-1] if days else "",
        reason=reason,
        warnings=wish.notes,
        model=tools.model.name if worded and tools.model else EXTRACTIVE,
        index_revision=sources.library.revision,
    )
    if whole:
        read = _spread(infos)
        with tools.trace.timed("parts"):
            brief = settled(lambda: _with_parts(brief, read, sources))
    if len(infos) > MOST_ARTICLES:
        brief = replace(brief, warnings=(*brief.warnings, SPREAD.format(f"{MOST_ARTICLES:,}", f"{len(infos):,}")))
    return replace(brief, timings=tools.trace.finished(counted=tools.model is not None))


def _copies(wish: Wish, infos: Sequence[ArticleInfo], sources: Sources) -> int:
    """How many further articles of the selection are copies of these."""
    ids = {info.id for info in infos}
    copies = {one for info in infos for one in sources.library.copies(info.id)} - ids
    return len(copies & {info.id for info in sources.library.articles(wish.scope or None)}) if copies else 0


def _spread(infos: Sequence[ArticleInfo]) -> list[ArticleInfo]:
    """All, or as many as are read, spread evenly over the time."""
    if len(infos) <= MOST_ARTICLES:
        return list(infos)
    by_day = sorted(infos, key=lambda info: info.published or "9999")
    return [by_day[at * len(infos) // MOST_ARTICLES] for at in range(MOST_ARTICLES)]


def _with_parts(brief: Brief, infos: Sequence[ArticleInfo], sources: Sources) -> Brief:
    when, open_, who = dated(infos, sources), unknown(infos, sources), quoted_by(infos, sources)
    spoken = [sentence for own in who.values() for sentence in own]
    refused = _orders(spoken, sources)
    titles = _titles(infos, sources) if infos else np.zeros((0, 0), dtype=np.float32)
    number = {info.id: at for at, info in enumerate(infos)}

    def best(sentences: Iterable[Sentence], most: int) -> list[Sentence]:
        found = [Candidate(one, number[one.article_id], one.index) for one in sentences]
        return _covered(found, titles, None, sources, most=most)

    shown = list(brief.sentences)

    def line(sentence: Sentence) -> AnswerSentence:
        (item,) = _evidence([sentence], sources)
        shown.append(numbered(quoted(item), citations_of(shown)))
        return shown[-1]

    happened = tuple(Dated(when[one], line(one)) for one in sorted(best(when, MOST_DATED), key=lambda one: when[one]))
    said = tuple(
        Said(name, tuple(line(one) for one in own if one not in refused))
        for name, own in who.items()
        if any(one not in refused for one in own)
    )
    disputed = tuple(
        Disagreement(about(one), tuple(line(side.sentence) for side in one.sides))
        for one in islice(differing(infos, sources), MOST_DISPUTED)
    )
    unclear = tuple(line(one) for one in best(open_, MOST_UNKNOWN))
    return replace(brief, happened=happened, said=said, disputed=disputed, unknown=unclear)


def as_answer(brief: Brief, question: str) -> Answer:
    """A brief as the answer to the question that asked for it, with what it was chosen from beside it."""
    return Answer(
        question=question,
        standalone_question=question,
        sentences=brief.sentences,
        status="abstained" if brief.reason else "answered",
        reason=brief.reason,
    )


def _found(wish: Wish, sources: Sources) -> tuple[list[ArticleInfo], list[Sentence], Reason]:
    """The articles that are read, the sentences that are chosen, and why there are none."""
    library = sources.library
    infos = list(library.articles(wish.scope or None))
    if not infos:
        return [], [], "outside_filter" if library.passage_count else "no_articles"
    if wish.about:
        infos = _about(wish, infos, sources)
    else:
        ids = {info.id for info in infos}
        once = sources.without_copies(ids, ids)
        infos = [info for info in infos if info.id in once]
    subject = library.embedder.embed_query(wish.about) if wish.about and not wish.one else None
    chosen = _chosen(infos, subject, sources)
    return (infos, chosen, "") if chosen else ([], [], "nothing_found")


def _about(wish: Wish, infos: Sequence[ArticleInfo], sources: Sources) -> list[ArticleInfo]:
    """The articles about the subject, copies once; none where it is in none."""
    vector = sources.library.embedder.embed_query(wish.about)
    hits = sources.library.search(wish.about, top_k=24, where=wish.scope, query_vector=vector)
    best: dict[str, float] = {}
    texts: dict[str, str] = {}
    for hit in hits:
        key = hit.passage.article_id
        near = sources.nearest(vector, hit.passage.sentences)
        best[key] = max(best.get(key, 0.0), near)
        texts[key] = f"{texts.get(key, '')} {hit.passage.text}"
    by_id = {info.id: info for info in infos}
    asked = words_of(wish.about).content
    for key in list(best):
        words = words_of(f"{by_id[key].title}. {texts[key]}").stems
        if len(asked & words) < NAMED * len(asked):
            del best[key]
    once = sources.without_copies(best.keys(), best.keys())
    ranked = sorted(once, key=lambda key: -best[key])
    kept = ranked[:1] if wish.one else [key for key in ranked if best[key] >= ABOUT * best[ranked[0]]]
    return [by_id[key] for key in kept]


def _chosen(infos: Sequence[ArticleInfo], subject: Vectors | None, sources: Sources) -> list[Sentence]:
    """The sentences, in the order in which their articles were published, and stand in them."""
    if not infos:
        return []
    read = _spread(infos)
    day = {info.id: (info.published or "9999", at) for at, info in enumerate(read)}
    found = _covered(_candidates(read, sources), _titles(read, sources), subject, sources, most=SENTENCES)
    return sorted(found, key=lambda one: (day[one.article_id], one.index))


def _covered(
    candidates: list[Candidate], titles: Vectors, subject: Vectors | None, sources: Sources, *, most: int
) -> list[Sentence]:
    """Those that cover most, without any that give orders."""
    while candidates:
        vectors = sources.embed([one.sentence for one in candidates])
        about = None if subject is None else np.maximum(vectors @ subject, 0.0)
        places = covering(candidates, vectors, titles, most=most, about=about)
        chosen = [candidates[at].sentence for at in places]
        orders = _orders(chosen, sources)
        if not orders:
            return chosen
        candidates = [one for one in candidates if one.sentence not in orders]
    return []


def _candidates(infos: Sequence[ArticleInfo], sources: Sources) -> list[Candidate]:
    most = max(1, MOST_READ // max(1, len(infos)))
    found: list[Candidate] = []
    for at, info in enumerate(infos):
        alone = (one for one in sources.library.sentences(info.id) if _alone(one, sources))
        found += [Candidate(one, at, place) for place, one in enumerate(islice(alone, most))]
    return found


def _alone(sentence: Sentence, sources: Sources) -> bool:
    if stands_alone(sentence.text):
        return True
    return stands_alone(sentence.text, who=True) and sources.antecedents([sentence])[0] is not None


def _titles(infos: Sequence[ArticleInfo], sources: Sources) -> Vectors:
    """A vector for each title; of length 0 for one that gives orders."""
    said = usable({info.title for info in infos})
    found = sources.embed([Sentence(info.id, -1, 0, 0, info.title) for info in infos])
    return np.where(np.array([[bool(said[info.title])] for info in infos]), found, np.float32(0.0))


def _orders(chosen: Sequence[Sentence], sources: Sources) -> set[Sentence]:
    """Those that give orders to whoever reads them, or may give some, or belong to one."""
    hits = [Hit(Passage("", one.article_id, _with_one_before(one, sources)), 0.0, "dense") for one in chosen]
    found = orders_in(hits)
    keys = found.certain | found.suspects
    return {one for one in chosen if (one.article_id, one.index) in keys}


def _with_one_before(sentence: Sentence, sources: Sources) -> tuple[Sentence, ...]:
    return sources.library.sentences(sentence.article_id)[max(0, sentence.index - 1) : sentence.index + 1]


def _evidence(sentences: Sequence[Sentence], sources: Sources) -> tuple[Evidence, ...]:
    """The sentences as evidence, numbered from 1."""
    found = []
    people = zip(sentences, sources.antecedents(sentences), strict=True)
    for number, (sentence, who) in enumerate(people, start=1):
        article = sources.library.article(sentence.article_id)
        facts = Evidence(number, sentence, article.title, article.source, article.published, article.url)
        facts = replace(facts, also_in=sources.library.copies(article.id))
        found.append(replace(facts, who=who.name, who_at=who.behind) if who else facts)
    return tuple(found)


def _worded(item: Evidence, tools: Tools) -> Generator[Event, None, AnswerSentence]:
    """The model's wording of a sentence if that is shorter and wholly supported by it, else the sentence itself."""
    assert tools.model is not None
    prompt = prompts.about(REPORT, prompts.evidence_text([item]), WORDED)
    with tools.trace.timed("write"):
        for marked in drafted(tools.model, prompt, max_tokens=WORDED_TOKENS):
            if marked is None:
                yield Writing()
                continue
            done = cite_and_verify(marked[0], (), [item], tools.verifier)
            shorter = len(done.text.split()) < len(item.quote.split()) and not _ABOUT_ITSELF.match(done.text)
            return done if shorter and done.verdict == "supported" else quoted(item)
    return quoted(item)
