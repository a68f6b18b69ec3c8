"""Any text -> one ``Article``: normalised once, with title, place, date, language and identity.

After ``article_from_text`` the text never changes again: every offset in OnRecord counts into it.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256

from onrecord.index.errors import InputError, ReadError
from onrecord.index.inert import web_address
from onrecord.index.text.sentences import sentence_spans
from onrecord.index.types import Article

NORMALISER_VERSION = 1
"""Part of the index fingerprint: raise it whenever the same file would give another text."""

LONGEST_TITLE = 90
_LONGEST_DATE = 100
_FEWEST_WORDS_FOR_LANGUAGE = 8  # py3langid guesses on less
_LANGUAGE_SAMPLE = 600  # characters: enough to be sure, and the time it takes grows with them

_NEWLINES = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Control characters but newline and tab; marks that show nothing, break words, or turn the direction of what follows.
_DROPPED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")

_CAPITALS = r"[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ.'’/ -]*[A-ZÀ-ÖØ-Þ.]"
_MIXED = r"[A-ZÀ-ÖØ-Þ][\w.'’-]+(?: [A-ZÀ-ÖØ-Þ][\w.'’-]+){0,3}"
_REGION = r"(?:, [A-ZÀ-ÖØ-Þ][\w.'’-]*(?: [A-ZÀ-ÖØ-Þ][\w.'’-]*){0,2})?"
_DAY = r"(?:, (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}(?:, \d{4})?)?"
_AGENCY = r"\((?P<source>[A-Z][\w .&'’-]{1,30})\)"
_DASH = r"\s*(?:—|–|--|\s-\s)\s*"
_DATELINES = (
    re.compile(rf"(?P<place>{_CAPITALS}{_REGION}){_DAY}\s+{_AGENCY}{_DASH}"),
    re.compile(rf"(?P<place>{_MIXED}{_REGION}){_DAY}\s+{_AGENCY}{_DASH}"),
    re.compile(rf"(?P<place>){_AGENCY}{_DASH}"),
    re.compile(rf"(?P<place>{_CAPITALS}{_REGION}){_DAY}{_DASH}(?=[“\"‘'(]?[A-ZÀ-ÖØ-Þ0-9])"),
)
_NO_PLACES = frozenset(
    "ANALYSIS BREAKING COLUMN COMMENT CORRECTION EDITORIAL EXCLUSIVE EXPLAINER FACTBOX FEATURE LATEST LIVE NEW NEWS "
    "OPINION PHOTOS READ REVIEW TIMELINE UPDATE UPDATED URGENT VIDEO WATCH WORLD".split()
)
_DAY_FORMATS = (
    "%d %B %Y",
    "%d %b %Y",
    "%B %d %Y",
    "%b %d %Y",
    "%A %d %B %Y",
    "%A %B %d %Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
)


@dataclass(frozen=True, slots=True)
class Dateline:
    """How a wire story opens: "BEIRUT (Reuters) — ". ``length`` is how many characters of the text it takes."""

    place: str = ""
    source: str = ""
    length: int = 0


def article_from_text(
    text: str, *, title: str = "", source: str = "", published: str = "", url: str = "", language: str = ""
) -> Article:
    """Make an article; what is not given is read from the text where it is stated.

    The identity is the URL, or without one the normalised text: never the title. A URL that is no web address (http or
    https) is left out. ``published`` becomes ISO 8601, or
    empty when it is not one unambiguous day.

    >>> article = article_from_text("BEIRUT (Reuters) —  A cease-fire fell apart on Wednesday. More follows.")
    >>> article.title, article.place, article.source, article.text[:6]
    ('A cease-fire fell apart on Wednesday', 'Beirut', 'Reuters', 'BEIRUT')
    """
    text = normalise(text)
    if not re.search(r"\w", text):
        raise ReadError("The text holds no words; give at least one sentence.")
    dateline = read_dateline(text)
    url = web_address(url)
    return Article(
        id=identity(url or text),
        title=_one_line(title) or derive_title(text, dateline),
        text=text,
        source=_one_line(source) or dateline.source,
        published=iso_date(published),
        url=url,
        language=_one_line(language).lower()[:2] or detect_language(text),
        place=dateline.place,
    )


def identity(url_or_text: str) -> str:
    """The id of the article that has this URL or, without one, this text."""
    return "a" + sha256(url_or_text.encode("utf-8")).hexdigest()[:12]


def normalise(text: str) -> str:
    """NFC, ``\\n`` for every kind of newline, no control or invisible characters, no white space at the ends.

    Applying it twice changes nothing.
    """
    text = _DROPPED.sub("", _NEWLINES.sub("\n", text))
    text = _SURROGATES.sub("\ufffd", text)
    return unicodedata.normalize("NFC", text).strip()


def read_dateline(text: str) -> Dateline:
    """The dateline that the text opens with, or an empty one.

    >>> read_dateline("ST. PAUL, Minn. (AP) — The governor said so.")
    Dateline(place='St. Paul, Minn.', source='AP', length=23)
    """
    opening = text[:160].partition("\n")[0]
    for pattern in _DATELINES:
        match = pattern.match(opening)
        if match and match.end() < len(text):
            place = match["place"]
            if place.rstrip(".").upper() in _NO_PLACES or (place and len(place) < 3):
                return Dateline()
            named_source = "source" in pattern.groupindex
            return Dateline(_place_name(place), match["source"] if named_source else "", match.end())
    return Dateline()


def derive_title(text: str, dateline: Dateline | None = None) -> str:
    """The first sentence after the dateline, cut at a word so that it has at most 90 characters.

    >>> derive_title("PARIS — A bridge was closed. It was old.")
    'A bridge was closed'
    """
    opening = text[(dateline or read_dateline(text)).length :][:2000].lstrip()
    start, end = next(iter(sentence_spans(opening)), (0, len(opening)))
    sentence = _one_line(opening[start:end])
    if len(sentence) > LONGEST_TITLE:
        kept = sentence[:LONGEST_TITLE]
        return (kept.rpartition(" ")[0] or kept[:-1]).rstrip(" ,;:—–-") + "…"
    return sentence[:-1] if re.search(r"[^.]\.$", sentence) and not re.search(r"\b[A-Z]\.$", sentence) else sentence


def iso_date(stated: str) -> str:
    """A stated date as ISO 8601 (a day, or a date-time with its zone), or ``""`` when it is none or ambiguous.

    >>> iso_date("December 14, 2016"), iso_date("2024-03-04T09:30:00+0100"), iso_date("03/04/2024")
    ('2016-12-14', '2024-03-04T09:30:00+01:00', '')
    """
    if len(stated) > _LONGEST_DATE:
        return ""
    stated = " ".join(stated.split())
    if re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", stated) is None and not re.match(r"\d{4}-?\d{2}-?\d{2}(?:[T ]|$)", stated):
        return _written_date(stated)
    try:
        moment = datetime.fromisoformat(stated.replace("Z", "+00:00").replace(" UTC", "+00:00"))
    except ValueError:
        return ""
    if len(stated) <= 10 or (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds")


def stated_facts(*, title: str | None, source: str | None, published: str | None) -> dict[str, str]:
    """The facts that are given, as they are stored; raises ``InputError`` for one that cannot be.

    >>> stated_facts(title=None, source=" Larnville  Courier", published="9 March 2024")
    {'source': 'Larnville Courier', 'published': '2024-03-09'}
    """
    facts: dict[str, str] = {}
    if title is not None:
        facts["title"] = _one_line(title)
        if not facts["title"]:
            raise InputError("The title is empty; an article needs one.")
    if source is not None:
        facts["source"] = _one_line(source)
    if published is not None:
        facts["published"] = iso_date(published)
        if published.strip() and not facts["published"]:
            raise InputError(f"“{_one_line(published)[:60]}” is no day; write the date as 2024-03-09.")
    return facts


def _written_date(stated: str) -> str:
    plain = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b|,|(?<=[A-Za-z]{3})\.", "", stated).replace("Sept ", "Sep ")
    for day_format in _DAY_FORMATS:
        try:
            return datetime.strptime(plain, day_format).date().isoformat()
        except ValueError:
            continue
    if "," in stated and ":" in stated:
        try:
            return parsedate_to_datetime(stated).isoformat(timespec="seconds")
        except (ValueError, OverflowError):  # a year of eleven digits
            return ""
    return ""


def detect_language(text: str) -> str:
    """Two-letter code; "en" for a text of fewer than eight words, on which a guess would be one."""
    if len(text.split(None, _FEWEST_WORDS_FOR_LANGUAGE)) < _FEWEST_WORDS_FOR_LANGUAGE and len(text) < 60:
        return "en"
    import py3langid

    return str(py3langid.classify(text[:_LANGUAGE_SAMPLE])[0])


def _place_name(place: str) -> str:
    """ "TEL AVIV, Israel" -> "Tel Aviv, Israel"; initials (D.C.) and what is not all capitals stay."""

    def gentle(match: re.Match[str]) -> str:
        word = match.group()
        return word if "." in word[:-1] else word.capitalize()

    return re.sub(r"[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ.]+(?![\wÀ-ÿ])", gentle, place.strip())


def _one_line(text: str) -> str:
    return " ".join(normalise(text).split())
