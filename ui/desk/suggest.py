"""Questions to begin with, made from sentences of the articles, each answered by the very sentence it was made from."""

import re
from collections.abc import Iterator
from contextlib import closing

from onrecord.index.types import Article, Sentence
from onrecord.qa.types import Answer, Finished
from onrecord.ui.desk.collection import Answers, Collection
from onrecord.ui.desk.tuning import quoting

_NAME = r"((?:[A-Z][\w'’-]+)(?:\s+(?:al-|de |von |van )?[A-Z][\w'’-]+){1,3})"
_SAID = re.compile(rf"{_NAME}(?:, [^,]{{3,80}},)?\s+(?P<verb>said|told|estimated|claimed|warned|called|denied)\b")
_CLOSED = re.compile(
    r"^(?:[A-Z]+ — )?(?:The|A|An)\s+[a-z]+\s+(?:closed|shut|opened|banned|approved|rejected)\s+"
    r"(the\s+[\w\s]{3,40}?)\s+(?:on|after|in)\b"
)
_TITLE = re.compile(
    r"(?:Mr|Mrs|Ms|Dr|The|On|In|But|And|At|He|She|Opposition|Deputy|Prime|Foreign|Defen[cs]e|Interior|Curator|Mayor|"
    r"Russian|Turkish|Syrian|British|French|German|American|Iranian|Councillor|President|Mini?ster|Senator|General)\.?$"
)
_ABOUT = re.compile(
    r"\bthe (?:[a-z]+ )?(estimate|deal|siege|bridge|coins|evacuation|cease-?fire|agreement|attack|vote|talks)\b"
)
# A name that hangs on a preposition belongs to something else: "the Observatory for Human Rights said".
_HANGS = re.compile(r"\b(?:for|of|from|by|with|near|in|at|the|to)\s+$")


def questions(sentence: Sentence) -> Iterator[str]:
    """Questions that this very sentence answers.

    >>> text = "Mayor Ilse Brandt said the agreement would hold."
    >>> list(questions(Sentence("a", 0, 0, len(text), text)))
    ['What did Ilse Brandt say about the agreement?']
    """
    text = sentence.text
    if (said := _SAID.search(text)) and not _HANGS.search(text[: said.start()]):
        words = said.group(1).split()
        while words and _TITLE.match(words[0]):
            words.pop(0)
        if len(words) > 1:
            verb = {"estimated": "estimate", "warned": "warn of", "denied": "deny"}.get(said["verb"], "say")
            about = _ABOUT.search(text, said.end())
            yield f"What did {' '.join(words)} {verb}{f' about the {about[1]}' if about and verb == 'say' else ''}?"
    if closed := _CLOSED.search(text):
        yield f"What happened to {closed[1].strip()}?"


def _person(question: str) -> str:
    """The last word of the name in a question, else the question itself."""
    name = re.match(r"What did (.+?) (?:say|estimate|warn|deny)\b", question)
    return name[1].split()[-1] if name else question


def _found_again(collection: Collection, question: str, sentence: Sentence) -> bool:
    hits = collection.library.search(question, top_k=3)
    return any(
        sentence.start_char in {s.start_char for s in hit.passage.sentences}
        for hit in hits
        if hit.passage.article_id == sentence.article_id
    )


def _answered_by(assistant: Answers, question: str, sentence: Sentence) -> bool:
    """Whether the question is answered, and by this sentence before any other."""
    answer: Answer | None = None
    with closing(assistant.stream(question)) as events:  # type: ignore[type-var]
        for event in events:
            if isinstance(event, Finished):
                answer = event.answer
    if answer is None or answer.status != "answered":
        return False
    first = next((citation.sentence for said in answer.sentences for citation in said.citations), None)
    return first is not None and (first.article_id, first.start_char) == (sentence.article_id, sentence.start_char)


def suggestions(collection: Collection, *, count: int = 4, articles: int = 40) -> tuple[str, ...]:
    """Up to ``count`` questions, from different articles where there are enough; none from an empty collection.

    Each was asked of its assistant without the model, which refuses what the articles do not surely answer.
    """
    assistant = quoting(collection.assistant)
    by_article: list[list[tuple[str, Sentence]]] = []
    for info in collection.library.articles()[:articles]:
        article: Article = collection.library.article(info.id)
        by_article.append([(q, s) for s in collection.library.sentences(article.id) for q in questions(s)])
    chosen: list[str] = []
    people: set[str] = set()  # by the last word of the name: "Abu Jaafar" is "Mohammed Abu Jaafar" once more
    while any(by_article) and len(chosen) < count:
        for candidates in by_article:
            if candidates and len(chosen) < count:
                question, sentence = candidates.pop(0)
                person = _person(question)
                if person in people or not _found_again(collection, question, sentence):  # the search costs less
                    continue
                if _answered_by(assistant, question, sentence):
                    chosen.append(question)
                    people.add(person)
    return tuple(chosen)
