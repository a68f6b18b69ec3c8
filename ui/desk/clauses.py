"""The first clause of a sentence, where it is plain: a subject, a verb of a list, and what follows. English alone.

Whatever may be read wrongly is not read at all: among many sentences there are always others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from onrecord.index.text.words import STOPWORDS
from onrecord.qa.steps.person_words import FEMALE, MALE, NOT_PERSONS, ROLES, TITLES

# Base, past and participle where they are not regular; "+n" is doubled before -ed.
_LISTED = """abandon accuse acquire adopt allege announce appoint approve arrest assassinate attack attend award
ban+n bomb broker cancel cancel+l capture celebrate charge close collapse complete condemn convict crash create defeat
demand deploy design destroy detain develop die direct discover dismiss donate earn elect end erupt evacuate execute
expel+l explode extradite fine fire found fund hire host identify impeach impose indict injure install introduce
invade invent investigate jail kidnap+p kill launch live marry mediate name need nominate open organize pardon patent
postpone prosecute publish raise ratify recall receive recover reject release rename reopen replace rescue resign
retire score seize sentence sign stab+b start sue suspend testify topple torture unveil use veto visit work
bear:bore:born beat:beat:beaten begin:began:begun break:broke:broken bring:brought build:built buy:bought catch:caught
choose:chose:chosen cost:cost find:found hold:held lead:led leave:left lose:lost overthrow:overthrew:overthrown
pay:paid sell:sold set:set shoot:shot sink:sank:sunk spend:spent steal:stole:stolen strike:struck win:won
withdraw:withdrew:withdrawn write:wrote:written"""


def _forms(entry: str) -> tuple[str, str, str]:
    """Base, past and participle of one word of the list.

    >>> _forms("ban+n"), _forms("buy:bought"), _forms("write:wrote:written")
    (('ban', 'banned', 'banned'), ('buy', 'bought', 'bought'), ('write', 'wrote', 'written'))
    """
    if ":" in entry:
        base, past, *third = entry.split(":")
        return base, past, third[0] if third else past
    base, _, doubled = entry.partition("+")
    past = f"{base}d" if base.endswith("e") else re.sub(r"(?<=[^aeiou])y$", "i", base) + f"{doubled}ed"
    return base, past, past


_VERBS = [_forms(entry) for entry in _LISTED.split()]
_BASE_OF = {past: base for base, past, _ in _VERBS}
PAST_OF = {participle: past for _, past, participle in _VERBS}
_BASES = frozenset(_BASE_OF.values())
BE, HAVE, MODAL = ("was", "were", "is", "are"), ("has", "have", "had"), ("will", "would")
_AUXILIARIES = frozenset((*BE, *HAVE, *MODAL))
_OTHERS = "did does do be been being may might must could can said says reports remain remains remained stay became"
FINITE = _AUXILIARIES | _BASE_OF.keys() | frozenset(_OTHERS.split())
_HAPPENS = frozenset("die resign retire collapse crash erupt explode testify".split())  # never with an object
_EITHER = frozenset("end open close start begin sink leave".split())

NAMED = r"[A-ZÀ-ÖØ-ÞČĐŁŚŞŠŽİ][\w’'-]*\w"  # a capitalised word
_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"(?:Jan|Feb|Mar|Apr|Aug|Sept|Sep|Oct|Nov|Dec)\.)"
)
_DATED = (
    rf"(?:(?:(?:[Oo]n|early|late) )?(?:{_DAY}(?: (?:morning|afternoon|evening|night))?|"
    rf"{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?|\d{{1,2}} {_MONTH})(?: \d{{4}})?|"
    r"last (?:week|month|year|spring|summer|autumn|fall|winter)|"
    rf"[Ii]n (?:(?:early |late |mid-)?(?:1[5-9]|20)\d\d|{_MONTH}(?: \d{{4}})?))"
)
_FIRST_DATE, _LAST_DATE = re.compile(rf"{_DATED},? (?=[A-Z]|the |\d)"), re.compile(rf" ?\b{_DATED}$")
TIME = re.compile(
    rf"\b(?:{_DAY}|{_MONTH}|(?:1[5-9]|20)\d\d|yesterday|today|tonight|tomorrow|now|recently|ago|later|earlier|"
    r"(?:last|next|this|past) \w+)(?!\w)"
)
_LAST_PLACE = re.compile(rf" ?\b(?P<place>(?:in|at|near|outside) (?:the )?{NAMED}(?: {NAMED})*)$")
_BY = re.compile(rf"(?:{_DATED} )?by (?P<who>(?:the )?{NAMED}(?: (?:and |of |the )*{NAMED})*)(?: {_DATED})?")
BESIDE = re.compile(rf"((?:The )?{NAMED}(?: {NAMED}){{0,4}}), ([^,]{{1,110}}), (?=[a-z])")
"""A name, and what is said of it between two commas, at the beginning of a sentence."""

SMALL = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    "nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
ROUGHLY = r"(?:(?:at least|more than|as many as|up to|about|around|nearly|almost|over|some|an estimated) )?"
AMOUNT = rf"(?:\d[\d,]*(?:\.\d+)?|{SMALL})(?: (?:hundred|thousand|million|billion))?"
COUNTED = re.compile(
    rf"{ROUGHLY}(?!(?:1[5-9]|20)\d\d ){AMOUNT} "
    r"(?P<noun>(?:[A-Za-z][a-z-]+ ){0,2}?(?:[a-z]+[^\Ws]s|people|men|women|children))(?= |$)(?P<after>.*)",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"(?P<comma>, )|[;(—–]|: | -+ | (?:(?P<why>because(?: of)?|due to|owing to|over (?:concerns|fears|allegations))|"
    r"as(?= (?:the|an?|he|she|it|they)\b)|after|before|while|when|where|who|which|but|since|until|although|though|"
    r"amid|despite|following|according|saying|including|by(?= \w+ing\b)|and(?= (?:he|she|it|they|then|later|\w+ed|"
    + "|".join(sorted(FINITE))
    + r")\b))\b"
)
_AFTER_COMMA = re.compile(
    rf"(?:who|which|where|when|and|but|a|an|the|said|\w+ing|according|after|before|as|in|on|at|with|for|from|by|to|his|"
    rf"her|its|their|{NAMED}|(?:[\w’'.-]+ ){{1,6}}(?:said|says|reported))\b"
)
_OBJECT = re.compile(
    rf"(?!(?:{_DAY}|{_MONTH}|by|of|for|in|on|at|to|from|with|through|and|or|into|out|up|off|over|down|away|back)\b)[\w$€£]"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """``rest``: what follows the verb, without the date (``dated``), the ``place`` or the actor (``by``) at its end."""

    subject: str
    auxiliary: str
    verb: str
    base: str
    rest: str
    dated: bool = False
    place: str = ""
    by: str = ""
    because: bool = False

    @property
    def passive(self) -> bool:
        return self.auxiliary in BE or self.verb.startswith(("be ", "been "))


def clause(text: str, article: str = "") -> Clause | None:
    """``article``: the whole text, from which a short name is completed.

    >>> one = clause("The Old Mill Bridge was closed on Monday by Ilse Brandt because of cracks.")
    >>> one.subject, one.auxiliary, one.base, one.dated, one.by, one.because
    ('the Old Mill Bridge', 'was', 'close', True, 'Ilse Brandt', True)
    """
    fronted = _FIRST_DATE.match(text)
    text = BESIDE.sub(r"\1 ", text[fronted.end() if fronted else 0 :], count=1)
    cut = _CUT.search(text)
    if cut and cut["comma"] and not _AFTER_COMMA.match(text, cut.end()):
        return None
    words = (text[: cut.start()] if cut else re.sub(r"(?<!\.[A-Z])[.!? ]+$", "", text)).split()
    at = next((n for n, word in enumerate(words) if word in FINITE), 0)
    found = _verb(words[at:]) if at else None
    subject = subject_of(" ".join(words[:at]), article) if found else ""
    if not found or not subject:
        return None
    auxiliary, verb, base, length = found
    rest, dated, place, by = _parts(" ".join(words[at + length :]))
    if not _plain(auxiliary, base, rest):
        return None
    return Clause(subject, auxiliary, verb, base, rest, dated or bool(fronted), place, by, bool(cut and cut["why"]))


def _parts(rest: str) -> tuple[str, bool, str, str]:
    """What follows a verb -> that without them, whether it is dated, the place, and who did it."""
    if by := _BY.fullmatch(rest):
        return "", bool(TIME.search(rest)), "", by["who"]
    date = _LAST_DATE.search(rest)
    rest = rest[: date.start()] if date else rest
    place = _LAST_PLACE.search(rest)
    return rest[: place.start()] if place else rest, bool(date), place["place"] if place else "", ""


def _plain(auxiliary: str, base: str, rest: str) -> bool:
    """Whether the verb is the clause's own, as in "the man accused of theft" or "the bill signed Monday" it is not."""
    acts = bool(_OBJECT.match(rest)) and base not in _HAPPENS
    happens = base in _HAPPENS | _EITHER and not rest
    return (bool(auxiliary) or acts or happens) and not TIME.search(rest) and not FINITE & set(rest.split())


def _verb(words: Sequence[str]) -> tuple[str, str, str, int] | None:
    """Auxiliary, what follows it of the verb, the verb's own form, and how many words these are.

    >>> _verb("will be held in".split()), _verb("closed the".split()), _verb("was happy".split())
    (('will', 'be held', 'hold', 3), ('', 'closed', 'close', 1), None)
    """
    auxiliary, passive = "", ""
    at = 0
    if words[0] in _AUXILIARIES:
        auxiliary, at = words[0], 1
        if words[1:2] == ["been" if auxiliary in HAVE else "be"]:
            passive, at = f"{words[1]} ", 2
    verb = words[at] if at < len(words) else ""
    if auxiliary in MODAL and not passive:
        base = verb if verb in _BASES else ""
    elif auxiliary:
        base = _BASE_OF.get(PAST_OF.get(verb, ""), "")
    else:
        base = _BASE_OF.get(verb, "")
    return (auxiliary, f"{passive}{verb}", base, at + 1) if base else None


def subject_of(words: str, article: str = "") -> str:
    """The subject as a question has it, empty where it is not clear what it is."""
    if COUNTED.fullmatch(words):
        return words
    if words.split()[0].lower() in STOPWORDS - {"the", "some"}:
        return ""
    if re.match(r"[Tt]he [\w-]|[Ss]ome [a-z]+s\b", words):
        return "" if _CUT.search(words) else f"{words[0].lower()}{words[1:]}"
    if words.lower().removesuffix("s") in ROLES or words in ("Police", "Authorities"):
        return words.lower()
    if not re.fullmatch(rf"{NAMED}(?:(?: (?:of|and|the|de|van|von|al))* {NAMED})*", words):
        return ""
    return _completed(words, article) if " " not in words else words


def _completed(name: str, article: str) -> str:
    """A name of one word with the first name that the article gives; empty where it may be no name at all."""
    whole = {found for found in re.findall(rf"{NAMED} {re.escape(name)}\b", article) if is_person(found)}
    if whole:
        return whole.pop() if len(whole) == 1 else ""
    known = re.search(rf"[a-z,] {re.escape(name)}\b", article) and not re.search(rf"\b{name.lower()}\b", article)
    return name if known else ""


def is_person(name: str) -> bool:
    """Whether a name of two words or more is surely a person's.

    >>> is_person("Ilse Brandt"), is_person("President Xi Li"), is_person("Mary Street"), is_person("Xi Li")
    (True, True, False, False)
    """
    words = [word.lower().strip(".") for word in name.split()]
    if len(words) < 2 or NOT_PERSONS & set(words):
        return False
    return (len(words) > 2 and words[0] in TITLES) or bool((MALE | FEMALE) & set(words[:-1]))


def untitled(name: str) -> str:
    """A name without what stands before the first one.

    >>> untitled("Control Director Rick Toomey"), untitled("Mayor Ilse Brandt")
    ('Rick Toomey', 'Ilse Brandt')
    """
    words = name.split()
    lowered = [word.lower().strip(".") for word in words]
    first = next((n for n, word in enumerate(lowered[:-1]) if word in MALE or word in FEMALE), None)
    if first is None:
        first = next((n for n, word in enumerate(lowered[:-1]) if word not in TITLES), 0)
    return " ".join(words[first:])
