"""Questions in a language that no article is in: detected, translated for retrieval, answered in the user's own."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from onrecord.index.text.quantities import quantities
from onrecord.index.text.words import STOPWORDS

NAMES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian", "nl": "Dutch",
    "pl": "Polish", "pt": "Portuguese", "ru": "Russian", "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
    "ja": "Japanese", "ko": "Korean", "sv": "Swedish", "da": "Danish", "no": "Norwegian", "fi": "Finnish",
    "el": "Greek", "he": "Hebrew", "fa": "Persian", "hi": "Hindi", "ro": "Romanian", "cs": "Czech", "hu": "Hungarian",
}  # fmt: skip
_SURE = 0.9  # the classifier's probability below which a question is taken to be in the articles' language


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(NAMES))
    return identifier


def language_of(question: str, *, default: str = "en") -> str:
    """The language of a question as ISO 639-1; ``default`` where the text is too short or the classifier unsure.

    >>> language_of("¿Cuántos combatientes quedaban en el enclave?"), language_of("How many fighters were left?")
    ('es', 'en')
    """
    words = re.findall(r"[^\W\d_]+", question.lower())
    if not words:
        return default
    if any(ord(letter) > 0x36F for letter in "".join(words)):
        return str(_identifier().classify(question)[0])
    english = sum(word in STOPWORDS for word in words) / len(words)
    if len(words) < 3 or english > 0.3:
        return default
    language, share = _identifier().classify(question)
    return str(language) if share >= _SURE else default


def translated(text: str, language: str, complete: Callable[[str], str]) -> str:
    """``text`` in another language by the model, or as it was when the model dropped or changed a number."""
    name = NAMES.get(language, language)
    written = complete(f"Translate into {name}. Keep names and numbers. Reply with the translation only.\n\n{text}")
    line = " ".join(written.split()).strip('"“”«» ')
    wanted = sorted(q.value for q in quantities(text))
    digits = {re.sub(r"\D", "", number) for number in re.findall(r"\d[\d.,\s]*", line)}
    kept = all(re.sub(r"\D", "", f"{value:g}") in digits for value in wanted if value >= 13)
    return line if line and kept and len(line) < 4 * len(text) + 40 else text
