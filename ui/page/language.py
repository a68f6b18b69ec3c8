"""The page in the language of who reads it: English stands where it is shown, ``languages/`` has the others.

What the page says itself is marked: ``_("Ask")``, ``counted(n, "{count:,} article", "{count:,} articles")``. What other
rooms say is English and kept so; `onrecord.ui.page.messages.said` gives it in the reader's language where it is shown.
What an article or an answer says is never translated. A text that no catalogue has stays English; tests see to it that
there is none.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from string import Formatter
from typing import Any

ENGLISH = "en"
NAMES = {ENGLISH: "English", "es": "Español", "de": "Deutsch", "fr": "Français"}
LANGUAGES = tuple(NAMES)
_SEPARATORS = {"es": ".,", "de": ".,", "fr": "\u202f,"}  # of thousands, of decimals
_ACCEPTED = re.compile(r"\s*([A-Za-z]+)[\w-]*\s*(?:;\s*q\s*=\s*([01](?:\.\d*)?)\s*)?")
_COOKIE = re.compile(r"(?:^|;)\s*onrecord-language=(\w+)\s*(?:;|$)")
_MARK = re.compile("\ue000(\\d+)\ue001")  # what was built once for everybody has these in place of texts

_chosen: ContextVar[str] = ContextVar("language", default="")
_building: ContextVar[bool] = ContextVar("building", default=False)


@dataclass(frozen=True, slots=True)
class _Text:
    """A marked text: under which it is in the catalogues, which form of it, and that in English."""

    key: str
    form: int
    english: str

    def shown(self, code: str) -> str:
        forms = _texts(code).get(self.key)
        return forms[self.form] if forms else self.english


_built: dict[_Text, int] = {}  # every text in what was built, with the number that stands for it


@cache
def catalogue(code: str) -> dict[str, dict[str, Any]]:
    """The file of a language: ``page``, what the page says itself, and ``said``, what other rooms say.

    Each text has one form, or two: of one, and of any other number.
    """
    if code == ENGLISH:
        return {"page": {}, "said": {}}
    file = files("onrecord.ui.page").joinpath("languages", f"{code}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _texts(code: str) -> Mapping[str, Sequence[str]]:
    every = [item for table in catalogue(code).values() for item in table.items()]
    return {key: (value,) if isinstance(value, str) else tuple(value) for key, value in every}


@lru_cache(maxsize=64)
def preferred(accepted: str) -> str:
    """The language for a browser that sends this ``Accept-Language``; English where it asks for none that there is.

    >>> preferred("fr-CH, fr;q=0.9, de;q=0.7"), preferred("it, de;q=0.5, es;q=0.8"), preferred("ja"), preferred("")
    ('fr', 'es', 'en', 'en')
    """
    found = [match for part in accepted.split(",") if (match := _ACCEPTED.fullmatch(part))]
    known = [match for match in found if match[1].lower() in LANGUAGES]
    best = max(known, key=lambda match: float(match[2] or 1), default=None)
    return best[1].lower() if best else ENGLISH


def wanted(headers: Mapping[str, str]) -> str:
    """The language of who sent these headers: chosen on the page, which is in a cookie; else the browser's.

    >>> wanted({"accept-language": "fr", "cookie": "a=b; onrecord-language=de"}), wanted({"accept-language": "fr"})
    ('de', 'fr')
    """
    chosen = _COOKIE.search(headers.get("cookie") or "")
    return chosen[1] if chosen and chosen[1] in LANGUAGES else preferred(headers.get("accept-language") or "")


def language() -> str:
    """Of who asked for what is under way: inside `speaking` that one, else of who sent the page's event."""
    if chosen := _chosen.get():
        return chosen
    gradio = sys.modules.get("gradio.context")  # a command, which uses the dates, loads no Gradio
    request = gradio.LocalContext.request.get(None) if gradio else None
    return wanted(request.headers) if request else ENGLISH


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Inside, everything is said in this language."""
    before = _chosen.set(code)
    try:
        yield
    finally:
        _chosen.reset(before)


@contextmanager
def building() -> Iterator[None]:
    """Inside, a marked text becomes a mark, for which `spoken` puts in the text in the language of each reader."""
    before = _building.set(True)
    try:
        yield
    finally:
        _building.reset(before)


def spoken(built: str, code: str) -> str:
    """What was built, in one language."""
    texts = [*_built]

    def text(mark: re.Match[str]) -> str:
        return texts[int(mark[1])].shown(code) if int(mark[1]) < len(texts) else mark[0]

    return _MARK.sub(text, built)


def later(text: str) -> str:
    """Marks a text that is given to `_` only where it is shown."""
    return text


def _(text: str, /, **values: object) -> str:
    """The page's own text, with the values in its places; its numbers are written as the language writes them."""
    return _shown(_Text(text, 0, text), values)


def counted(count: int, one: str, many: str, /, **values: object) -> str:
    """As `_`: ``one`` or ``many``, as the language counts; ``count`` is among the values."""
    single = abs(count) < 2 if language() == "fr" else count == 1
    return _shown(_Text(one, 0, one) if single else _Text(one, 1, many), {"count": count, **values})


def _shown(text: _Text, values: Mapping[str, object]) -> str:
    if _building.get():
        if values:
            raise ValueError(f"“{text.english}” has values, and is built once for everybody; draw it on an event.")
        return f"\ue000{_built.setdefault(text, len(_built))}\ue001"
    code = language()
    return _Writing(code).vformat(text.shown(code), (), values) if values else text.shown(code)


def number(value: float, spec: str = ",") -> str:
    """A number alone, as the language writes it."""
    return _Writing(language()).format_field(value, spec)


class _Writing(Formatter):
    """``str.format`` with the numbers of a language."""

    def __init__(self, code: str) -> None:
        self._separators = _SEPARATORS.get(code)

    def format_field(self, value: Any, format_spec: str) -> str:
        """As `Formatter.format_field`."""
        text: str = super().format_field(value, format_spec)
        if self._separators is None or not isinstance(value, int | float):
            return text
        return text.translate(dict(zip(map(ord, ",."), self._separators, strict=True)))


_MARKED = re.compile(r"""\b_\('([^']+)'\)|\bcounted\([^']+, '([^']+)', '([^']+)'\)""")


def marked_in(script: str) -> list[tuple[str, ...]]:
    """The texts that a script marks: each alone, or that of one with that of many."""
    return [(text,) if text else (one, many) for text, one, many in _MARKED.findall(script)]


def words_of(script: str) -> dict[str, str]:
    """What is shown for each text that a script marks."""
    return {
        forms[n]: _shown(_Text(forms[0], n, forms[n]), {}) for forms in marked_in(script) for n in range(len(forms))
    }
