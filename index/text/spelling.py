"""British and American spellings as one: papers of both report on the same event, and a model writes American."""

import re

_ENDINGS = (
    (re.compile(r"(?<=[a-z]{3})our(?=$|s$|ed$|ing$|able$|ful$|hood$|ites?$)"), "or"),  # labour, neighbouring
    (re.compile(r"(?<=[a-z]{2}[bt])re(?=s?$)"), "er"),  # centre, fibres
    (re.compile(r"(?<=[a-z]{3})isation(?=s?$)"), "ization"),
    (re.compile(r"(?<=^def)ence|(?<=^off)ence|(?<=^lic)ence|(?<=^pret)ence"), "ense"),
    (re.compile(r"(?<=[a-z]{3})ogue(?=s?$)"), "og"),  # dialogue
    (re.compile(r"(?<=^program)me(?=s?$)|(?<=^judg)e(?=ments?$)|(?<=^ag)e(?=ing$)|(?<=^alumin)i(?=um$)"), ""),
)


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
