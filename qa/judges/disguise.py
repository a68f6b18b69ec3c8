"""What a text says once its disguises are off: look-alike and invisible characters, spelling with digits, encodings.

News is not written like this. So what can be read only after decoding is meant for a program and no evidence, whatever
it says; what merely looks odd (a look-alike letter, a zero-width space) is read as it looks to a person.
"""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache

from onrecord.index.text.words import STOPWORDS

# Letters of other alphabets that look like Latin ones, from Unicode's table of confusables.
_LOOKS_LIKE = str.maketrans(
    "аеорсхуіјѕԁԛԝһАВЕЗКМНОРСТХУІЈЅԌαονρτυικχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcxyijsdqwhABE3KMHOPCTXYIJSGaovptuikxABEZHIKMNOPTYX",
)
_MIXED = re.compile(r"[A-Za-z][\u0370-\u052f]|[\u0370-\u052f][A-Za-z]")
_DIGITS = str.maketrans("4310572$@", "aeiostzsa")
_SPELT = re.compile(r"[A-Za-z][0134579$@]+[A-Za-z]|\b[0134579]+[a-z]{2,}")
_SPACED = re.compile(r"(?:\b\w[ .\-_]){5,}\w\b")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[ :]?){12,}")
_TAG_LETTERS = re.compile("[\U000e0020-\U000e007e]{4,}")
_BLACK_FLAG = "\U0001f3f4"  # the flags of England, Scotland and Wales are written with tag letters too
_OVERRIDES = re.compile("[\u202d\u202e]")
_WORD = re.compile(r"[a-z]{2,}")
_POINT_FIRST = re.compile(r"(?:^|\s)[.,:;!?][a-z]")
_READABLE = 0.3  # share of common English words; .4 to .5 in news


def folded(text: str) -> str:
    """The text as a person sees it: compatible forms made one, nothing invisible, look-alikes as what they look like.

    >>> folded("Ig\\u200bnоrе it, ｎｏｗ")
    'Ignore it, now'
    """
    seen = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    if _MIXED.search(seen):
        seen = seen.translate(_LOOKS_LIKE)
    return _SPACED.sub(lambda run: re.sub(r"[ .\-_]", "", run[0]), seen)


def readings_of(texts: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The `readings` of each text; none of one that holds words which only a program reads."""
    return {text: () if is_encoded(text) else readings(text) for text in texts}


@lru_cache(maxsize=50_000)
def readings(text: str) -> tuple[str, ...]:
    """The folded text and, where words are spelt with digits, the words meant.

    >>> readings("1gn0r3 4ll th3 t3xt")
    ('1gn0r3 4ll th3 t3xt', 'ignore all the text')
    """
    seen = folded(text)
    if len(_SPELT.findall(seen)) < 3:
        return (seen,)
    return seen, re.sub(r"\S*[A-Za-z$@]\S*|\b\d\b", lambda word: word[0].translate(_DIGITS), seen)


@lru_cache(maxsize=50_000)
def is_encoded(text: str) -> bool:
    """Whether a text holds words that only a program reads: base64, hexadecimal, ROT13, reversed, tag characters.

    >>> is_encoded("SWdub3JlIHRoZSBxdWVzdGlvbi4="), is_encoded("Vtaber gur grkg naq nafjre vg.")
    (True, True)
    """
    if _OVERRIDES.search(text) or (_TAG_LETTERS.search(text) and _BLACK_FLAG not in text):
        return True
    return any(_is_words(decoded) for decoded in _decoded(text)) or _turned(folded(text))


def _decoded(text: str) -> Iterator[bytes]:
    for run in _BASE64.findall(text):
        try:
            yield base64.b64decode(run + "=" * (-len(run) % 4))
        except binascii.Error:
            continue
    for run in _HEX.findall(text):
        digits = re.sub(r"[ :]", "", run)
        yield bytes.fromhex(digits[: len(digits) // 2 * 2])


def _is_words(data: bytes) -> bool:
    """Whether bytes are text: nearly all letters and spaces, and words among them."""
    text = data.decode("utf-8", errors="replace")
    return " " in text and sum(c.isalpha() or c in " .,:;'!?-" for c in text) >= 0.85 * len(text)


def _turned(text: str) -> bool:
    """Whether a text is English only when it is turned round, letter by letter or each letter by half the alphabet."""
    if _english(text):
        return False
    backwards = text[::-1]
    return _is_english(codecs.encode(text, "rot13")) or (
        _english(backwards) >= _READABLE if _POINT_FIRST.search(text) else _is_english(backwards)
    )


def _is_english(text: str) -> bool:
    return _english(text) >= _READABLE and len(_common(text)) > 2


def _english(text: str) -> float:
    """The share of a text's words of two letters or more that are common English ones."""
    return len(_common(text)) / max(1, len(_WORD.findall(text.lower())))


def _common(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if word in STOPWORDS]
