"""Near-copies by program: a sentence of news with one thing changed, so that it no longer says what it said."""

import random
import re
from collections.abc import Callable, Sequence

Change = Callable[[str, random.Random], str]

NAME = re.compile(r"\b[A-Z][\w'’à-ÿ-]+(?:\s(?:of\s|de\s|al-)?[A-Z][\w'’à-ÿ-]+)*")
_NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})*(?:\.\d+)?(?![\w]|[.,]\d)")
_YEAR = re.compile(r"\b(?:1[6-9]|20)\d\d\b")
_OPENING = frozenset(
    "The A An In On At It He She They We I This That These Those There But And For From When While After Before If As "
    "By His Her Their Its Our Who What Where Why How Not No Yes Mr Mrs Ms Dr Sir".split()
)
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
_COUNTS = "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty".split()
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()

# Groups of words: any of one row for any other of the same row changes what a sentence says.
_GROUPS = """
dollars|euros|pounds|yen|francs
$|€|£
metres|kilometres|miles|feet
meters|kilometers|miles|feet|yards
tonnes|kilograms|pounds|grams
seconds|minutes|hours|days|weeks|months|years
million|billion|thousand
percent|percentage points
all|some|most|few|none
every|hardly any|nearly every
always|sometimes|rarely
many|few
several|hundreds of
at least|at most|exactly
more than|less than|exactly
more than|fewer than
over|under
about|exactly|more than
nearly|more than
up to|at least
both|neither
will|may|might|would|should|must
can|cannot|must
could|did
likely|certain|unlikely
possible|certain
allowed|required|forbidden
has|has not
is|is not
was|was not
were|were not
are|are not
did|did not
had|had never
before|after
since|until
during|before
first|last
earlier|later
because of|despite
because|although
due to|despite
more|less
higher|lower
larger|smaller
better|worse
older|younger
faster|slower
rose|fell
increased|decreased
increase|decrease
gained|lost
won|lost
bought|sold
accepted|rejected
approved|rejected
opened|closed
supports|opposes
supported|opposed
agreed|refused
allow|ban
denied|confirmed
claimed|proved
alleged|proved
accused of|convicted of
suspected of|convicted of
charged with|convicted of
killed|injured
wounded|killed
arrested|questioned
planned to|managed to|refused to
plans to|has managed to
tried to|managed to|failed to
failed to|managed to
hopes to|is certain to
agreed to|refused to
announced|denied
only|also
except|including
with|without
north|south
east|west
northern|southern
eastern|western
from|to
left for|returned from
into|out of
above|below
inside|outside
morning|evening
yesterday|today|tomorrow
last|next
last year|this year|next year
daily|weekly|monthly
mother|sister
father|brother
son|nephew
wife|daughter
president|former president
minister|former minister
chairman|deputy chairman
quarterfinal|semifinal|final
men's|women's
half|a third|a quarter
doubled|tripled|halved
if|unless
even if|only if
""".strip().splitlines()
_WORDS: dict[str, list[str]] = {}
for _row in _GROUPS:
    _row_words = _row.split("|")
    for _one in _row_words:
        _WORDS.setdefault(_one, []).extend(other for other in _row_words if other != _one)
for _list in (DAYS, MONTHS, _COUNTS, _ORDINALS):
    for _one in _list:
        _WORDS.setdefault(_one, []).extend(other for other in _list if other != _one)
_ANY = re.compile(
    r"(?<!\w)(" + "|".join(re.escape(word) for word in sorted(_WORDS, key=len, reverse=True)) + r")(?!\w)",
    re.IGNORECASE,
)
_SOURCE = re.compile(
    r",? (?:he|she|they|[A-Z]\w+(?: [A-Z]\w+)?|(?:the|a) \w+(?: \w+)?) "
    r"(?:said|says|claimed|alleged|argued|suggested|believes)(?: on \w+day)?(?= that |[.,])"
    r"|\b(?:allegedly|reportedly|apparently|possibly|perhaps|probably) "
)


def words(text: str, rng: random.Random) -> str:
    """One word of quantity, modality, order, degree, direction and the like for another."""
    found = list(_ANY.finditer(text))
    if not found:
        return ""
    place = rng.choice(found)
    others = _WORDS.get(place[0]) or _WORDS.get(place[0].lower())
    if not others:  # a capital, or its lack, makes another word of it
        return ""
    new = rng.choice(others)
    return _put(text, place, new[0].upper() + new[1:] if place[0][0].isupper() and place.start() == 0 else new)


def numbers(text: str, rng: random.Random) -> str:
    """One number or year for another of its size."""
    found = [*_YEAR.finditer(text)] or [*_NUMBER.finditer(text)]
    if not found:
        return ""
    place = rng.choice(found)
    plain = place[0].replace(",", "")
    if _YEAR.fullmatch(plain):
        new = str(int(plain) + rng.choice([-12, -5, -2, -1, 1, 2, 5, 12]))
    elif "." in plain:
        new = f"{float(plain) * rng.choice([0.5, 0.8, 1.3, 2.0]):.1f}"
    else:
        value = int(plain)
        new = f"{max(1, rng.choice([value + 1, value - 1, value * 2, value * 10, value // 2 + 2, value + 7])):,}"
    return _put(text, place, new) if new != place[0] else ""


def names_exchanged(text: str, rng: random.Random) -> str:
    """Two names of the sentence in each other's place: who did what to whom, from where to where."""
    found = names(text)
    if len({place[0] for place in found}) < 2:
        return ""
    one = rng.choice(found)
    two = rng.choice([place for place in found if place[0] not in one[0] and one[0] not in place[0]] or [one])
    first, second = sorted((one, two), key=lambda place: place.start())
    if first[0] == second[0]:
        return ""
    return text[: first.start()] + second[0] + text[first.end() : second.start()] + first[0] + text[second.end() :]


def numbers_exchanged(text: str, rng: random.Random) -> str:
    """Two numbers of the sentence in each other's place."""
    found = list(_NUMBER.finditer(text))
    if len({place[0] for place in found}) < 2:
        return ""
    first, second = sorted(rng.sample(found, 2), key=lambda place: place.start())
    if first[0] == second[0]:
        return ""
    return text[: first.start()] + second[0] + text[first.end() : second.start()] + first[0] + text[second.end() :]


def another_name(text: str, rng: random.Random, others: Sequence[str]) -> str:
    """A name of the sentence, the same all over it, for another of as many words."""
    found = names(text)
    if not found:
        return ""
    old = rng.choice(found)[0]
    alike = [name for name in others if name.count(" ") == old.count(" ") and name not in text]
    return text.replace(old, rng.choice(alike)) if alike else ""


def stated_plainly(text: str, rng: random.Random) -> str:
    """Without who says so or that it is only alleged: says more than the sentence did."""
    found = list(_SOURCE.finditer(text))
    if not found:
        return ""
    place = rng.choice(found)
    rest = (text[: place.start()] + text[place.end() :]).strip(" ,")
    rest = rest.removeprefix("that ")
    return rest[:1].upper() + rest[1:]


def names(text: str) -> list[re.Match[str]]:
    """The names in a text, as far as capitals tell."""
    return [place for place in NAME.finditer(text) if place[0] not in _OPENING and (place.start() or " " in place[0])]


CHANGES: tuple[Change, ...] = (words, words, words, numbers, names_exchanged, names_exchanged, numbers_exchanged)


def changed(text: str, rng: random.Random, others: Sequence[str] = ()) -> str:
    """The text with one thing changed, by a change that applies to it; "" if none does. ``others``: names to put in."""
    tried = list(CHANGES)
    rng.shuffle(tried)
    for change in tried:
        if new := change(text, rng):
            return new
    return another_name(text, rng, others) if others else ""


def _put(text: str, place: re.Match[str], new: str) -> str:
    return text[: place.start()] + new + text[place.end() :]
