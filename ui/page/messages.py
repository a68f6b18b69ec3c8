"""What other rooms say in English, in the language of who reads it: errors, reasons, warnings, labels.

They are kept and handed on as texts, with their values in them. The catalogues have them with ``{0}`` where a value
stands (``{0:n}``: a number), so each is known by the words around its values.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from onrecord.ui.page.dates import said_days
from onrecord.ui.page.language import ENGLISH, _, catalogue, language, number

PLACE = re.compile(r"{(\d+)(:n)?}")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})*")

Message = tuple[re.Pattern[str], str]


def said_parts(label: str) -> str:
    """A label that is put together from parts, each of them in the reader's language."""
    return "".join(said(part) for part in re.split(r"(: |, |; )", label))


def said(text: str) -> str:
    """``text`` in the reader's language; as it is where no catalogue has it."""
    code = language()
    known, messages = _known(code)
    if code == ENGLISH or text in known:
        return _(text)
    for pattern, translation in messages:
        if match := pattern.fullmatch(text):
            values = {name[1:]: _value(value) for name, value in match.groupdict().items()}
            return _filled(translation, values)
    return text


def _filled(translation: str, values: Mapping[str, str]) -> str:
    return PLACE.sub(lambda place: values[place[1]], translation)


@cache
def _known(code: str) -> tuple[Mapping[str, str], Sequence[Message]]:
    """The texts as they are, and those with places, the longest first: the more words, the surer."""
    messages = catalogue(code)["said"]
    placed = sorted((one for one in messages if PLACE.search(one)), key=lambda one: -len(PLACE.sub("", one)))
    return messages, [(_pattern(one), messages[one]) for one in placed]


def _pattern(message: str) -> re.Pattern[str]:
    """What a message looks like once values stand in its places."""
    words = [re.escape(one) for one in PLACE.sub("\0", message).split("\0")]
    kinds = {None: ".*?", ":n": r"\d[\d,]*"}
    values = [f"(?P<v{place[1]}>{kinds[place[2]]})" for place in PLACE.finditer(message)]
    return re.compile("".join(part for pair in zip(words, [*values, ""], strict=True) for part in pair), re.DOTALL)


def _value(text: str) -> str:
    """A value: a number, days, or a message itself, such as a list of rows and what is wrong in each; else as it is."""
    if _NUMBER.fullmatch(text):
        return number(int(text.replace(",", ""))) if "," in text else text
    return said_days(text) or ", ".join(said(part) for part in re.split(r"(?<=\)), ", text))
