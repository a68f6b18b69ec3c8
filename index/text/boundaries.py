"""Is a proposed place really the end of a sentence? The rules that news text needs, one small test each.

Every rule errs on one side: a sentence too long still says what it says, half a sentence does not.
"""

import re

CLOSERS = "\"”’')]}»›“"
"""Characters that, directly after a full stop, still belong to the sentence that ends there."""

_REACH = 200  # characters looked at after a proposed place
_NEAR = 2000  # and before it: more than any sentence has, few enough that a line of megabytes is judged in linear time
_OPENERS = "\"“„‘'«‹([{`¿¡ "

_STARTERS = frozenset(
    "A After Also Although Among An And Another Any Are As At Because Before Both But By Can Despite Do Does During "
    "Each Even Every For From Had Has Have He Her Here His How However I If In Instead Is It Its Just Last Later Like "
    "Many Maybe Meanwhile More Most My Neither No None Not Nothing Now On Once One Only Or Other Others Our Over "
    "Perhaps Previously She Since So Some Still Such Than That The Their Then There These They This Those Though "
    "Through Thus To Today Two Under Unlike Until Was We Were What When Where Whether Which While Who Why With "
    "Without Yet You Your".split()
)
# Never the last word of a sentence, whatever follows.
_TITLES = frozenset(
    "Mr Mrs Ms Mx Messrs Dr Drs Prof Rev Fr Hon Msgr Mgr Ven Gen Lt Col Maj Capt Cpt Cmdr Adm Sgt Cpl Pvt Pfc Brig "
    "Sen Sens Rep Reps Gov Govs Pres Supt Det Insp Amb Atty Dist Mt Mme Mlle MM Sra Srta Dra Hr Fra Gral Cnel Ing Lic "
    "Arq Dipl bzw vs viz cf approx ca".split()
)
# An abbreviation only where a number follows: "No. 5", "Jan. 5", "pp. 22".
_BEFORE_NUMBER = frozenset(
    "no nos nr núm num ste rte hwy apt cor vol vols p pp pg fig figs sec art arts ch para pt rt bd abs ziff n ver "
    "jan feb mar apr jun jul aug sep sept oct nov dec ene abr ago janv févr juil déc okt dez".split()
)
# Companies and people: these do end sentences, unless a lower-case word or a job follows.
_JOBS = frozenset(
    "Chief CEO CFO COO Chairman Chairwoman Chair Chairperson President Vice Executive Founder Co-Founder Senior "
    "Director Managing Spokesman Spokeswoman Analyst Shares".split()
)
_COMPANY = re.compile(r"(?:Inc|Corp|Ltd|Co|Cos|Bros|plc|LLC)\.?(?=\W|$)")
_ZONES = re.compile(
    r"(?:[ECMP][SD]?T|GMT|BST|UTC|CEST|CET|IST|JST|AEST|AEDT|Eastern|Pacific|Central|Mountain|Greenwich)\b"
)
_DAYS = re.compile(
    r"(?:Mon|Tues?|Wed(?:nes)?|Thur?s?|Fri|Sat(?:ur)?|Sun)(?:day)?\b\.?|"
    r"(?:Jan|Feb|March|April|May|June|July|Aug|Sept|Oct|Nov|Dec)\w*\.?\s\d"
)
_SPEECH = (
    "said says say asked asks added adds told tells wrote writes replied replies continued exclaimed shouted yelled "
    "recalled explained wondered joked declared insisted cried responded noted announced tweeted posted read reads "
    "chanted screamed demanded quipped urged warned recounted remembered argued concluded commented"
)
_ATTRIBUTION = re.compile(rf"(?:(?:[^\W\d_][\w'’.-]*|\d+),?\s+){{0,6}}?(?:{'|'.join(_SPEECH.split())})\b")
_ATTRIBUTED_WITHIN = 8  # words after a quotation
_LAST_WORD = re.compile(r"([^\W_]+(?:[.’'-][^\W_]+)*)\.$")
_INITIALS = re.compile(r"(?:^|[\s(\[\"“‘'«.-])[A-ZÀ-Þ]\.$")
_ACRONYM = re.compile(r"(?:^|[\W_])(?:(?:[A-Za-zÀ-Þ]\.\s?){2,}|([A-Z])\1\.)$")
_HOUR = re.compile(r"\b[ap]\.\s?m\.$", re.IGNORECASE)
# A web page lost the space ("…this report.Syrian troops…"); an address or "Mon.-Fri." has none to lose.
_GLUED_END = re.compile(r"[a-zß-ÿ]{2}[.!?]\W?$")
_GLUED_START = re.compile(r"[A-ZÀ-Þ][a-zß-ÿ’']*\s")
_NO_SPACE_NEEDED = re.compile(r"[。！？｡।][»”’」』）]*$")
_DASHED_ON = re.compile(r"[—–−-]+\s*[a-zß-ÿ]")
_LIST_NUMBER = re.compile(r"^\W*(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4})[.)]{1,2}$")
_ORDINAL_DOT = frozenset("cs da de et fi hr hu is lv nb nn no pl sk sl sr tr".split())
_BRAND = re.compile(r"[a-z]{1,2}[A-Z]")  # iPhone
_BRANDS = re.compile(r"\b(?:Yahoo|Jeopardy|Yum|Chips Ahoy|Guess|Wham|E|Oklahoma)[!?]$")


def is_boundary(line: str, start: int, end: int, following: int, language: str) -> bool:
    """Does the sentence ``line[start:end]`` end at ``end``, so that another starts at ``following``?"""
    before, rest = line[max(start, end - _NEAR) : end], line[following : following + _REACH]
    after = rest.lstrip(_OPENERS)
    if not after or not re.search(r"\w", before):
        return False
    if end == following:
        return bool(_NO_SPACE_NEEDED.search(before) or (_GLUED_END.search(before[-6:]) and _GLUED_START.match(after)))
    bare = before.rstrip(CLOSERS)
    quoted = len(bare) < len(before)
    return not (
        _goes_on(line[max(0, end - _NEAR) : following + _NEAR], after)
        or _is_abbreviation(bare, after, language)
        or _inside_brackets(before, rest)
        or (quoted and bare.endswith(("?", "!")) and _quote_goes_on(rest, after))
        or _is_name_with_mark(bare, quoted, after)
    )


def is_settled(line: str, start: int, end: int, following: int) -> bool:
    """Whether nothing that a ``line`` may still grow by can undo the boundary that `is_boundary` sees at ``end``."""
    before, rest = line[max(start, end - _NEAR) : end], line[following:]
    after = rest.lstrip(_OPENERS)
    if after[0].islower() and not _BRAND.match(after):
        return False  # a boundary only as long as no capital is near
    if _open_bracket(before) and len(rest) < _REACH:
        return False
    words = _words_that_decide(before) if after[0].isalnum() else 2  # "…" may belong to what ends
    return re.match(rf"(?:\S+\s+){{{words}}}", after) is not None


def _words_that_decide(before: str) -> int:
    """How many whole words behind ``before`` the rules read; its last word alone mostly says enough."""
    bare = before.rstrip(CLOSERS)
    if bare.endswith(("?", "!")):
        return _ATTRIBUTED_WITHIN if len(bare) < len(before) else 2
    last = _LAST_WORD.search(bare[-40:])
    if last is None:
        return 0
    name = last.group(1).rpartition("-")[2]
    is_word = len(name) > (1 if name.islower() else 3) and "." not in name
    return 0 if is_word and not _COMPANY.match(name) else 2


def _goes_on(near: str, after: str) -> bool:
    """A small letter goes on with the sentence, unless it is a brand's (iPhone) or no capitals are near."""
    first = after[0]
    if not first.islower():
        return first in ",;:)]}…%" or bool(_DASHED_ON.match(after))
    return not _BRAND.match(after) and near != near.lower()


def _is_abbreviation(bare: str, after: str, language: str) -> bool:
    if not bare.endswith("."):
        return False
    if _LIST_NUMBER.match(bare):
        return True
    bare = bare[-40:]  # enough for the last words
    word = re.match(r"[\w'’-]+", after)
    next_word = word.group() if word else ""
    if _HOUR.search(bare):
        return after.startswith("local") or bool(_ZONES.match(after) or _DAYS.match(after))
    if _INITIALS.search(bare) or _ACRONYM.search(bare):
        return next_word not in _STARTERS or after.startswith(("I.", "A."))  # "D-R. I."
    if re.search(r"(?:^|\W)[a-zß-ÿ]\.$", bare):  # "z. B.", "d. h."; but "for any number n. This implies"
        return next_word not in _STARTERS
    last = _LAST_WORD.search(bare)
    if last is None:
        return False
    name = last.group(1).rpartition("-")[2]  # "then-Gov."
    if name in _TITLES or name == "v":
        return True
    if next_word[:1].isdigit():
        return name.lower() in _BEFORE_NUMBER or (language in _ORDINAL_DOT and name.isdigit() and len(name) < 3)
    if language in _ORDINAL_DOT and name.isdigit() and len(name) < 3:
        return True
    if name in ("St", "Ft", "Sr", "M", "Mag") and next_word not in _STARTERS:
        return True
    return bool(_COMPANY.match(name)) and next_word in _JOBS


def _inside_brackets(before: str, rest: str) -> bool:
    """An open bracket that soon closes holds its content together, unless it opened the sentence."""
    closing = _open_bracket(before)
    return bool(closing) and closing in rest


def _open_bracket(before: str) -> str:
    """What would close the bracket that is open at the end of ``before``; empty where none is."""
    for opening, closing in ("()", "[]"):
        place = before.rfind(opening)
        if place > 0 and before.find(closing, place) < 0 and before[:place].strip(_OPENERS):
            return closing
    return ""


def _quote_goes_on(rest: str, after: str) -> bool:
    """``"Why?" Abo Zayd asked`` is one sentence: who said it belongs to what was said; so does ``"Help!" (1965)``."""
    return rest.startswith("(") or bool(_ATTRIBUTION.match(after[:120]))


def _is_name_with_mark(bare: str, quoted: bool, after: str) -> bool:
    """Yahoo! Finance, "Guess? Inc.": the mark belongs to the name."""
    if not bare.endswith(("!", "?")):
        return False
    if _COMPANY.match(after):
        return True
    word = re.match(r"[\w'’-]+", after)
    return not quoted and bool(_BRANDS.search(bare)) and word is not None and word.group() not in _STARTERS
