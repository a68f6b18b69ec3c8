"""What keyword search knows of a text: its terms."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from onrecord.index.text.spelling import without_accents
from onrecord.index.text.words import TOKEN, is_content, stem

TermCodes = NDArray[np.uint64]

TOKENS_VERSION = 2  # of the rules that turn text into terms; an index made by others is made anew when it is opened
_REMEMBERED = 500_000  # words whose term and code are kept, so that they need not be made again


class Terms:
    """Text -> the terms that are indexed: the stems of its content words."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._codes: dict[str, int] = {}

    def __call__(self, text: str) -> list[str]:
        """The terms in order, with repetitions.

        >>> Terms()("The U.S. sent 5,000 soldiers to Erdoğan")
        ['america', 'send', '5000', 'soldier', 'erdogan']
        """
        return [term for word in TOKEN.findall(without_accents(text)) if (term := self._term(word))]

    def codes(self, text: str) -> list[int]:
        """The terms as numbers of 64 bits, by which they are kept: the files of an index hold no word of an article."""
        return [self._code(term) for term in self(text)]

    def array(self, text: str) -> TermCodes:
        """The same in an array, eight bytes each."""
        return np.array(self.codes(text), dtype=np.uint64)

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
            term = self._known[word] = stem(word) if is_content(word) else ""
        return term
