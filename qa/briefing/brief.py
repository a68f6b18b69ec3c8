"""A selection of articles -> its brief."""

from collections.abc import Sequence
from itertools import islice

import numpy as np

from onrecord.index import Filter, Sentence, Vectors
from onrecord.index.types import ArticleInfo, Hit, Passage
from onrecord.qa.briefing.choose import Candidate, covering, stands_alone
from onrecord.qa.briefing.values import Brief
from onrecord.qa.judges.injection import orders_in, usable
from onrecord.qa.steps.cite import citations_of, numbered
from onrecord.qa.steps.search import settled
from onrecord.qa.steps.sources import Sources
from onrecord.qa.steps.tools import Tools
from onrecord.qa.types import AnswerSentence, Citation

SENTENCES = 5
MOST_READ = 1_500  # sentences that are compared with each other; of many articles the first ones of each


def brief_of(scope: Filter | None, tools: Tools) -> Brief:
    """The brief of the articles in ``scope``, in their own sentences."""
    return settled(lambda: _brief(scope, tools))


def _brief(scope: Filter | None, tools: Tools) -> Brief:
    sources = tools.sources
    infos = sources.library.articles(scope or None)
    ids = {info.id for info in infos}
    once = sources.without_copies(ids, ids)
    read = [info for info in infos if info.id in once]
    days = sorted(info.published[:10] for info in read if info.published)
    with tools.trace.timed("choose"):
        chosen = _chosen(read, sources)
    return Brief(
        about="",
        sentences=_cited(chosen, sources),
        articles=len(read),
        copies=len(infos) - len(read),
        first=days[0] if days else "",
        last=days[-1] if days else "",
        reason="" if chosen else "nothing_found" if sources.library.passage_count else "no_articles",
        model="extractive",
        timings=tools.trace.finished(counted=False),
        index_revision=sources.library.revision,
    )


def _chosen(infos: Sequence[ArticleInfo], sources: Sources) -> list[Sentence]:
    """The sentences, in the order in which their articles were published, and stand in them."""
    candidates = _candidates(infos, sources)
    titles = _titles(infos, sources)
    day = {info.id: (info.published or "9999", at) for at, info in enumerate(infos)}
    while candidates:
        vectors = sources.embed([one.sentence for one in candidates])
        chosen = [candidates[at].sentence for at in covering(candidates, vectors, titles, most=SENTENCES)]
        orders = _orders(chosen, sources)
        if not orders:
            return sorted(chosen, key=lambda one: (day[one.article_id], one.index))
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
    return stands_alone(sentence.text, who=True) and sources.antecedent(sentence) is not None


def _titles(infos: Sequence[ArticleInfo], sources: Sources) -> Vectors:
    """A vector for each title; of length 0 for one that gives orders."""
    said = usable({info.title for info in infos})
    found = sources.embed([Sentence(info.id, -1, 0, 0, info.title) for info in infos])
    return np.where(np.array([[bool(said[info.title])] for info in infos]), found, 0.0)


def _orders(chosen: Sequence[Sentence], sources: Sources) -> set[Sentence]:
    """Those that give orders to whoever reads them, or may give some, or belong to one."""
    hits = [Hit(Passage("", one.article_id, _with_one_before(one, sources)), 0.0, "dense") for one in chosen]
    found = orders_in(hits)
    keys = found.certain | found.suspects
    return {one for one in chosen if (one.article_id, one.index) in keys}


def _with_one_before(sentence: Sentence, sources: Sources) -> tuple[Sentence, ...]:
    return sources.library.sentences(sentence.article_id)[max(0, sentence.index - 1) : sentence.index + 1]


def _cited(sentences: Sequence[Sentence], sources: Sources) -> tuple[AnswerSentence, ...]:
    said: list[AnswerSentence] = []
    for sentence in sentences:
        article, who = sources.library.article(sentence.article_id), sources.antecedent(sentence)
        citation = Citation(
            0,
            sentence,
            article.title,
            article.source,
            article.published,
            article.url,
            sources.library.copies(article.id),
            who=who.name if who else "",
            who_at=who.behind if who else 0,
        )
        said.append(numbered(AnswerSentence(sentence.text, (citation,), "supported"), citations_of(said)))
    return tuple(said)
