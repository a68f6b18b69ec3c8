"""One spelling for search and for judging: no accents, and British as American, for papers of both report on events."""

import re
import unicodedata

_NO_ACCENT = str.maketrans(  # letters that Unicode does not take apart
    {"ı": "i", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe"}
)

_ENDINGS = (
    (re.compile(r"(?<=[a-z]{3})our(?=$|s$|ed$|ing$|able$|ful$|hood$|ites?$)"), "or"),  # labour, neighbouring
    (re.compile(r"(?<=[a-z]{2}[bt])re(?=s?$)"), "er"),  # centre, fibres
    (re.compile(r"(?<=[a-z]{3})isation(?=s?$)"), "ization"),
    (re.compile(r"(?<=^def)ence|(?<=^off)ence|(?<=^lic)ence|(?<=^pret)ence"), "ense"),
    (re.compile(r"(?<=[a-z]{3})ogue(?=s?$)"), "og"),  # dialogue
    (re.compile(r"(?<=^program)me(?=s?$)|(?<=^judg)e(?=ments?$)|(?<=^ag)e(?=ing$)|(?<=^alumin)i(?=um$)"), ""),
)


def without_accents(text: str) -> str:
    """Letters as a keyboard without accents has them, for half of the papers write so.

    >>> without_accents("Erdoğan, Beyoncé, Wałęsa, Yıldırım")
    'Erdogan, Beyonce, Walesa, Yildirim'
    """
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_NO_ACCENT))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def american(word: str) -> str:
    """A lower-case word as American papers spell it; "-ise" stays, for "surprise" is spelt so everywhere.

    >>> american("neighbouring"), american("defence"), american("hour")
    ('neighboring', 'defense', 'hour')
    """
    for british, ending in _ENDINGS:
        word = british.sub(ending, word)
    return word


def one_ending(stem: str) -> str:
    """A stem in which "organize" and "organise", "analyze" and "analyse" end alike.

    >>> one_ending("organiz"), one_ending("surpris")
    ('organis', 'surpris')
    """
    return stem[:-1] + "s" if len(stem) > 4 and stem.endswith(("iz", "yz")) else stem
