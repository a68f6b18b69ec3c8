"""A drafted sentence -> the evidence that bears it out, the verdict on it, and what else keeps it from being shown."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from onrecord.index.text.quantities import same_day, same_quantity, share_quantity
from onrecord.index.text.words import Words, plain, stem, words_of
from onrecord.qa.judges.injection import usable
from onrecord.qa.judges.verify import Verifier, only_alleged, verdict
from onrecord.qa.steps.antecedents import pronoun
from onrecord.qa.steps.choose import leans_back
from onrecord.qa.steps.question_type import counted, question_stems, topic
from onrecord.qa.types import AnswerSentence, Citation, Evidence

FLOOR = 0.4  # the share of a sentence's weight that its citations must cover, or it gets none
MOST = 3  # citations of a sentence
GAIN = 0.12  # what a further citation must add
# What a draft cites must hold the first share of the question's words. A sentence that is quoted in place of a draft
# must hold so much of the draft's answer, of the question too, and of both together the second. Whether it answers is
# then read from that sentence alone, so these may be low.
MIN_OVERLAP, MIN_TOTAL = 0.2, 0.6
_THEY = re.compile(r"(?:but |and |so |yet |then )?(?:they|their)\b", re.IGNORECASE)
YES_OR_NO = frozenset({"yes", "no"})
ANYBODY = frozenset(stem(word) for word in "people persons individuals humans lives victims casualties deaths".split())


def _units(claim: Words, evidence: Sequence[Words]) -> dict[str, float]:
    """What the sentence has to find in its evidence, weighted: rare words, names, numbers and quotations count more."""
    holders = {s: sum(s in e.content for e in evidence) for s in claim.content}
    units = {f"w:{s}": 1.0 if count * 2 <= len(evidence) else 0.6 for s, count in holders.items()}
    for name in claim.names:
        units |= {f"w:{s}": 1.5 for s in name if s in claim.content}
    units |= {f"q:{n}": 2.0 for n in range(len(claim.quantities))}
    units |= {f"d:{n}": 1.0 for n in range(len(claim.days))}
    return units | {f"v:{n}": 3.0 for n in range(len(claim.quotes))}


def _covered(claim: Words, evidence: Words, published: str) -> set[str]:
    """Which of the claim's units this evidence holds."""
    has = {f"w:{s}" for s in claim.content & evidence.stems}
    has |= {f"q:{n}" for n, q in enumerate(claim.quantities) if any(same_quantity(q, e) for e in evidence.quantities)}
    stated = (*evidence.days, *words_of(published[:10]).days)
    has |= {f"d:{n}" for n, d in enumerate(claim.days) if evidence.days and same_day(d, stated)}
    text = plain(evidence.text)
    return has | {f"v:{n}" for n, quote in enumerate(claim.quotes) if plain(quote) in text}


def _pairs(words: Words) -> set[tuple[str, str]]:
    stems = [t.stem for t in words.tokens]
    return set(pairwise(stems))


def align(sentence: str, evidence: Sequence[Evidence], *, suggested: Sequence[int] = ()) -> tuple[Evidence, ...]:
    """The smallest set of evidence that covers the sentence's words, names, numbers and quotations; empty if none does.

    ``suggested`` are the numbers that the model wrote: they decide between evidence that covers equally much.
    """
    claim = words_of(sentence)
    found = [words_of(e.sentence.text) for e in evidence]
    units = _units(claim, found)
    total = sum(units.values())
    if not total:
        return ()
    has = [_covered(claim, words, e.published) for words, e in zip(found, evidence, strict=True)]
    pairs = _pairs(claim)
    near = [len(pairs & _pairs(words)) / max(1, len(pairs)) for words in found]
    chosen: list[int] = []
    covered: set[str] = set()
    while len(chosen) < MOST:
        gains = {n: sum(units[u] for u in has[n] - covered) / total for n in range(len(evidence)) if n not in chosen}
        # Order of words breaks near-ties, so that the sentence that was copied wins over one that shares its topic.
        best = max(
            gains, key=lambda n: (gains[n] + 0.3 * near[n] + 0.02 * (evidence[n].number in suggested), -n), default=-1
        )
        if best < 0 or gains[best] < (GAIN if chosen else 1e-9):
            break
        chosen.append(best)
        covered |= has[best]
    for n in list(chosen):  # an early choice may have become idle
        rest = set().union(*(has[m] for m in chosen if m != n))
        if len(chosen) > 1 and covered <= rest:
            chosen.remove(n)
    if sum(units[u] for u in covered) / total < FLOOR:
        return ()
    return tuple(evidence[n] for n in sorted(chosen))


def cite_and_verify(
    text: str, markers: Sequence[int], evidence: Sequence[Evidence], verifier: Verifier
) -> AnswerSentence:
    """One drafted sentence with its verdict and, unless unsupported, its citations, the most telling one first."""
    aligned = align(text, evidence, suggested=markers)
    if not aligned:
        return AnswerSentence(text, (), "unsupported")
    aligned = _main_first(text, aligned)
    aligned = with_antecedents(text, aligned, evidence)
    sources = [item.sentence.text for item in aligned]
    if only_alleged(text, sources):
        # The article attributes what the draft states as fact: let the article speak.
        return quoted(aligned[0], evidence)
    judged = verdict(verifier.verify(text, sources, context=surroundings(aligned, evidence)))
    citations = () if judged == "unsupported" else tuple(item.cite() for item in aligned)
    return AnswerSentence(text, citations, judged)


def numbered(sentence: AnswerSentence, cited: Sequence[Citation]) -> AnswerSentence:
    """The sentence with its citations in order of their numbers in the answer.

    What ``cited`` holds already keeps its number; the rest goes on from there, in the order in which it is cited.
    """
    known = {citation.place: citation for citation in cited}
    for citation in sentence.citations:
        known.setdefault(citation.place, replace(citation, number=len(known) + 1))
    citations = {known[citation.place] for citation in sentence.citations}
    return replace(sentence, citations=tuple(sorted(citations, key=lambda citation: citation.number)))


def citations_of(sentences: Sequence[AnswerSentence], before: Sequence[Citation] = ()) -> tuple[Citation, ...]:
    """The citations ``before`` and those of the sentences."""
    return (*before, *(citation for sentence in sentences for citation in sentence.citations))


def _main_first(text: str, aligned: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What holds the draft's number comes first, then what shares most of its words."""
    claim = words_of(text)

    def worth(item: Evidence) -> tuple[bool, int]:
        words = words_of(item.sentence.text)
        return share_quantity(claim.quantities, words.quantities), len(claim.content & words.stems)

    return tuple(sorted(aligned, key=worth, reverse=True))


def with_antecedents(text: str, aligned: tuple[Evidence, ...], evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Evidence that opens with "He" does not say who: where the draft names him, the sentence that does is added."""
    named = {stem for name in words_of(text).names for stem in name}
    missing = named - {stem for item in aligned for stem in words_of(item.sentence.text).stems}
    added = []
    for item in aligned:
        if not missing or not leans_back(item.sentence.text):
            continue
        before = [
            e
            for e in evidence
            if e.sentence.article_id == item.sentence.article_id
            and item.sentence.index - 2 <= e.sentence.index < item.sentence.index
            and missing & words_of(e.sentence.text).stems
        ]
        if before:
            added.append(max(before, key=lambda e: e.sentence.index))
            missing -= words_of(added[-1].sentence.text).stems
    return (*aligned, *(item for item in added if item not in aligned))


def surroundings(aligned: Sequence[Evidence], evidence: Sequence[Evidence]) -> list[str]:
    """What names and dates may come from: titles, sources, dates, and the sentences just before in the same article."""
    said = usable({fact for item in aligned for fact in (item.title, item.source)})
    facts = [fact for item in aligned for fact in (said[item.title], said[item.source], item.published[:10]) if fact]
    near = {(item.sentence.article_id, item.sentence.index - step) for item in aligned for step in (1, 2)}
    return facts + [e.sentence.text for e in evidence if (e.sentence.article_id, e.sentence.index) in near]


def quoted(item: Evidence, evidence: Sequence[Evidence] = ()) -> AnswerSentence:
    """An evidence sentence as a sentence of the answer, word for word.

    Where nothing says whom its "he", "she" or "they" means, the sentence before it is cited too, if it is evidence.
    """
    before = (item.sentence.article_id, item.sentence.index - 1)
    open_who = not item.who and (_THEY.match(item.sentence.text) or pronoun(item.sentence.text))
    lead_in = [e for e in evidence if open_who and (e.sentence.article_id, e.sentence.index) == before]
    return AnswerSentence(item.sentence.text, tuple(one.cite() for one in (item, *lead_in)), "supported")


def likely_source(question: str, text: str, evidence: Sequence[Evidence]) -> Evidence | None:
    """The evidence that a failed draft most likely drew its answer from; None where none is about both.

    What counts is what the draft adds to the question, its answer: a sentence that holds none of it is not what was
    meant, and one that holds little of the question is about something else. "Yes" adds nothing to look for.
    """
    asked, said = topic(question), words_of(text).content
    answer = said - question_stems(question) - YES_OR_NO
    titles = usable({item.title for item in evidence})
    best, most = None, 0.0
    for item in evidence:
        stems = words_of(item.sentence.text).stems | words_of(titles[item.title]).stems
        says = len(answer & words_of(item.sentence.text).stems) / len(answer) if answer else MIN_OVERLAP
        about = len(asked & stems) / max(1, len(asked))
        near = min(says, about) >= MIN_OVERLAP and says + about >= MIN_TOTAL
        if near and says + about > most:
            best, most = item, says + about
    return best


def sources_cover_answer(question: str, sentence: AnswerSentence) -> bool:
    """Whether a sentence's sources hold something of the question, and something of what it adds to it, its answer.

    Overlap with the question's own words alone is no support: "SpaceX launched six tourists" shares all but the answer
    with a sentence about Blue Origin. Nor is the answer alone: a name, copied, is found in sentences about anything.
    """
    claim, asked = words_of(sentence.text), topic(question)
    answer = claim.content - question_stems(question)
    titles = usable({citation.title for citation in sentence.citations})
    cited = [words_of(f"{titles[one.title]}. {one.sentence.text}") for one in sentence.citations]
    about = asked & frozenset().union(*(words.stems for words in cited))
    if len(about) < MIN_OVERLAP * len(asked):
        return False
    counts = [q for words in cited for q in words.quantities]
    return not answer or any(answer & words.stems for words in cited) or share_quantity(claim.quantities, counts)


def counts_another(question: str, text: str, evidence: Sequence[Evidence]) -> Evidence | None:
    """Evidence that counts what the question counts, where the draft counts another thing ("fighters").

    A question about people is answered by whoever they were: civilians, soldiers.
    """
    noun, said = counted(question), words_of(text)
    named = any(token.content and token.text[0].isalpha() for token in said.tokens)  # "5,000." counts nothing else
    if not noun or noun in ANYBODY | said.stems or not said.quantities or not named:
        return None
    holding = [e for e in evidence if noun in words_of(e.sentence.text).stems and words_of(e.sentence.text).quantities]
    return max(holding, key=lambda e: e.score, default=None)


def repeats(text: str, earlier: Sequence[AnswerSentence]) -> bool:
    """Whether a sentence says nothing that an earlier one did not."""
    return any(plain(text) in plain(sentence.text) for sentence in earlier)
