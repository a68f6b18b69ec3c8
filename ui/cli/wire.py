"""What the HTTP interface sends, back into the objects that it was made from."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from onrecord.index import errors
from onrecord.index.types import Hit, Passage, Sentence
from onrecord.qa.types import Answer, AnswerSentence, Citation, Disagreement, Evidence, EvidenceFound

Data = Mapping[str, Any]
FACTS = ("number", "title", "source", "published", "url")


def error_from(problem: Data) -> errors.OnRecordError:
    """The error that a problem document tells of, of the class that it had there."""
    kind = getattr(errors, str(problem.get("kind", "")), None)
    if not (isinstance(kind, type) and issubclass(kind, errors.OnRecordError)):
        kind = errors.InputError if int(problem.get("status", 500)) < 500 else errors.OnRecordError
    return kind(str(problem.get("detail", "")))


def events_in(chunks: Iterable[bytes]) -> Iterator[tuple[str, Any]]:
    """The name and the data of each Server-Sent Event.

    >>> list(events_in([b'event: progress\\ndata: {"do', b'ne": 1}\\n\\n']))
    [('progress', {'done': 1})]
    """
    left = b""
    for chunk in chunks:
        *whole, left = (left + chunk).split(b"\n\n")
        for event in whole:
            name, _, data = event.partition(b"\n")
            yield name.removeprefix(b"event: ").decode(), json.loads(data.removeprefix(b"data: "))


def evidence_found(data: Data) -> EvidenceFound:
    return EvidenceFound(
        data["standalone_question"], tuple(map(_hit, data["hits"])), tuple(map(_evidence, data["evidence"]))
    )


def answer_from(data: Data) -> Answer:
    """The answer whose ``to_dict`` this is; of its sentences only their place and text are known."""
    same = {name: data[name] for name in Answer.__dataclass_fields__ if name in data}
    return Answer(
        **{
            **same,
            "sentences": tuple(map(sentence_from, data["sentences"])),
            "hits": tuple(map(_hit, data["hits"])),
            "disagreements": tuple(
                Disagreement(one["about"], tuple(map(sentence_from, one["positions"]))) for one in data["disagreements"]
            ),
            "evidence": tuple(map(_evidence, data["evidence"])),
            "unconfirmed": tuple(map(sentence_from, data["unconfirmed"])),
            "warnings": tuple(data["warnings"]),
        }
    )


def sentence_from(data: Data) -> AnswerSentence:
    return AnswerSentence(data["text"], tuple(map(_citation, data["citations"])), data["verdict"])


def _citation(data: Data) -> Citation:
    facts = {name: data[name] for name in FACTS}
    return Citation(**facts, sentence=_place(data), also_in=tuple(data["also_in"]))


def _evidence(data: Data) -> Evidence:
    facts = {name: data[name] for name in FACTS}
    return Evidence(**facts, sentence=_place(data), also_in=tuple(data["also_in"]), score=data["score"])


def _hit(data: Data) -> Hit:
    sentences = tuple(map(_place, data["sentences"]))
    return Hit(Passage(data["id"], data["article_id"], sentences), data["score"], data["found_by"])


def _place(data: Data) -> Sentence:
    return Sentence(data["article_id"], 0, data["start_char"], data["end_char"], data["quote"])
