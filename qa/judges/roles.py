"""Who does what, and who says what, where a name stands right before a verb: no reading is needed to compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from onrecord.index.text.words import LONG_NAMES, NATIONS, REPORTING, Token, Words

_SAID = 0.5  # the share of what is said that a sentence must hold to be the one that says it
_LEAST_SAID = 2  # content words of what is said, below which nothing is concluded
_SAME_OBJECT = 0.6  # the share of them that makes it the same action
_OBJECT = 6  # content words after a verb that say what is done
_NOUN_FOLLOWS = frozenset("the a an this that its his her their of for in on by from at with".split())
_BE = frozenset("is are was were be been being".split())
_AUXILIARIES = _BE | frozenset("has have had will would can could may might should also later then never not".split())
_CLAUSE_JOINTS = frozenset("and but while whereas who which that because after before when as".split())
_REACH = 9  # words between a verb and who does it, or to whom
_MARKS = ",;:—–()"


def _passive_at(words: Words, verb: int) -> bool:
    """Whether the verb is followed by "by" so soon that it may be a passive."""
    return any(t.text.lower() == "by" for t in words.tokens[verb + 1 : verb + 4])


def _is_noun(words: Words, at: int) -> bool:
    """Whether the word is no verb: "for construction", "a display of"."""
    text = words.tokens[at].text
    before = words.tokens[at - 1].text.lower() if at else ""
    after = words.tokens[at + 1].text.lower() if at + 1 < len(words.tokens) else ""
    return (before in _NOUN_FOLLOWS and not text.endswith("ing")) or (after == "of" and not text.endswith("ed"))


def _has_subject(words: Words, at: int) -> bool:
    """Whether what stands before a verb may be who does it: not in "required schools to display a poster"."""
    return not _is_noun(words, at) and (at == 0 or words.tokens[at - 1].text.lower() != "to")


@dataclass(frozen=True, slots=True)
class Action:
    """Who did what to whom, where a name stands right before the verb; ``before`` has also who is named beside it."""

    at: int  # the verb's place
    subject: frozenset[str]
    verb: str
    passive: bool
    object: frozenset[str]
    before: frozenset[str]


def _proper_stems(texts: Sequence[Words]) -> frozenset[str]:
    """Stems of names; a word that opens a sentence is one if it is one elsewhere, or a country."""
    return NATIONS.union(*(name for words in texts for name in words.names))


def actions(words: Words, proper: frozenset[str]) -> list[Action]:
    found = []
    for at, token in enumerate(words.tokens):
        if not token.content or token.text[0].isupper() or not _has_subject(words, at):
            continue
        last = at - 1
        while last >= 0 and (words.tokens[last].text.lower() in _AUXILIARIES or _dates(words, last)):
            last -= 1
        first = last
        while first >= 0 and words.tokens[first].stem in proper and words.tokens[first].text[0].isupper():
            first -= 1
        subject = {t.stem for t in words.tokens[first + 1 : last + 1]}
        if not subject or not _joined(words, first + 1, at):
            continue
        subject |= {short for long, short in LONG_NAMES.items() if subject.issuperset(long)}
        found.append(
            Action(
                at=at,
                subject=frozenset(subject),
                verb=token.stem,
                passive=any(t.text.lower() in _BE for t in words.tokens[last + 1 : at]),
                object=frozenset(_object(words, at)),
                before=frozenset(subject).union(t.stem for t in words.tokens[max(0, first - 2) : first + 1]),
            )
        )
    return found


def _dates(words: Words, at: int) -> bool:
    """Whether the word belongs to "in 1999", "on Monday"."""
    token = words.tokens[at]
    if token.text.lower() in ("in", "on"):
        return any(day.start == token.end + 1 for day in words.days)
    return any(day.start <= token.start < day.end for day in words.days)


def _joined(words: Words, first: int, last: int) -> bool:
    """Whether no mark stands between two words, other than a possessive."""
    return not any(
        set(_MARKS) & set(words.text[words.tokens[n].end : words.tokens[n + 1].start]) for n in range(first, last)
    )


def _object(words: Words, verb: int) -> list[str]:
    """The content words after a verb, up to the end of its clause."""
    found: list[str] = []
    for at in range(verb + 1, len(words.tokens)):
        token = words.tokens[at]
        if not _joined(words, at - 1, at) or token.text.lower() in _CLAUSE_JOINTS or len(found) == _OBJECT:
            break
        if token.content:
            found.append(token.stem)
    return found


def _places(words: Words) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for at, token in enumerate(words.tokens):
        places.setdefault(token.stem, []).append(at)
    return places


def _another_did(claim: Words, evidence: Sequence[Words]) -> bool:
    """Whether what the claim says of one name, the evidence says of another, and nowhere of that one.

    Only where a name stands right before the verb on both sides, so that no reading is needed.
    """
    proper = _proper_stems([claim, *evidence])
    theirs = [(words, actions(words, proper)) for words in evidence]
    for action in actions(claim, proper):
        if not action.object or action.passive:
            continue
        same = [d for _, done in theirs for d in done if d.verb == action.verb and _much(action.object, d.object)]
        others = [d for d in same if not d.passive and not action.subject & d.before]
        if (
            others
            and len(others) == len(same)
            and not any(_may_do(action, w, {d.at for d in done}) for w, done in theirs)
        ):
            return True
    return False


def _much(wanted: frozenset[str], found: frozenset[str]) -> bool:
    return len(wanted & found) >= _SAME_OBJECT * len(wanted)


def _may_do(action: Action, words: Words, certain: set[int]) -> bool:
    """Whether a sentence may say the action of its subject in a way that `actions` does not see ("by her", "he")."""
    for verb in _places(words).get(action.verb, ()):
        after = frozenset(t.stem for t in words.tokens[verb + 1 : verb + 2 + 2 * _OBJECT])
        if _passive_at(words, verb) and action.subject & after:
            return True
        if verb not in certain and _much(action.object, after):
            return True
    return False


def misattributed(claim: Words, evidence: Sequence[Words], context: Sequence[Words] = ()) -> bool:
    """Whether the evidence has another named speaker say what the claim has a named one say.

    No evidence that names the claim's speaker, or whose "he" may be them, may say as much of it.
    """
    proper = _proper_stems([claim, *evidence])
    sayings = [action for action in actions(claim, proper) if action.verb in REPORTING and not action.passive]
    if not sayings:
        return False
    named_before = frozenset[str]().union(*(words.stems for words in context))
    named = [any(d.verb in REPORTING for d in actions(words, proper)) for words in evidence]
    for action in sayings:
        said = {t.stem for t in claim.tokens[action.at + 1 :] if t.content} - action.subject
        if len(said) < _LEAST_SAID:
            continue
        theirs = others = 0.0
        for words, has_speaker in zip(evidence, named, strict=True):
            share = len(said & words.stems) / len(said)
            if action.subject & words.stems or (not has_speaker and action.subject & named_before):
                theirs = max(theirs, share)
            elif has_speaker:
                others = max(others, share)
        if others >= _SAID and others > theirs:
            return True
    return False


def _nearest_content(tokens: Sequence[Token], at: int, step: int, text: str) -> str:
    """The next content word before or after a place, within the clause."""
    here = at + step
    while 0 <= here < len(tokens) and abs(here - at) <= 5:
        low, high = sorted((here, here - step))
        if set(",;:—–()") & set(text[tokens[low].end : tokens[high].start]):
            return ""
        if tokens[here].content:
            return tokens[here].stem
        here += step
    return ""


def _of(words: Words, head: int, name: str, verb: int) -> bool:
    """Whether it is "opponents of Assad" who do it, not Assad."""
    between = words.tokens[head + 1 : verb]
    return 2 <= len(between) <= 4 and between[0].text.lower() == "of" and between[-1].stem == name


def _roles_swapped(claim: Words, evidence: Sequence[Words]) -> bool:
    """Whether "A verb B" stands in the evidence only as "B verb A", neither being a passive."""
    for at, token in enumerate(claim.tokens):
        if not token.content or token.text[0].isupper() or not _has_subject(claim, at):
            continue
        left = _nearest_content(claim.tokens, at, -1, claim.text)
        right = _nearest_content(claim.tokens, at, 1, claim.text)
        if not left or not right or len({left, right, token.stem}) < 3:
            continue
        straight = turned = False
        passive = _passive_at(claim, at)
        for words in evidence:
            places = _places(words)
            for verb in places.get(token.stem, ()):
                if _is_noun(words, verb):
                    continue
                passive |= _passive_at(words, verb)
                lefts, rights = places.get(left, ()), places.get(right, ())
                straight |= any(p < verb for p in lefts) and any(p > verb for p in rights)
                turned |= any(0 < verb - p <= _REACH for p in rights) and any(0 < p - verb <= _REACH for p in lefts)
                turned |= any(_of(words, p, left, verb) for p in rights)
        if turned and not straight and not passive:
            return True
    return False


def _owners(words: Words) -> set[tuple[str, str]]:
    """(owner, owned) for each "Robert's son"."""
    return {
        (a.stem, b.stem)
        for a, b in pairwise(words.tokens)
        if words.text[a.end : b.start].rstrip() in ("'s", "’s", "'", "’") and b.content
    }


def _owners_swapped(claim: Words, evidence: Sequence[Words]) -> bool:
    """Whether "Bohemond's son was Robert" stands in the evidence as "Bohemond, Robert's son"."""
    theirs = [(words, _owners(words)) for words in evidence]
    known = set().union(*(owned for _, owned in theirs))
    return any(
        owner in words.stems
        and (owner, thing) not in known
        and any(t == thing and o in claim.stems - {owner} for o, t in owned)
        for owner, thing in _owners(claim)
        for words, owned in theirs
    )


def swapped(claim: Words, evidence: Sequence[Words]) -> bool:
    """Whether the evidence has another do, or own, what the claim says that somebody does."""
    return _roles_swapped(claim, evidence) or _another_did(claim, evidence) or _owners_swapped(claim, evidence)
