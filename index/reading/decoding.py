"""Bytes -> text, when nobody says in which encoding.

UTF-8 and byte-order marks settle nearly all files. For the rest charset-normalizer is asked, after two rules of our
own, because on the few accented letters of a Western page it often answers cp1250 ("seńor"), and on short Japanese
texts Korean.
"""

import codecs
import re

from charset_normalizer import from_bytes

from onrecord.index.errors import ReadError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark starts with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The letters of languages that cp1252 cannot write: they tell cp1250 from ISO 8859-2.
_CENTRAL_EUROPEAN = {
    "bs": "čćđšž",
    "cs": "áčďéěíňóřšťúůýž",
    "hr": "čćđšž",
    "hu": "áéíóöőúüű",
    "pl": "ąćęłńóśźż",
    "ro": "ăâîşţ",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "sl": "čšž",
}
_META = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_HIRAGANA = re.compile(r"[\u3041-\u309f]")
_SAMPLE = 100_000


def decode(data: bytes, name: str, *, html: bool = False) -> str:
    """The text of ``data``; ``name`` is for the error. An HTML page's own ``<meta charset>`` is believed if it fits."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    declared = _META.search(data[:4096]) if html else None
    for encoding in ("utf-8", declared.group(1).decode("ascii") if declared else ""):
        text = _strict(data, encoding) if encoding else None
        if text is not None and "\0" not in text[:_SAMPLE]:
            return text
    text = _utf16_without_mark(data) or _nearly_utf8(data)
    if text is None and not _looks_binary(data):
        text = _legacy(data)
    if text is None:
        raise ReadError(f"{name} is not text: it looks like a binary file. Save it as text, HTML, PDF or DOCX.")
    return text


def as_utf8(data: bytes, charset: str) -> bytes:
    """The bytes of a text as UTF-8, where a server says how they are written and that fits."""
    if not charset or data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data
    try:
        return data.decode(charset).encode()
    except (LookupError, UnicodeError):
        return data


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError):  # "undefined" is a codec that fails with no more than this
        return None


def _utf16_without_mark(data: bytes) -> str | None:
    """Text in mostly ASCII letters has a zero in every second byte."""
    sample = data[:_SAMPLE]
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if zeros and zeros.count(0) > 0.4 * len(zeros) and sample.count(0) < 1.2 * zeros.count(0):
            return _strict(data, encoding)
    return None


def _nearly_utf8(data: bytes) -> str | None:
    """UTF-8 with a few broken bytes (a cut or pasted file): they become U+FFFD, the rest stays right."""
    if _looks_binary(data):
        return None
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(ord(char) > 127 for char in text) - broken
    return text if whole > 5 * broken else None


def _looks_binary(data: bytes) -> bool:
    sample = data[:_SAMPLE]
    odd = sum(sample.count(byte) for byte in range(32) if byte not in b"\t\n\r\x0b\x0c\x1b")
    return b"\0" in sample or odd > 0.005 * len(sample)


def _legacy(data: bytes) -> str | None:
    sample = data[:_SAMPLE]
    high = sum(byte > 127 for byte in sample) / len(sample)
    if high < 0.2:
        return _western(data)
    for encoding in ("shift_jis", "euc_jp"):
        text = _strict(data, encoding)
        if text and len(_HIRAGANA.findall(text)) > 0.15 * len(text):
            return text
    best = from_bytes(data).best()
    return str(best) if best is not None else None


def _western(data: bytes) -> str:
    """Latin letters with some accents: cp1252, unless the language is one that it cannot write."""
    import py3langid

    text = _strict(data, "cp1252") or data.decode("latin-1")
    letters = _CENTRAL_EUROPEAN.get(py3langid.classify(text[:5000])[0])
    if letters is None:
        return text
    candidates = [one for one in (_strict(data, "cp1250"), _strict(data, "iso8859-2")) if one is not None]
    return max(candidates, key=lambda one: sum(one.count(letter) for letter in letters), default=text)
