"""A question that asks several things -> the questions that it is made of, each standing on its own.

Rules over English function words, no model. A wrong split costs more than a missed one: it asks the articles for
something that nobody wanted to know, or loses what a part was about. So each part must have its own verb and topic, a
pronoun must have one possible referent, and what no rule is sure of stays one question.

Where the articles are silent on a part, name it as it is, in quotation marks: "The articles do not say: “Where did the
talks take place?”" reads well for every question; "where the talks took place" would need the verb's other form.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from onrecord.index import Filter
from onrecord.index.text.language import language_of
from onrecord.index.text.words import words_of
from onrecord.qa.steps.check import not_for_the_articles
from onrecord.qa.steps.question_type import names_subject, of_each
from onrecord.qa.steps.search import articles_about
from onrecord.qa.steps.tools import Tools
from onrecord.qa.steps.values import Asked, Part
from onrecord.qa.types import Reason

MOST_PARTS = 3
MOST_ARTICLES = 3  # that a question about "each article" is put to, one after the other
MAX_LENGTH = 400  # characters; longer texts tell a story around their question

_SAYING = "say|think|respond|demand|reply|react|want|ask|claim|propose|offer|promise|announce|believe|suggest|warn|do"
_HARMED = "killed|wounded|injured|hurt|displaced|arrested|detained|captured|rescued|evacuated"
_REGULAR = (
    "fire attack kill wound arrest order accuse describe report destroy create visit resign work vote start end open "
    "close die live move arrive return escape seize land use reach capture release publish launch collapse retire sign "
    "cause call help name invite reject block bomb burn evacuate rescue injure detain charge sentence elect appoint "
    "replace invade occupy defend support oppose approve design discover condemn demand announce found restore crash "
    "hijack raid storm loot explode ambush"
)
_IRREGULAR = (
    "won win lost lose shot shoot led lead took take gave give made make sold sell bought buy built build broke break "
    "stole steal began begin fled flee fell fall left leave found find held hold sent send told tell wrote write "
    "brought bring kept keep met meet paid pay saw see struck strike fought fight stopped stop spoke speak came come "
    "went go grew grow said say chose choose sank sink carried carry banned ban kidnapped kidnap"
).split()
_PASTS = dict(zip(_IRREGULAR[::2], _IRREGULAR[1::2], strict=True)) | {
    f"{verb.removesuffix('e')}ed": verb for verb in _REGULAR.split()
}
_PARTICIPLES = "taken|given|broken|stolen|begun|fallen|written|seen|spoken|come|gone|grown|chosen|sunk|born|known"

_AUX = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may|might)\b"
_PREPOSITION = (
    r"(?:in|on|at|by|to|from|for|with|of|about|after|before|during|into|over|under|near|against|since|until|through|"
    r"between|outside|inside|aboard|around|as|off|among|behind)\b"
)
_ADVERB = r"(?:\w+ly|also|first|last|later|ever|still|now|not|never|already|again|today)\b"
_DETERMINER = r"(?:the|a|an|its|his|her|their|our|my|your|any|all|some|it|he|she|they|we|you|i|there)\b"
_ASKING = r"(?:who|whom|whose|what|which|when|where|why|how|whether|if|that)\b"
_PAST = rf"(?:{'|'.join(_PASTS)}|(?!need|feed|speed|seed|hundred)\w{{2,}}ed)\b"
_PARTICIPLE = rf"(?:{'|'.join(_PASTS)}|{_PARTICIPLES}|[\w-]{{2,}}(?:ed|ing))\b"
_BASE = rf"(?:{_SAYING}|get|have|be|become|talk|happen|{'|'.join(_PASTS.values())})\b"
_NOUN = (
    rf"(?!{_ASKING}|{_AUX}|{_DETERMINER}|{_PREPOSITION}|(?:and|or|to|yesterday|today|tomorrow|again|now|recently)\b)"
    r"[\w’'-]+"
)
_NOUNS = rf"{_NOUN}(?: {_NOUN}){{0,3}}?"
_NAME = r"(?-i:[A-Z][\w’'-]*(?: [A-Z][\w’'-]*)*)"
# What asks for a circumstance (when, by whom, in which city), and what asks for a person, a thing or an amount.
_HOW = (
    r"(?:(?:when|where|why|how|since when|from where|for how long|(?:by|with|to|for|from|against) whom|"
    rf"(?:in|at|on|by|from|under|for|with|to) (?:what|which) {_NOUN})\b)"
)
_DEGREE = r"how (?:long|far|old|big|large|tall|high|deep|fast|often|soon|wide|heavy|serious|many|much)"
_WHAT = rf"(?:(?:who|whom|what|{_DEGREE}|what (?-i:(?=[a-z])){_NOUNS}|(?:which|whose|how many|how much) {_NOUNS})\b)"
# A second question is told from a clause inside the first by its word order ...
_INVERTED = (
    rf"(?:{_HOW} {_AUX}|(?:what|whom|{_DEGREE})(?: {_NOUN})? (?:do|does|did)\b|"
    rf"(?:do|does|did|(?:what|{_DEGREE}) {_AUX}) (?:{_DETERMINER}|{_NAME})|{_AUX} (?:it|he|she|they|there)\b)"
)
# ... or, where both have the same order ("who was hurt"), by the first having no inner clause that it could go on.
_SAME_ORDER = rf"{_WHAT} (?:{_ADVERB} )?(?:{_AUX}|{_PAST})"

_pattern = partial(re.compile, flags=re.I)
_JOIN = _pattern(rf"(?:[,;?]+ (?:and|but|so) |; ?|\?+ | and )(?={_INVERTED}|{_SAME_ORDER})|, (?={_INVERTED}|how many )")
_MAIN = _pattern(rf"(?:{_HOW} {_AUX}|{_AUX} |(?:who|what) (?!to\b|{_DETERMINER})\w+ |{_SAME_ORDER})")
_ASKED = _pattern(rf"(?:(?P<asked>{_HOW}|{_WHAT}) )?(?P<aux>{_AUX}) (?P<rest>.+)")
_DID = _pattern(rf"(?P<asked>{_WHAT}) (?P<adverb>{_ADVERB} )?(?P<verb>{_PAST})(?P<rest>.*)")
_DOES = _pattern(r"(?P<asked>who|what) (?P<verb>\w+s) (?P<rest>.+)")
_LEAD = _pattern(  # "In the 2019 floods, who ... and why ...?": the opening belongs to every part
    r"(?:in|during|after|before|on|at|under|following|according to) (?!which|what|whom)[^?]{3,80}?, "
    rf"(?={_HOW} |{_WHAT} )"
)
_TOGETHER = _pattern(
    r"(?P<frame>(?:do you know|(?:please |can you |could you )?tell me|i want to know) )?"
    rf"(?P<phrases>{_HOW}(?:, {_HOW})*,? and {_HOW}) (?P<rest>.+)"
)
_PAIR = _pattern(
    rf"(?P<one>(?P<word>how many|how much|which|what)(?: (?!{_PAST}){_NOUN}){{1,3}}?) and "
    rf"(?P<two>(?P=word) {_NOUNS}) (?P<rest>(?:{_AUX}|{_PAST}).*)"
)
_AFTERWARDS = _pattern(rf"(?P<first>.+?)(?P<more>(?:, {_HOW})*),? and(?:,? if so,?)? (?P<last>{_HOW})")
_AND_WHY = _pattern(rf"\? (?:and )?(?={_HOW}$)")  # "Who fired? And why?"
_SPEAKERS = _pattern(
    rf"(?!.*\b(?:the {_NAME} and (?-i:[A-Z])|(?:together|jointly|each other|one another|both|between)\b))"
    r"(?P<asked>what|how) (?P<aux>did|do|will) "
    rf"(?P<names>(?:the )?{_NAME}(?:, (?:the )?{_NAME})?,? and (?:the )?{_NAME}) (?P<rest>(?:{_SAYING})\b.*)"
)
_TOLL = _pattern(
    rf"how many(?P<noun> (?!{_PARTICIPLE}){_NOUNS})?(?P<aux> (?:are|was|were))? (?P<done>{_HARMED})"
    rf"(?P<tail> {_PREPOSITION} .+)?"
)
_SAYS = _pattern(rf"\b(?:do|does|did|will|would) .+ (?:{_SAYING})\b")
_OCCASION = _pattern(r"^(?:what|which|how many) (?:way|times?|day|date|year|month|week|hour)$")
_LIST = re.compile(r",? and |, ")
_WORD = r"[A-Z][\w’'-]+"
_KEPT = re.compile(  # never taken apart: quotations, brackets, names with "and" inside
    r"“[^”]*”|\"[^\"]*\"|«[^»]*»|(?<!\w)['‘][^'’]+['’](?!\w)|\([^)]*\)|"
    rf"\b({_WORD}) and \1\b|\b(?:{_WORD} )+(?:of|for) (?:the )?(?:{_WORD},? )+and (?:the )?{_WORD}|"
    rf"\b(?:{_WORD},? )+and (?:{_WORD} )+(?:Administration|Agency|Association|Board|Club|Commission|Committee|Company|"
    r"Council|Department|Institute|Ministry|Office|Organi[sz]ation|Party|Service|Society|Union)\b|\b(?:Bosnia|Trinidad|"
    rf"Antigua|Kitts|Tom[ée]|Turks|Wallis|Tyne|Jammu|Serbia|Marks|Procter|Smith|Barnes|Ernst|Simon) and {_WORD}"
)
_IT, _THEY, _HE = (_pattern(rf"\b(?:{words})\b") for words in ("it|its", "they|them|their", "he|him|his|she|her"))
_NOUN_PHRASE = _pattern(rf"(?:\b({_PREPOSITION}) )?\b((?:the|an?) {_NOUN}(?: {_NOUN})*|{_NAME})")
_PLURAL = _pattern(r"[^sui]s$|\b(?:people|police|men|women|children)$")
_GROUP = _pattern(r"\b(?:group|government|army|team|council|party|crew|company)$")
_POINTING = _pattern(
    r"\b(?:this|that|these|those|then|so|same|ones?|do it|it (?:happen|take|took|true|like|possible))\b"
)


def split(asked: Asked, scope: Filter | None, tools: Tools) -> tuple[Part, ...]:
    """The parts of the question, or the one that is put to each article by itself."""
    refused = _unanswerable(asked.text, tools)
    if refused:
        return (Part(asked.text, scope, refused=refused),)
    each = of_each(asked.text)
    articles = articles_about(each, scope, tools) if each else []
    if len(articles) > MOST_ARTICLES:
        tools.trace.warn(f"Asked of the {MOST_ARTICLES} nearest of {len(articles)} articles.")
    if len(articles) > 1:
        return tuple(
            _part(each, replace(scope or Filter(), articles=(article_id,)), scope, article_id)
            for article_id in articles[:MOST_ARTICLES]
        )
    texts = parts_of(asked.text) if tools.model else (asked.text,)
    return tuple(_part(text, scope, scope) for text in texts)


def _unanswerable(question: str, tools: Tools) -> Reason:
    """Why no article can answer, before any is searched; what a time of the question is taken as is noted."""
    if not tools.sources.library.passage_count:
        return "no_articles"
    time = tools.sources.time_of(question)
    if time is None:
        return ""
    if names_subject(question):
        tools.trace.warn(*time.notes)
        return ""
    tools.trace.warn(*time.newest)
    return "no_subject"


def _part(text: str, where: Filter | None, scope: Filter | None, article_id: str = "") -> Part:
    refused: Reason = "not_a_question_for_the_articles" if not_for_the_articles(text) else ""
    return Part(text, where, article_id, bool(scope), refused)


def parts_of(question: str) -> tuple[str, ...]:
    """The questions that a standalone question is made of, at most three; the question itself where it is one.

    >>> parts_of("When and where did the talks take place?")
    ('When did the talks take place?', 'Where did the talks take place?')
    >>> parts_of("Who fired on the buses and why?")
    ('Who fired on the buses?', 'Why did someone fire on the buses?')
    >>> parts_of("How many soldiers and civilians were killed?")
    ('How many soldiers and civilians were killed?',)
    """
    if "_" in question or len(question) > MAX_LENGTH:
        return (question,)
    text = _KEPT.sub(lambda match: match.group().replace(" ", "_"), " ".join(question.split()))  # one word each
    lead = match.group() if (match := _LEAD.match(text)) else ""
    found = _taken_apart(_AND_WHY.sub(" and ", text[len(lead) :].rstrip(" ?.!")))
    mark = "." if text.endswith(".") else "?"
    whole = [lead + (part[:1].lower() if lead else part[:1].upper()) + part[1:] + mark for part in found]
    parts = [part.replace("_", " ") for part in whole]
    if len(parts) < 2 or not _stand_alone(parts) or language_of(question) != "en":
        return (question,)
    return tuple(parts) if len(parts) <= MOST_PARTS else (*parts[:2], " ".join(parts[2:]))


def _stand_alone(parts: Sequence[str]) -> bool:
    """Whether no part has lost what the others are about: their names, or a thing, a word or an opening in common.

    A part that has a name, a date or a thing of its own needs nothing of the others, unless it asks what was said.
    """
    words = [words_of(part) for part in parts]
    ties = [set(re.findall(r"\b(?:the|an?) [\w’'-]+", part.lower())) for part in parts]
    named = any(each.names for each in words)
    if not named and all(len(each.content) == 1 for each in words):
        return True
    own = [  # "the driver" may be that of the convoy which an earlier part names
        bool(each.names or each.days or (tie and not _SAYS.search(part) and not any(one.names for one in words[:at])))
        for at, (tie, each, part) in enumerate(zip(ties, words, parts, strict=True))
    ]
    if not named:
        for tie, each, part in zip(ties, words, parts, strict=True):
            tie |= each.content | ({" ".join(part.lower().split()[:2])} if len(each.content) > 1 else set())
    shared = [any(tie & other for other in ties if other is not tie) for tie in ties]
    return all(alone or tied for alone, tied in zip(own, shared, strict=True))


def _taken_apart(text: str) -> list[str]:
    """The parts of a masked question, without their marks; one or none where it is one question."""
    if pair := _PAIR.fullmatch(text):
        return [f"{pair['one']} {pair['rest']}", f"{pair['two']} {pair['rest']}"]
    together = _TOGETHER.fullmatch(text)
    clauses = [text] if together and not _JOIN.search(together["rest"]) else _JOIN.split(text)
    if any(re.search(r"\?|\w{3,}\. [A-Z]", clause) for clause in clauses):
        return []
    if len(clauses) > 1 and not all(_is_main(part) for clause in clauses for part in _several(clause)):
        return []
    return [part for clause in _with_referents(_with_shared_words(clauses)) for part in _several(clause)]


def _is_main(clause: str) -> bool:
    """Whether a clause is a whole main question with no other question or relative clause inside it."""
    opening = re.match(rf"(?:{_HOW}|{_WHAT})", clause, re.I)
    inner = re.search(rf"\b{_ASKING}", clause[opening.end() if opening else 0 :], re.I)
    return bool(_MAIN.match(clause)) and not inner


def _several(clause: str) -> list[str]:
    """The questions in one clause: "when and where ...", "who ... and why", "what did X and Y say"."""
    if match := _TOGETHER.fullmatch(clause):
        inverted = bool(re.match(_AUX, match["rest"], re.I))
        if bool(match["frame"]) != inverted and words_of(match["rest"]).content:
            return [f"{match['frame'] or ''}{asked} {match['rest']}" for asked in _LIST.split(match["phrases"])]
    elif match := _AFTERWARDS.fullmatch(clause):
        again = [_asked_again(match["first"], phrase) for phrase in (*_LIST.split(match["more"])[1:], match["last"])]
        return [match["first"], *again] if all(again) and _is_main(match["first"]) else [clause]
    elif match := _SPEAKERS.fullmatch(clause):
        aux = "does" if match["aux"].lower() == "do" else match["aux"]
        return [f"{match['asked']} {aux} {name} {match['rest']}" for name in _LIST.split(match["names"])]
    return [clause]


def _asked_again(first: str, phrase: str) -> str:
    """``first`` asked for something else, "who won the race", "when" -> "when did someone win the race"; or empty."""
    said = len(words_of(first).content)
    if (match := _DID.fullmatch(first)) and said > 1:
        someone, base = _stand_in(match["asked"]), _PASTS.get(match["verb"].lower())
        return f"{phrase} did {someone} {match['adverb'] or ''}{base}{match['rest']}" if someone and base else ""
    if match or not (match := _ASKED.fullmatch(first)):
        return ""
    asked, aux, rest = match["asked"] or "", match["aux"].lower(), match["rest"]
    passive = re.match(_PARTICIPLE, rest, re.I)
    if not asked and (phrase.lower() == "why" or " or " in rest):
        return ""  # "is it safe and why": should it not be, "why is it safe" would be a wrong question
    if not asked or re.fullmatch(_HOW, asked, re.I) or (_OCCASION.search(asked) and not passive):
        return f"{phrase} {aux} {rest}"
    someone = _stand_in(asked, plural=aux in ("are", "were", "have"), harmed=bool(re.match(_HARMED, rest)))
    if aux not in ("do", "does", "did"):
        verb = re.match(rf"(?:not |{_ADVERB} )?(?:{_PARTICIPLE}|{_PREPOSITION}|{_BASE})", rest, re.I)
        return f"{phrase} {aux} {someone} {rest}" if someone and verb and said > 1 else ""
    verb = re.match(rf".+? {_BASE}(?: {_PREPOSITION}$)?", rest, re.I)
    after = rest[verb.end() :] if verb else ""
    clause = re.match(rf" (?:{_PAST}|{_AUX}|to\b)", after, re.I)  # "who does the paper say fired"
    if not someone or not verb or said < 3 or clause or (someone == "something" and not after):
        return ""  # "what did the minister announce and when": nothing is left to ask about
    return f"{phrase} {aux} {verb.group()} {someone}{after}"


def _stand_in(asked: str, *, plural: bool = False, harmed: bool = False) -> str:
    """What is asked for, as an unknown: who -> someone, how many ships -> ships; empty where that has no name."""
    word, _, noun = re.sub(r"^how (?:many|much)", "amount", asked, flags=re.I).lower().partition(" ")
    if noun:
        noun = asked[-len(noun) :]
        one = f"{'an' if noun[0].lower() in 'aeio' else 'a'} {noun}" if word in ("what", "which") else ""
        return noun if word == "amount" or _PLURAL.search(noun) else one
    if word in ("who", "whom") or (word == "amount" and harmed):
        return "people" if plural else "someone"
    return "something" if word == "what" and not plural else ""


def _with_shared_words(clauses: list[str]) -> list[str]:
    """ "How many people were killed in Larn", "how many wounded": each with the noun, auxiliary and place of both."""
    found = [toll for clause in clauses if (toll := _TOLL.fullmatch(clause))]
    tails = {toll["tail"] for toll in found if toll["tail"]}
    if len(found) < len(clauses) or not found[0]["aux"] or len(tails) > 1:
        return clauses
    noun, aux, tail = found[0]["noun"] or "", found[0]["aux"], "".join(tails)
    return [f"how many{toll['noun'] or noun}{toll['aux'] or aux} {toll['done']}{tail}" for toll in found]


def _with_referents(clauses: list[str]) -> list[str]:
    """The clauses with their pronouns resolved by the first; empty where one points to nothing certain."""
    whole = clauses[:1]
    for clause in clauses[1:]:
        leaning = [family for family in (_IT, _THEY, _HE) if family.search(clause)]
        if _POINTING.search(clause) or len(leaning) > 1:
            return []
        if leaning and not leaning[0].search(clauses[0]):  # else the question leaned on something before it already
            noun = _referent(clauses[0], leaning[0])
            if not noun:
                return []
            before, pronoun, after = re.split(rf"({leaning[0].pattern})", clause, maxsplit=1, flags=re.I)
            owning = "its|their|his" if re.match(rf"$| {_PREPOSITION}", after, re.I) else "its|their|his|her"
            owned = ("'" if noun.endswith("s") else "'s") if re.fullmatch(owning, pronoun, re.I) else ""
            clause = f"{before}{noun}{owned}{after}"  # later pronouns now point to this one
        whole.append(clause)
    return whole


def _referent(first: str, family: re.Pattern[str]) -> str:
    """The one noun of ``first`` that a pronoun of the next question can stand for; empty where that is not certain."""
    match = _DID.fullmatch(first) or _ASKED.fullmatch(first) or _DOES.fullmatch(first)
    if not match:
        return ""
    asked, rest, aux = (match["asked"] or "").lower(), match["rest"].strip(), match.groupdict().get("aux") or ""
    circumstance = not asked or bool(re.fullmatch(_HOW, asked))
    if (asked, family) in (("who", _HE), ("what", _IT)) and aux in ("is", "was"):
        inside = re.search(rf"['’]s |\b(?:{_PREPOSITION}|{_PARTICIPLE}|{_ADVERB})", rest, re.I)
        return "" if inside else rest  # "who was Anna Bell", "what is the treaty"
    if not circumstance and (asked, family) not in (("who", _IT), ("what", _HE)):
        return ""  # the pronoun may stand for the answer
    verb = rf" {_BASE}" if aux in ("do", "does", "did") else rf"$| (?:{_PREPOSITION}|{_ADVERB}|{_PARTICIPLE})"
    subject = _pattern(rf"(?:(?:the|an?) {_NOUNS}|{_NAME})(?={verb})").match(rest)
    if not subject and (circumstance or aux):
        return ""
    nouns = [(None, subject.group())] if subject else []
    nouns += _NOUN_PHRASE.findall(rest, subject.end() if subject else 0)
    fitting = {noun for before, noun in nouns if _fits(noun, before, family)}
    return fitting.pop() if len(fitting) == 1 else ""


def _fits(noun: str, before: str | None, family: re.Pattern[str]) -> bool:
    """Whether a pronoun can stand for a noun; ``before``: the preposition that it follows, ``None`` for a subject."""
    if noun[0].isupper():  # "in Larn" names no person, and only as a subject is a name several people
        return family is _IT or (not before and family is _HE) or before is None
    plural = bool(_PLURAL.search(noun))
    return plural or bool(_GROUP.search(noun)) if family is _THEY else not plural
