"""An answer as a chat message: numbered references in the text, and annotations for programs.

Chat clients show a message as Markdown: what the program did not write is escaped, its links are the articles'.
"""

from collections.abc import Callable
from typing import Any

from onrecord.index.inert import autolink, markdown, web_address
from onrecord.qa.render import answer_text, marked, quote_text
from onrecord.qa.types import Answer, AnswerSentence, Citation


def said(sentence: AnswerSentence) -> str:
    """One sentence of the message, with its markers."""
    return marked(sentence, markdown)


def reference(citation: Citation) -> str:
    """One line under the answer.

    >>> from onrecord.index import Sentence
    >>> reference(Citation(1, Sentence("a1", 0, 0, 4, "Yes."), "Bridge closed", "Courier", "2024-03-04"))
    '[1] Bridge closed, Courier, 2024-03-04: “Yes.”'
    """
    facts = (citation.title, citation.source, citation.published[:10])
    url = web_address(citation.url)
    address = f" {autolink(url)}" if url else ""
    shown = ", ".join(markdown(part) for part in facts if part)
    return f"[{citation.number}] {shown}: “{markdown(quote_text(citation))}”{address}"


def with_references(answer: Answer) -> str:
    """The answer's text, with what it cites below it, and what is to be noted."""
    cites = "\n".join(reference(citation) for citation in answer.citations)
    notes = "\n".join(f"Note: {markdown(warning)}" for warning in answer.warnings)
    return "\n\n".join(filter(None, [answer_text(answer, markdown), cites, notes]))


def annotations(answer: Answer, content: str, uri: Callable[[str], str]) -> list[dict[str, Any]]:
    """Each citation as a ``url_citation`` of the span of ``content`` that it supports.

    ``url_citation`` has OpenAI's fields and, beside them, the place in the article. ``uri``: the address
    of an article that has no URL, by its id.
    """
    shown = [*answer.sentences, *(p for d in answer.disagreements for p in d.positions)]
    found: list[dict[str, Any]] = []
    start = 0
    for sentence in shown:
        text = said(sentence)
        start = content.find(text, start)
        if start < 0:  # the text was put otherwise; better no annotation than a wrong span
            break
        found += [_annotation(sentence, citation, start, start + len(text), uri) for citation in sentence.citations]
        start += len(text)
    return found


def _annotation(
    sentence: AnswerSentence, citation: Citation, start: int, end: int, uri: Callable[[str], str]
) -> dict[str, Any]:
    return {
        "type": "url_citation",
        "url_citation": {
            "start_index": start,
            "end_index": end,
            "title": citation.title,
            "url": web_address(citation.url) or uri(citation.article_id),
            "number": citation.number,
            "article_id": citation.article_id,
            "start_char": citation.sentence.start_char,
            "end_char": citation.sentence.end_char,
            "quote": citation.quote,
            "who": citation.who,
            "who_at": citation.who_at,
            "source": citation.source,
            "published": citation.published,
            "verdict": sentence.verdict,
        },
    }
