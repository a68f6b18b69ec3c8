"""What else a briefing shows: what happened when, who says what, where the articles differ, what they leave open."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from onrecord.index import Sentence
from onrecord.index.text.quantities import days
from onrecord.index.types import ArticleInfo, Filter
from onrecord.qa.briefing.choose import stands_alone
from onrecord.qa.differences.finder import Differences
from onrecord.qa.differences.values import Difference
from onrecord.qa.people.index import statements_of
from onrecord.qa.people.statements import resolved
from onrecord.qa.steps.sources import Sources

MOST_DATED, MOST_UNKNOWN, MOST_SPEAKERS, MOST_OF_ONE, MOST_DISPUTED = 10, 8, 8, 2, 6
_EACH = 400  # sentences that are compared for each part; of many articles the first ones of each

_NOT = r"(?:n[o’']t|not) (?:yet |immediately |been |immediately been |publicly |independently )*"
_OPEN = r"(?:clear|known|disclosed|released|determined|confirmed|identified|announced|verified|established|made public)"
_UNKNOWN = re.compile(
    r"\b(?:is|are|was|were|has|have|been|be|remains?|it[’']s)(?: still| also| largely)? "
    rf"(?:{_NOT}{_OPEN}|un(?:clear|known))\b|"
    rf"\b(?:is|are|was|were|has|have)n[’']t (?:yet |immediately |been )*{_OPEN}\b|"
    r"\bd(?:id|o|oes)(?: not|n[’']t) (?:immediately )?"
    r"(?:disclose|specify|elaborate|identify|say (?:how|why|when|where|who|what|which|whether|if))\b|"
    r"\bdeclined to (?:comment|say|give|specify|elaborate|identify)\b|"
    r"\bno (?:immediate |further )?(?:word|details|information|explanation) (?:on|about|as to|of|was|were)\b|"
    r"\b(?:could|can)(?:not| not|n[’']t) (?:be )?(?:independently )?(?:verif(?:y|ied)|confirm(?:ed)?|determined?)\b|"
    r"\bremains? (?:a mystery|unexplained|to be seen|open)\b",
    re.IGNORECASE,
)


_IT_IS = re.compile(
    r"it (?:is|was|has|remains?|remained)\b(?=.* (?:who|what|why|when|where|how|whether|if|which)\b)", re.IGNORECASE
)
# A day without a year is taken as one before the article: not where the sentence looks ahead.
_AHEAD = re.compile(
    r"\b(?:will|would|shall|won[’']t|may|could|next|until|till|by|later than|before|starting|beginning|upcoming|"
    r"scheduled|set to|expected|due|plans?|planned|to be)\b",
    re.IGNORECASE,
)


def dated(infos: Sequence[ArticleInfo], sources: Sources) -> dict[Sentence, str]:
    """Sentences that can be read alone and name a day, with it."""

    def day_of(sentence: Sentence, info: ArticleInfo) -> str:
        ahead = bool(_AHEAD.search(sentence.text))
        found = (resolved(day, info.published) for day in days(sentence.text) if day.year or not ahead)
        return next((day for day in found if len(day) == 10), "")

    return _each(infos, sources, day_of)


def unknown(infos: Sequence[ArticleInfo], sources: Sources) -> dict[Sentence, str]:
    """Sentences that can be read alone in which an article says that something is not known, with these words.

    >>> bool(_UNKNOWN.search("It was not immediately clear who fired.")), bool(_UNKNOWN.search("It was clear."))
    (True, False)
    """

    def words_of(sentence: Sentence, info: ArticleInfo) -> str:
        found = _UNKNOWN.search(sentence.text) if info.language == "en" else None
        return found.group() if found else ""

    return _each(infos, sources, words_of)


def quoted_by(infos: Sequence[ArticleInfo], sources: Sources) -> dict[str, list[Sentence]]:
    """Who is quoted, who most comes first, with the sentences, in the order of the articles.

    Two articles' speakers are one only where the whole name is the same: "Kennedy" may be two.
    """
    by_name: dict[tuple[str, str], dict[str, Sentence]] = {}
    kept = statements_of(sources.library, {info.id for info in infos})
    for info in infos:
        sentences = sources.library.sentences(info.id)
        for found in kept.get(info.id, ()):
            here = sentences[found.index]
            if found.kind == "quoted" and found.speaker and stands_alone(here.text, who=True):
                key = (found.speaker, "" if " " in found.speaker else info.id)
                by_name.setdefault(key, {}).setdefault(here.text, here)
    most = sorted(by_name, key=lambda key: -len(by_name[key]))
    own = {name: key for key in reversed(most) for name in key[:1]}  # of two of one name, who says more
    ranked = [key for key in most if own[key[0]] == key][:MOST_SPEAKERS]
    return {key[0]: list(by_name[key].values())[:MOST_OF_ONE] for key in ranked}


def differing(infos: Sequence[ArticleInfo], sources: Sources) -> tuple[Difference, ...]:
    """Where two of the articles differ, as far as they were compared when they arrived; what disagrees comes first."""
    return Differences(sources.library).shown(Filter(articles=tuple(info.id for info in infos))) if infos else ()


def _each(
    infos: Sequence[ArticleInfo], sources: Sources, told: Callable[[Sentence, ArticleInfo], str]
) -> dict[Sentence, str]:
    most = max(1, _EACH // max(1, len(infos)))

    def of(info: ArticleInfo) -> Iterator[tuple[Sentence, str]]:
        for sentence in sources.library.sentences(info.id):
            # "It is not clear who fired": the pronoun means nothing that stands before it.
            if (said := told(sentence, info)) and stands_alone(sentence.text, who=bool(_IT_IS.match(sentence.text))):
                yield sentence, said

    return {sentence: said for info in infos for sentence, said in islice(of(info), most)}
