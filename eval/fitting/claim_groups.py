"""Claims about a text, for the adapter: does the text say this, in the prompt of `verify`?

Public claims alone teach copying: what is worded like the evidence is mostly supported there. So most pairs are made
such that copying does not help: near-copies with one thing changed (``near_copies``) of the evidence and of its claims;
the claim of a person under evidence in which a thing that it repeats was changed; questions with their answer as one
claim and with another answer of the same sentence as another; and frames (``eval/contrast/frames.jsonl``) of
rewordings and near-copies.
"""

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from onrecord.eval.fitting import near_copies
from onrecord.eval.fitting.adapter import Group
from onrecord.eval.fitting.cross_encoder import Pair
from onrecord.eval.fitting.fit_answers import answering_sentences, exchanged, sentences
from onrecord.qa.judges.claim_matching import case_of
from onrecord.qa.judges.verify import SUPPORT_SYSTEM

FRAMES = Path(__file__).resolve().parents[1] / "contrast" / "frames.jsonl"
KNOWN = 4000  # texts whose names are put in the place of others
MOST_CLAIMS = 6  # about one text
LONGEST = 700  # characters of evidence; longer evidence is its nearest sentences
LONGEST_TEXT = 420  # characters of a group's text
# The share of each source's claims that is used; above 1: more than once.
CLAIMS = {
    "mnli": 1.0, "docnli-mnli": 0.5, "docnli-fever-nli": 0.3, "esnli": 0.15, "conjnli": 0.35, "med": 0.7, "scone": 0.5,
    "rte": 2.0, "factcheck-gpt": 0.5, "factcg-doc": 1.0, "fever-symmetric": 3.0, "summedits-news": 1.0,
    "summedits-samsum": 1.0, "summedits-email": 0.4, "summedits-call": 0.4, "summedits-ectsum": 0.5,
}  # fmt: skip
QUESTIONS = {
    "squadshifts-new_wiki": 1.0, "squad2-train": 1.0, "nq": 0.6, "quoref": 1.0, "qed": 1.0, "nq-open": 0.7,
    "squadshifts-reddit": 0.15, "squadshifts-amazon_reviews": 0.1,
}  # fmt: skip
COPIED = {"qadiscourse-wikinews": 1.0, "repliqa": 1.0, "squadshifts-new_wiki": 0.15, "squad2-train": 0.3}
# Of a frame, beside its rewordings: near-copies and false rewordings, how often the text itself, and how often a
# near-copy as the text, of which the text and a rewording are false then.
NEAR_COPIES, REWORDED, ITSELF, TURNED = 2, 2, 0.5, 0.3

_SLOT = re.compile(r"\{([PLFCSDMYN])(\d)\}")
_SUBJECT = re.compile(r"(?:Who|What) (?!(?:do|does|did|can|could|will|would|should|has|have|had|if)\b)(\w+ .*)\?$")


def claims(rows: Sequence[dict[str, Any]], rng: random.Random, others: Sequence[str]) -> Iterator[Pair]:
    """Public claims, each with near-copies of itself and of its evidence, and under evidence that was changed."""
    for row in rows:
        share = CLAIMS.get(row["source"], 0.0)
        if rng.random() >= share:
            continue
        evidence, claim, true = near(row["claim"], row["evidence"]), row["claim"], row["label"] == "supported"
        if len(evidence) > 2 * LONGEST:
            continue
        for _ in range(max(1, round(share))):
            yield Pair(framed(evidence), claim, float(true))
        if not true or rng.random() < 0.3:
            continue
        if new := near_copies.changed(claim, rng, others):
            yield Pair(framed(evidence), new, 0.0)
        if new := changed_in_common(evidence, claim, rng, others):
            yield Pair(framed(new), claim, 0.0)
        if len(evidence) < 300:
            yield from copies(evidence, rng, others)


def copies(text: str, rng: random.Random, others: Sequence[str]) -> Iterator[Pair]:
    """A near-copy under a text, or the other way round, and the copy itself as often: neither is to be distrusted."""
    new = near_copies.stated_plainly(text, rng) if rng.random() < 0.25 else ""
    if new:
        yield Pair(framed(text), new, 0.0)
        yield Pair(framed(text), text, 1.0)
        return
    if new := near_copies.changed(text, rng, others):
        one, two = (text, new) if rng.random() < 0.5 else (new, text)
        yield Pair(framed(one), two, 0.0)
        yield Pair(framed(one), one, 1.0)


def changed_in_common(evidence: str, claim: str, rng: random.Random, others: Sequence[str]) -> str:
    """The evidence with one thing changed that the claim repeats from it; "" if no such change was found."""
    for _ in range(4):
        new = near_copies.changed(evidence, rng, others)
        if not new:
            return ""
        gone = set(re.findall(r"[\w$€£]+", evidence)) - set(re.findall(r"[\w$€£]+", new))
        if gone and gone & set(re.findall(r"[\w$€£]+", claim)):
            return new
    return ""


def asked(rows: Sequence[dict[str, Any]], rng: random.Random) -> Iterator[Pair]:
    """Questions of people as claims: with their answer, with another one of the same sentence, about another name."""
    for row in rows:
        if rng.random() >= QUESTIONS.get(row["source"], 0.0) or row.get("yes_no") is not None:
            continue
        parts = sentences(row["text"])
        if not row["answerable"]:
            yield from _unanswerable(row["question"], parts, rng)
            continue
        answering = answering_sentences(row, parts)
        if not answering or not row["spans"]:
            continue
        index = answering[0]
        sentence = parts[index][2]
        before = parts[index - 1][2] if index and rng.random() < 0.5 else ""
        evidence = f"{before} {sentence}".strip()[-LONGEST:]
        answer = row["answers"][0]
        yield Pair(framed(evidence), stated(row["question"], answer), 1.0)
        wrong = [name for name in alike(answer, sentence) if name not in row["question"]]
        for other in rng.sample(wrong, min(2, len(wrong))):
            yield Pair(framed(evidence), stated(row["question"], other), 0.0)
        if other := exchanged(row["question"], row["text"], rng):
            yield Pair(framed(evidence), stated(other, answer), 0.0)


def _unanswerable(question: str, parts: Sequence[tuple[int, int, str]], rng: random.Random) -> Iterator[Pair]:
    """The sentence most like the question, with a name or number of it as the answer."""
    wanted = set(re.findall(r"\w{4,}", question.lower()))
    best = max(parts, key=lambda part: len(wanted & set(re.findall(r"\w{4,}", part[2].lower()))), default=None)
    if best and (found := [m[0] for m in near_copies.names(best[2]) if m[0] not in question]):
        yield Pair(framed(best[2]), stated(question, rng.choice(found)), 0.0)


def alike(answer: str, sentence: str) -> list[str]:
    """What could be taken for the answer in the same sentence: numbers for one with a number, else names."""
    if re.search(r"\d", answer):
        found = [m[0] for m in re.finditer(r"\b\d[\d.,]*\b", sentence)]
        return sorted({text for text in found if text not in answer})
    found = [m[0] for m in near_copies.names(sentence)]
    return sorted({text for text in found if text not in answer and answer not in text})


def stated(question: str, answer: str) -> str:
    """A question and its answer as one claim.

    >>> stated("Who opened the bridge?", "Ana Ortiz")
    'Ana Ortiz opened the bridge.'
    >>> stated("When did it open?", "in 1999")
    'When did it open? in 1999.'
    """
    question, answer = question.strip(), answer.strip().rstrip(".")
    if found := _SUBJECT.match(question):
        return f"{answer[:1].upper()}{answer[1:]} {found[1]}."
    return f"{question} {answer}."


def frames(rng: random.Random, *, path: Path = FRAMES) -> Iterator[Group]:
    """Each frame's text, its slots filled, with rewordings, near-copies and false rewordings of it."""
    for line in path.read_text(encoding="utf-8").splitlines():
        frame = json.loads(line)
        fill = filler(rng)
        text = fill(frame["source"])
        true = [(fill(claim), 1.0) for claim in frame["true"]]
        wrong = [*rng.sample(frame["false"], NEAR_COPIES), *rng.sample(frame["reworded"], REWORDED)]
        claims = [*true, *((fill(claim), 0.0) for claim in wrong)]
        if rng.random() < ITSELF:
            claims.append((text, 1.0))
        yield group(text, _shuffled(claims, rng))
        if rng.random() < TURNED:
            other = fill(rng.choice(frame["false"]))
            yield group(other, _shuffled([(other, 1.0), (text, 0.0), (rng.choice(true)[0], 0.0)], rng))


def group(text: str, claims: Sequence[tuple[str, float]]) -> Group:
    """Claims about a text as `support_messages` has the model read them."""
    return Group(SUPPORT_SYSTEM, f"Text: {text}\n", tuple((f"Statement: {claim}", label) for claim, label in claims))


def _shuffled(claims: Sequence[tuple[str, float]], rng: random.Random) -> tuple[tuple[str, float], ...]:
    return tuple(rng.sample(list(claims), len(claims)))


def filler(rng: random.Random) -> Any:
    """A function that fills the slots of a frame, the same in all its texts."""
    names: dict[str, str] = {}

    def one(place: re.Match[str]) -> str:
        kind, number = place[1], place[2]
        if kind in "PL":
            if "P" + number not in names:
                names["P" + number] = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
            full = names["P" + number]
            return full if kind == "P" else full.split()[-1]
        if kind + number not in names:
            taken = set(names.values())
            names[kind + number] = rng.choice([value for value in _VALUES[kind] if value not in taken])
            if kind == "Y" and number == "2" and "Y1" not in names:
                names["Y2"] = str(rng.randrange(2001, 2026))
                names["Y1"] = str(int(names["Y2"]) - rng.randrange(1, 9))
            elif kind == "Y" and number == "1":
                names["Y2"] = str(int(names["Y1"]) + rng.randrange(1, 6))
        return names[kind + number]

    return lambda text: _SLOT.sub(one, text)


_FIRST = """Anna Maria Elena Sofia Laura Ingrid Fatima Aisha Mei Yuki Priya Leila Nadia Chloe Grace Hannah Olga Rosa
Carmen Amara David Peter Thomas Carlos Miguel Ahmed Omar Wei Kenji Raj Ivan Pavel Lars Hugo Daniel Samuel Kofi Jamal
Luca Erik""".split()
_LAST = """Ortiz Lindqvist Moreau Tanaka Okafor Haddad Novak Kowalski Schneider Rossi Petrov Mensah Rahman Silva Jensen
Fischer Murphy Walsh Coleman Bennett Hughes Marsh Delgado Vargas Castillo Nakamura Chen Zhou Kapoor Iyer Farah Demir
Aydin Popescu Horvat Laine Virtanen Brandt Keller Dubois Laurent Costa Almeida Barros Whitaker Osei Diallo""".split()
_FIRMS = "Harrow Delmar Vantis Stonefield Arden Oakmere Calder Norden".split()
_KINDS = "Group Bank Airlines Energy Foods Motors Union Institute Council".split()
_TOWNS = """Leeds Porto Lyon Gdansk Bergen Ghent Bilbao Graz Denver Tulsa Austin Halifax Mombasa Kumasi Lahore Pune
Osaka Busan Cebu Perth Dunedin Rosario Arequipa Oaxaca Split Varna Izmir Haifa Tampere Aarhus Pell Marlow""".split()
_STATES = """Norway Portugal Poland Austria Kenya Ghana Japan Canada Chile Peru Mexico Turkey Greece Ireland Vietnam
Egypt Morocco Brazil Sweden Denmark Croatia Romania Jordan Nigeria India""".split()
_VALUES = {
    "F": [f"{firm} {kind}" for firm in _FIRMS for kind in _KINDS],
    "C": _TOWNS,
    "S": _STATES,
    "D": near_copies.DAYS,
    "M": near_copies.MONTHS,
    "Y": [str(year) for year in range(1990, 2022)],
    "N": [str(number) for number in range(3, 91)],
}


def framed(evidence: str) -> str:
    """What is read beside the claim."""
    return " ".join(evidence.split())


def near(claim: str, evidence: str) -> str:
    """Long evidence as the sentences of it that are nearest to the claim, as the verifier reads it."""
    if len(evidence) <= LONGEST:
        return evidence
    parts = [text for _, _, text in sentences(evidence[:6000])]
    return " ".join(words.text for words in case_of(claim, parts).near)


def others(public: Sequence[dict[str, Any]], questions: Sequence[dict[str, Any]], rng: random.Random) -> list[Group]:
    """Groups of public claims, of questions as claims and of copies; those with several claims rather first."""
    known = rng.sample(list(questions), min(KNOWN, len(questions)))
    names = sorted({place[0] for row in known for place in near_copies.names(row["text"][:1000])})
    found = [*claims(public, rng, names), *asked(questions, rng)]
    seen: set[str] = set()
    for row in questions:
        if rng.random() < COPIED.get(row["source"], 0.0):
            for _, _, sentence in sentences(row["text"]):
                if 40 < len(sentence) < 300 and sentence not in seen:
                    seen.add(sentence)
                    found += copies(sentence, rng, names)
    by_text: dict[str, list[tuple[str, float]]] = {}
    for pair in rng.sample(found, len(found)):
        by_text.setdefault(pair.first, []).append((pair.second, pair.label))
    made = [group(text, said[:MOST_CLAIMS]) for text, said in by_text.items() if len(text) < LONGEST_TEXT]
    return sorted(made, key=lambda group: rng.random() * 1.5 - min(3, len(group.statements)))
