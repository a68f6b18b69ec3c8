"""What keyword search knows of a text: its terms."""

import re
import unicodedata
from hashlib import blake2b

TOKENS_VERSION = 1  # of the rules that turn text into terms
_REMEMBERED = 500_000  # words whose stem and code are kept, so that they need not be made again

# Function words, and the words that make a question: they say nothing about what an article is about.
STOPWORDS = frozenset(
    """a about above after again against all also am an and any are as at be because been before being below between
    both but by can could did do does doing down during each few for from further had has have having he her here hers
    herself him himself his how i if in into is it its itself just let me more most my myself no nor not now of off on
    once only or other our ours ourselves out over own same shall she should so some such than that the their theirs
    them themselves then there these they this those through to too under until up us very was we were what when where
    which while who whom whose why will with would you your yours yourself yourselves s t d ll m re ve don didn doesn
    isn wasn weren aren hasn haven hadn won wouldn couldn shouldn""".split()
)
_TERM = re.compile(
    r"(?:[A-Za-z]\.){2,}|\d+(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|\w+"
)


class Terms:
    """Text -> the terms that are indexed: stemmed words without stopwords, numbers without their commas."""

    def __init__(self) -> None:
        import Stemmer

        self._stemmer = Stemmer.Stemmer("english")
        self._known: dict[str, str] = {}
        self._codes: dict[str, int] = {}

    def __call__(self, text: str) -> list[str]:
        """``"The U.S. sent 5,000 soldiers"`` -> ``["US", "sent", "5000", "soldier"]``."""
        words = _TERM.findall(text if text.isascii() else _plain(text))
        return [term for word in words if (term := self._term(word))]

    def codes(self, text: str) -> list[int]:
        """The terms as numbers of 64 bits, by which they are kept: the files of an index hold no word of an article."""
        return [self._code(term) for term in self(text)]

    def _code(self, term: str) -> int:
        code = self._codes.get(term)
        if code is None:
            if len(self._codes) > _REMEMBERED:
                self._codes.clear()
            code = self._codes[term] = int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "little")
        return code

    def _term(self, word: str) -> str:
        term = self._known.get(word)
        if term is None:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            term = self._known[word] = self._make(word)
        return term

    def _make(self, word: str) -> str:
        short = word.replace(".", "") if "." in word and not word[0].isdigit() else word.replace(",", "")
        lower = short.casefold()
        if lower in STOPWORDS:
            # US, IT, WHO are names, us, it, who are not.
            return short if short.isupper() and len(short) > 1 else ""
        stem: str = self._stemmer.stemWord(lower)
        return stem


def _plain(text: str) -> str:
    """Letters without their accents, so that Beyonce finds Beyoncé."""
    split = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in split if not unicodedata.combining(letter))
