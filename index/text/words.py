"""Words, for search and for judging alike; and what a sentence is made of: names, quotations, negation, attribution.

Everything here is a pure function of the text; ``words_of`` remembers its results because the same evidence is
compared with many claims.
"""

import re
import threading
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

from onrecord.index.text.quantities import Day, Quantity, days, quantities
from onrecord.index.text.spelling import american, one_ending, without_accents

# Words of the grammar, and those that make a question: they say nothing about what a text is about.
STOPWORDS = frozenset(
    """a about above after again against all also although am among an and any are as at be because been before being
    below between both but by can could did do does doing down during each either else even ever every few for from
    further get gets getting got had has have having he her here hers herself him himself his how however i if in into
    is it its itself just me more most much my myself no nor not now of off on once one only onto or other our ours
    ourselves out over own per same shall she should so some still such than that the their theirs them themselves then
    there these they this those though through thus to too under until up upon us very via was we were what when
    where whether which while who whom whose why will with within without would yet you your yours yourself
    yourselves according s t d ll ve re m mr mrs ms dr am pm is't n't cannot""".split()
)
_IRREGULAR = {
    form: base
    for base, forms in {
        "say": "said says saying", "tell": "told", "fall": "fell fallen", "break": "broke broken",
        "rise": "rose risen", "take": "took taken", "give": "gave given", "go": "went gone", "come": "came",
        "hold": "held", "leave": "left", "lose": "lost", "win": "won", "build": "built", "send": "sent",
        "spend": "spent", "pay": "paid", "buy": "bought", "bring": "brought", "think": "thought", "fight": "fought",
        "catch": "caught", "find": "found", "make": "made", "keep": "kept", "meet": "met", "lead": "led",
        "feel": "felt", "begin": "began begun", "run": "ran", "see": "saw seen", "know": "knew known",
        "show": "shown", "drive": "drove driven", "write": "wrote written", "speak": "spoke spoken",
        "choose": "chose chosen", "strike": "struck stricken", "shoot": "shot",
        "sell": "sold", "stand": "stood", "grow": "grew grown", "fly": "flew flown", "throw": "threw thrown",
        "flee": "fled", "hang": "hung", "die": "dead death deaths dying", "become": "became", "seek": "sought",
        "teach": "taught", "child": "children", "woman": "women", "man": "men", "person": "people persons",
        "wife": "wives", "life": "lives", "ceasefire": "cease-fire cease-fires ceasefires", "governor": "gov",
        "senator": "sen", "steal": "stole stolen", "sink": "sank sunk", "swear": "swore sworn",
    }.items()
    for form in forms.split()
}  # fmt: skip
NEGATORS = frozenset("not n't no never none nobody nothing neither nor without cannot no-one hardly barely".split())
DENIALS = frozenset("deny deni refus fail lack".split())
_DETERMINERS = frozenset("the a an his her its their our my your these those this that no any such s".split())
REPORTING = frozenset(
    """say tell add report announc confirm note state declar explain warn argu describ write accord claim alleg accus
    insist blame deni deny estim believ suspect reckon predict suggest purport contend assert maintain call acknowledg
    admit critic call demand urg ask concern fear hope think rule""".split()
)
ALLEGING_VERBS = frozenset(
    "claim alleg accus insist blame deni deny estim suspect reckon purport contend assert".split()
)
ALLEGING_ADVERBS = frozenset(
    "allegedly reportedly supposedly purportedly apparently suspected alleged reported".split()
)
_SAME_NAMES = {
    name: group.split()[0]
    for group in """britain british uk; america american us usa; france french; germany german; spain
    spanish; turkey turkish turk turks; netherlands dutch; greece greek; china chinese; poland polish; england english;
    scotland scottish; wales welsh; ireland irish; sweden swedish; denmark danish; un; eu; israel israeli;
    ukraine ukrainian; syria syrian; iran iranian; iraq iraqi; russia russian; japan japanese; afghanistan afghan;
    lebanon lebanese; yemen yemeni; europe european; italy italian; india indian; pakistan pakistani; canada canadian;
    mexico mexican; brazil brazilian; argentina argentine argentinian; australia australian; egypt egyptian; libya
    libyan; sudan sudanese; nigeria nigerian; korea korean; vietnam vietnamese; thailand thai; philippines filipino;
    norway norwegian; finland finnish; belgium belgian; austria austrian; hungary hungarian; switzerland swiss;
    portugal portuguese; cuba cuban; venezuela venezuelan; palestine palestinian; taiwan taiwanese; africa african;
    asia asian; haiti haitian; texas texan; california californian""".split(";")
    for name in group.split()
}
LONG_NAMES = {  # stems of two words in a row -> the stem of the short form
    ("unit", "state"): "america",
    ("unit", "kingdom"): "britain",
    ("unit", "nation"): "un",
    ("europ", "union"): "eu",
}
_TITLES = frozenset(
    "mr mrs ms dr sir lord lady president minister prime secretary general mayor king queen pope".split()
)

TOKEN = re.compile(
    r"U\.\s(?:S|K|N)\.|(?:[^\W\d_]\.){2,}"  # U.S., and as some write it, U. S.
    r"|n['’]t\b"
    r"|[^\W_]+?(?=n['’]t\b)"
    r"|[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]"  # scripts without spaces: one character each
    r"|\d+(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d+"
    r"|[Cc]ease-fires?"
    r"|[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*"  # accents may stand behind their letters
)
"""The words of a text, as search and judges take them."""
_QUOTE = re.compile(
    r"“([^”]+)”|\"([^\"]+)\"|«([^»]+)»|„([^“”]+)[“”]|(?<![\w’'])[‘'`]{1,2}(?=\S)([^‘’']{3,}?)[’']{1,2}(?!\w)"
)
_CLAUSE_END = frozenset(",;:.?!—–()")


@dataclass(frozen=True, slots=True)
class Token:
    """One word: ``stem`` is its form for comparing, ``negated`` whether a negation governs it."""

    text: str
    stem: str
    start: int
    end: int
    content: bool
    negated: bool = False
    alleged: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """The analysis of one text. ``reports``: it names a speaker's act (said, claimed, according to)."""

    text: str
    tokens: tuple[Token, ...]
    names: tuple[tuple[str, ...], ...]  # capitalised spans as stems, "president bashar assad" -> ("bashar", "assad")
    quantities: tuple[Quantity, ...]
    days: tuple[Day, ...]
    quotes: tuple[str, ...]
    reports: bool
    stems: frozenset[str]  # "US" and "United States" each bring the stems of the other
    content: frozenset[str]


_stemmer = threading.local()  # PyStemmer's objects may not be shared between threads


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The form under which words are compared: lower case, possessive off, irregular forms to their base, stemmed.

    >>> stem("evacuated") == stem("evacuation"), stem("Syrian") == stem("Syria"), stem("said")
    (True, True, 'say')
    >>> stem("Erdoğan") == stem("Erdogan"), stem("U.S.") == stem("American"), stem("5,000")
    (True, True, '5000')
    >>> stem("Defence") == stem("defense"), stem("organised") == stem("organize"), stem("harbours") == stem("harbor")
    (True, True, True)
    """
    if word[:1].isdigit():
        return word.replace(",", "").lower()
    lowered = re.sub(r"['’]s?$|[\s.]", "", without_accents(word).lower())
    lowered = lowered if word == "us" else _SAME_NAMES.get(lowered, lowered)
    lowered = _IRREGULAR.get(lowered, lowered).replace("-", "")
    if not hasattr(_stemmer, "english"):
        _stemmer.english = Stemmer.Stemmer("english")
    return one_ending(str(_stemmer.english.stemWord(american(lowered))))


def is_content(word: str) -> bool:
    """Whether a word says what a text is about; US, IT and WHO are names, us, it and who are not.

    >>> is_content("US"), is_content("us"), is_content("bridge")
    (True, False, True)
    """
    bare = word.lower().replace("’", "'").replace(".", "")
    return bare not in STOPWORDS or (word.isupper() and bare.isalpha() and len(bare) > 1)


NATIONS = frozenset(stem(name) for name in _SAME_NAMES.values())
COUNTRIES = frozenset(_SAME_NAMES.values()) - {"un", "eu"}  # in lower case, as PEOPLES: "russian"
PEOPLES = frozenset(name for name, country in _SAME_NAMES.items() if name != country and len(name) > 3)


def quoted_spans(text: str) -> tuple[str, ...]:
    """The texts inside quotation marks.

    >>> quoted_spans('She felt “duped”, he said: "Stay at home."')
    ('duped', 'Stay at home.')
    """
    return tuple(next(group for group in match.groups() if group) for match in _QUOTE.finditer(text))


def plain(text: str) -> str:
    """``text`` as bare lower-case words without accents and with one space on either side, for verbatim comparison."""
    return " " + " ".join(re.findall(r"[^\W_]+", without_accents(text).lower())) + " "


def _scoped(text: str, tokens: list[Token]) -> tuple[list[bool], list[bool]]:
    """For each token, whether a negation and whether an allegation governs it."""
    negated, alleged = [False] * len(tokens), [False] * len(tokens)
    for at, token in enumerate(tokens):
        reach, words, to_clause_end, marks = 0, 99, True, negated
        lowered = token.text.lower().replace("’", "'")
        if lowered in NEGATORS and not (lowered == "no" and text[token.end :].lstrip(" .")[:1].isdigit()):
            reach, words = 5, 1
        elif token.stem in DENIALS and (token.stem != "fail" or text[token.end :].startswith((" to ", " in "))):
            reach, words = 8, 4
        elif lowered in ALLEGING_ADVERBS:
            reach, marks = 4, alleged
        elif token.stem in ALLEGING_VERBS and not (at and tokens[at - 1].text.lower() in _DETERMINERS):
            reach, marks, to_clause_end = len(tokens), alleged, False
        for later in range(at + 1, min(len(tokens), at + 1 + reach)):
            gap = text[tokens[later - 1].end : tokens[later].start]
            joint = tokens[later].text.lower()
            stops = (_CLAUSE_END & set(gap) or joint == "and") if to_clause_end else joint in ("but", "while")
            if words == 0 or stops:
                break
            marks[later] = True
            words -= tokens[later].content
        trailing = text[token.end :].strip(" .,\"'”’")
        tail = re.search(r"[,”\"'’]\s(?:[\w-]+\s){0,6}$", text[: token.start])
        if marks is alleged and not to_clause_end and tail and len(trailing) < 40:
            alleged[:at] = [True] * at  # "The rebels fired first, the agency claimed."
    return negated, alleged


def _names(text: str, tokens: list[Token]) -> tuple[tuple[str, ...], ...]:
    names: list[list[Token]] = []
    for at, token in enumerate(tokens):
        before = text[: token.start].rstrip()
        opens = not before or before[-1] in '.?!:"“”‘`' or (before[-1] == "'" and before[-2:-1] in (" ", ""))
        if not token.text[0].isupper() or (token.stem in STOPWORDS or token.text.lower() in STOPWORDS):
            continue
        follows = bool(names) and at > 0 and names[-1][-1] is tokens[at - 1]
        if follows and text[tokens[at - 1].end : token.start] in (" ", "’s ", "'s "):
            names[-1].append(token)
            continue
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        looks_like_name = not opens or (
            following is not None
            and text[token.end : following.start] in (" ", ", ", "’s ", "'s ")
            and (following.text[0].isupper() or following.stem in REPORTING)
        )
        if looks_like_name:
            names.append([token])
    named_days = {(d.start, d.end) for d in days(text)}
    kept = [
        tuple(t.stem for t in name if t.text.lower() not in _TITLES)
        for name in names
        if not any(start <= name[0].start < end for start, end in named_days)
    ]
    return tuple(name for name in kept if name)


def _with_long_names(stems: frozenset[str]) -> frozenset[str]:
    for long, short in LONG_NAMES.items():
        if short in stems:
            stems |= set(long)
        elif stems.issuperset(long):
            stems |= {short}
    return stems


@lru_cache(maxsize=8192)
def words_of(text: str) -> Words:
    """Analyse one sentence (or a few)."""
    found = [(match.group(), match.start(), match.end()) for match in TOKEN.finditer(text)]
    bare = [Token(word, stem(word), start, end, is_content(word)) for word, start, end in found]
    bare = [t for t in bare if t.stem and not (t.text.lower() == "s" and text[t.start - 1 : t.start] in ("'", "’"))]
    negated, alleged = _scoped(text, bare)
    tokens = tuple(
        Token(t.text, t.stem, t.start, t.end, t.content, n, a) for t, n, a in zip(bare, negated, alleged, strict=True)
    )
    return Words(
        text=text,
        tokens=tokens,
        names=_names(text, bare),
        quantities=quantities(text),
        days=days(text),
        quotes=quoted_spans(text),
        reports=any(t.stem in REPORTING or t.text.lower() in ALLEGING_ADVERBS for t in tokens),
        stems=_with_long_names(frozenset(t.stem for t in tokens)),
        content=frozenset(t.stem for t in tokens if t.content),
    )
