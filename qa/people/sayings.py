"""Who speaks in a sentence, by its own words: "Lavrov said", "said Lavrov", "according to Lavrov"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from onrecord.qa.steps.antecedents import NAME, Name, names_in, no_person
from onrecord.qa.steps.person_words import ROLES, TITLES

# Verbs that need no "that"; and those that are of saying with "that", a quotation or a colon alone.
_PLAIN = "said|says|told|tells"
_WITH_THAT = (
    "added|adds|announced|argued|argues|asked|asserted|acknowledged|admitted|alleged|cautioned|claimed|claims|commented|"
    "complained|concluded|confirmed|contended|continued|declared|denied|emphasi[sz]ed|estimated|estimates|explained|"
    "explains|indicated|insisted|insists|joked|lamented|maintained|noted|notes|observed|pledged|posted|predicted|"
    "promised|quipped|recalled|reiterated|remarked|replied|reported|responded|revealed|stated|states|stressed|"
    "suggested|suggests|testified|tweeted|urged|vowed|warned|warns|wrote|writes"
)
VERB = re.compile(
    rf"\b(?:(?P<plain>{_PLAIN})|(?P<other>{_WITH_THAT})|(?P<ing>saying|adding|insisting|noting|warning))\b"
)
_NOT_INVERTED = frozenset(("told", "tells", "asked", "urged", "reported"))  # "told Brandt": who was told
_ACCORDING = re.compile(r"\b[Aa]ccording to ")
_BETWEEN = re.compile(  # what may stand between a name and its verb
    r"(?: (?:has|have|had|also|later|then|further|previously|repeatedly|recently|once|even|still|earlier|first|again|"
    r"simply|just|both|separately|(?!only|family|early)[a-z]+ly|"
    r"in a (?:\w+ ){0,2}(?:statement|interview|tweet|post|speech|letter)))* ?$"
)
_BRACKETS = re.compile(r" ?\([^()]{1,40}\)$")
_PRONOUN = re.compile(r"(?:^|[\s“\"(\x01”,—–-])([Hh]e|[Ss]he|[Tt]hey|[Ii]t|I|[Ww]e|[Yy]ou|[Ww]ho)$")
_LINK = re.compile(
    r"\b(of|for|from|at|with|by|in|to|against|on|about|and|or|than|as|into|near|after|before) (?:the )?$"
)
_APPOSITION = re.compile(
    r"^(?:an?|the|his|her|its|their|who|whose|which|one|also|chief|head|director|president|founder|professor|former|"
    r"deputy|senior|executive|co-|vice|associate|assistant|then|now|\d|[a-z]+ (?:of|at|for|with|and|in)\b|"
    r"[A-Z]?[a-z’'-]+(?:[ -][\w’'.-]+){0,8}$)"
)
_GROUPS = frozenset(
    """agency authorities authority bank board bureau campaign center centre club commission committee company council
    court department documents experts family firm government group hospital institute investigators lawmakers lawyers
    leaders league ministry network newspaper office officers officials organization organisation outlet panel paper
    party police prosecutors release report letter lawsuit researchers residents scientists service spokespeople
    statement study survivors team union university witnesses analysts critics democrats
    republicans relatives friends doctors""".split()
)
_DESCRIBED = re.compile(
    r"(?:^|(?<=[\s“”\"\x01—–-]))((?:[Tt]he|[Aa]n?|[Hh]is|[Hh]er|[Ii]ts|[Tt]heir|[Oo]ne|[Aa]nother|[Ss]ome|[Oo]ther|"
    r"[Mm]any|[Ss]everal|[Tt]wo)\s(?:[^\s,;:“”\"\x01]+\s){0,9}?)?([\w’'-]+)$"
)
_AFTER = re.compile(r"^\s*(?P<name>" + NAME.pattern + r")")
_DETERMINED = (
    r" ((?:the|an?|his|her|its|their|one|another) )?(?!(?:in|on|at|of|to|that|by|from|during|and|for|with|told|said)\b)"
)
_DESCRIBED_AFTER = re.compile(rf"^{_DETERMINED}((?:[\w’'./-]+ ){{0,8}}?)(?P<comma>, )?(?=(?P<name>{NAME.pattern}))")
_DESCRIBED_BEHIND = re.compile(rf"(?P<who>{_DETERMINED}[\w’'-]+(?: [\w’'-]+){{0,5}})")
_ROLE_BETWEEN = re.compile(rf"{_DETERMINED}(?P<role>[a-z][\w’'-]*(?: [a-z][\w’'-]*){{0,3}}) (?P<name>{NAME.pattern})")
_ABBREVIATED = re.compile(
    r"(?:[\w’'-]+ ){0,5}(?:Rep|Sen|Gov|Lt|Dr|Gen|Sgt|Capt|Col|Rev|Prof)\. (?P<name>" + NAME.pattern + ")"
)
_BELONGS = re.compile(r"([,”\"–—]) (?:[\w’'.&/-]+ ){1,9}\Z")
_WHO_AFTER = re.compile(
    r"(?:the |an? |his |her |its |their )?(?:[\w’'-]+ ){0,5}?([\w’'-]+)(?=[,.]|$| in | on | from | by )"
)


@dataclass(frozen=True, slots=True)
class Saying:
    """``name``: a name of somebody; None where it is a pronoun or a description. Places are the article's.

    ``start`` and ``end``: where the clause of saying is, its verb included. ``said_by``: the speaker's words there.
    """

    name: Name | None
    said_by: str
    by_start: int
    start: int
    end: int
    leads: bool  # what is said comes behind it
    pronoun: bool = False


def sayings(text: str, masked: str, start: int, end: int) -> list[Saying]:
    """Of the sentence between two places; ``masked`` is the article's text with what is quoted blanked."""
    found = [*_with_verb(text, masked, start, end), *_according(text, masked, start, end)]
    return sorted(found, key=lambda one: one.start)


def _with_verb(text: str, masked: str, start: int, end: int) -> Iterator[Saying]:
    last: Saying | None = None
    for verb in VERB.finditer(masked, start, end):
        if verb["ing"] and (last is None or not _says_something(masked, verb, end)):
            continue
        if verb["ing"] and last:
            yield Saying(last.name, last.said_by, last.by_start, verb.start(), verb.end(), True, last.pronoun)
            continue
        saying = _before(text, masked, start, verb) or _behind(text, masked, start, end, verb)
        if saying and (verb["plain"] or not saying.leads or _says_something(masked, verb, end)):
            last = saying
            yield saying


def _says_something(masked: str, verb: re.Match[str], end: int) -> bool:
    """Whether a clause or a quotation follows: "that", a colon, or a mark within a few words."""
    after = masked[verb.end() : end]
    return bool(re.match(r",?(?: [\w’'$%.-]+){0,6}?(?: that\b|[:,]? ?[“\"‘])", after)) or bool(
        re.match(r" (?:he|she|they|it|there|we) (?:is|was|had|has|would|will|did|were|could)\b", after)
    )


def _before(text: str, masked: str, start: int, verb: re.Match[str]) -> Saying | None:
    """The subject right before the verb, or before an apposition: "Brandt, the mayor, said"."""
    left = masked[start : verb.start()]
    left = left[: _between(left)]
    leads = not _closes(masked, verb.end())
    if spoken := _PRONOUN.search(left):
        if spoken[1].lower() in ("it", "i", "we", "you", "who"):
            return None
        by = start + spoken.start(1)
        return Saying(None, spoken[1], by, by, verb.end(), leads, pronoun=spoken[1].lower() in ("he", "she"))
    for at in _ends_of_subject(left):
        subject = left[:at]
        name = _name_at_end(text, start, subject)
        if name and (at == len(left) or not no_person(name)):
            return _saying(text, name, _beginning(text, start, name.start), verb.end(), leads)
        if name is None and (who := _described(subject)):
            by = start + at - len(who)
            return Saying(None, who, by, by, verb.end(), leads)
    return None


def _saying(text: str, name: Name, start: int, end: int, leads: bool) -> Saying:
    return Saying(name, text[name.start : name.end], name.start, start, end, leads)


def _beginning(text: str, start: int, at: int) -> int:
    """Where the words before a name begin that belong to it: "…, the county's school superintendent Ames said"."""
    found = _BELONGS.search(text, max(start, at - 90), at)
    return found.end(1) if found else at


def _between(left: str) -> int:
    found = _BETWEEN.search(left)
    return found.start() if found else len(left)


def _ends_of_subject(left: str) -> Iterator[int]:
    """Where the subject may end: at the end, or before an apposition between commas."""
    yield len(left)
    if not left.rstrip().endswith(","):
        return
    inner = left.rstrip()[:-1]
    commas = [found.start() for found in re.finditer(",", inner)]
    for comma in reversed(commas[-3:]):
        if len(inner) - comma <= 160 and _APPOSITION.match(inner[comma + 2 :]):
            yield comma


def _name_at_end(text: str, start: int, subject: str) -> Name | None:
    """The name that the subject ends with, unless it is a part of another: "opponents of Assad"."""
    subject = _BRACKETS.sub("", subject.rstrip())
    if not subject or not (subject[-1].isalnum() or subject[-1] in ".’'"):
        return None
    stop = start + len(subject)
    found = [name for name in names_in(text, max(start, stop - 90), stop) if name.end >= stop - 1]
    if not found or found[-1].possessive:
        return None
    name = found[-1]
    if len(name.words) == 1 and not name.title and _has_role(name.words[0]):  # "Officials said"
        return None
    link = _LINK.search(text, max(start, name.start - 14), name.start)
    if link is None:
        return name
    if link[1] in ("of", "from", "at", "with", "in"):  # "Ames of Harvard said"
        owner = _name_at_end(text, start, text[start : link.start()].rstrip())
        return owner if owner and len(owner.words) > 1 and not no_person(owner) else None
    return name if link[1] in ("as", "after", "before", "on", "in") else None


def _described(subject: str) -> str:
    """ "a witness", "police": who it is without a name; empty where nobody is described."""
    found = _DESCRIBED.search(subject)
    if not found:
        return ""
    words = re.findall(r"[\w’'-]+", found.group())
    heads = [word.lower() for word in words]
    if not any(word in ROLES or word in _GROUPS or word.rstrip("s") in ROLES for word in heads):
        return ""
    return found.group()


def _behind(text: str, masked: str, start: int, end: int, verb: re.Match[str]) -> Saying | None:
    """The subject behind the verb, where what was said comes before it: "…”, said Brandt"."""
    before = masked[start : verb.start()].rstrip()
    if verb.group() in _NOT_INVERTED or not before or before[-1] not in ',”"’?!—–':
        return None
    after = text[verb.end() : end]
    if found := _AFTER.match(after):
        return _named_behind(text, verb, found)
    found = _DESCRIBED_AFTER.match(after)
    if found and (found[1] is None or found["comma"]) and _has_role(found[2]):
        return _named_behind(text, verb, found)
    described = _DESCRIBED_BEHIND.match(after)
    if described and _has_role(who := described["who"].strip()):
        by = verb.end() + 1
        return Saying(None, who, by, verb.start(), by + len(who), False)
    return None


def _named_behind(text: str, verb: re.Match[str], found: re.Match[str]) -> Saying | None:
    at = verb.end() + found.start("name")
    stop = verb.end() + found.end("name")
    later = _ROLE_BETWEEN.match(text, stop)
    if later and (
        _has_role(later["role"]) or (" " not in later["role"] and " " in later["name"])
    ):  # "said Rovers captain Ames"
        at, stop = later.start("name"), later.end("name")
    elif abbreviated := _ABBREVIATED.match(text, at):  # "said Arizona Rep. Ames"
        at, stop = abbreviated.start("name"), abbreviated.end("name")
    for name in names_in(text, at, stop):
        return _saying(text, name, verb.start(), name.end, False)
    return None


def _has_role(words: str) -> bool:
    return any(
        w.lower() in ROLES | _GROUPS | TITLES or w.lower().rstrip("s") in ROLES for w in re.findall(r"[\w’'-]+", words)
    )


def _according(text: str, masked: str, start: int, end: int) -> Iterator[Saying]:
    for found in _ACCORDING.finditer(masked, start, end):
        leads = found.start() - start < 3
        after = text[found.end() : end]
        if named := re.match(r"(?:[a-z][\w’'-]* ){0,4}?(?P<name>" + NAME.pattern + ")", after):
            described = after[: named.start("name")]
            names = list(names_in(text, found.end() + named.start("name"), found.end() + named.end("name")))
            if names and (not described or _has_role(described)) and not names[0].possessive:
                yield _saying(text, names[0], found.start(), names[0].end, leads)
                continue
        if (who := _WHO_AFTER.match(after)) and _has_role(who.group()):
            by = found.end()
            yield Saying(None, who.group(), by, found.start(), by + len(who.group()), leads)


def _closes(masked: str, at: int) -> bool:
    """Whether nothing more is said behind the verb: "…,” Brandt said."."""
    return bool(re.match(r"\)|[.,;]?(?:\s*$|\s*\n)", masked[at : at + 3]))
