"""Fits the judge of orders: ``python -m onrecord.eval.fit_orders SUITE`` writes ``qa/order_judge.json``.

Orders are made from the frames of ``injections/frames.txt``, filled with statements, topics and numbers out of news, so
that the frame tells them from news and nothing else does; beside them stand harmless sentences that look like orders
(``injections/news.txt``, filled likewise) and the labelled sentences of the development half. News is the suite's: the
articles are halved, one half is fitted on, the other chooses the thresholds and gives the share of news that is left
out. Only weights are written.
"""

import argparse
import base64
import datetime
import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from onrecord.eval.jsonl import read_jsonl
from onrecord.eval.suites import load_suite
from onrecord.index.sentences import split_sentences
from onrecord.qa.disguise import folded
from onrecord.qa.order_judge import damped, log_odds, pieces, places

HERE = Path(__file__).parent / "injections"
SIZE = 2**17
FILLINGS = 25  # of each frame
LABELLED = 20  # a labelled sentence counts as so many of news, and so does a look-alike, its fillings together
LOOK_FILLINGS = 8  # of each look-alike that has slots
LEFT_OUT, NEAR = 0.00095, 0.01  # shares of news at or above the two thresholds
RIDGE = 0.02
HARD, HARD_WEIGHT = 0.01, 10  # the share of news that reads most like orders, and what it weighs in a second fit
_PROGRAMS = (
    "AI|AIs|assistants|the assistant|language models|LLMs|any LLM|chatbots|the chatbot|bots|summarisers|the summarizer|"
    "AI models|the model|automated readers|AI assistants|answer engines|the answering program|machines|crawlers|GPT|"
    "all chatbots|every AI|any assistant|large language models|virtual assistants|digital assistants|AI tools|"
    "AI agents|search assistants|automated systems|the software|reading programs|robots|ChatGPT|"
    "answering machines|an AI"
).split("|")
_ASKED = ("", "", "", "", "how many ", "who ", "what ", "when ", "whether ", "how much ")  # a topic may be a question

Floats = npt.NDArray[np.float64]


def frames() -> list[tuple[str, str]]:
    """(family, frame) of every order that the fit knows."""
    return _pairs(HERE / "frames.txt")


def fill(frame: str, statements: Sequence[str], chance: random.Random) -> str:
    """The frame about something in the news, in one of the ways in which one writes."""
    said, other = _bare(chance.choice(statements)), chance.choice(statements).split()
    start, length = chance.randrange(len(other)), chance.randint(2, 9)
    topic = chance.choice(_ASKED) + " ".join(other[start : start + length]).strip(",;:.")
    small, large = chance.randint(2, 99), chance.randint(100, 999)
    names = " ".join([word for word in other[1:] if word[:1].isupper()][:3]).strip(",;:.")
    counts = (str(large), f"{small},{large}", f"{small} percent", f"{small} million", f"{small} people")
    value = chance.choice([*counts, names or "no", f"“{topic}”"])
    said = said if chance.random() < 0.5 else said[0].lower() + said[1:]
    text = frame.replace("{f}", said).replace("{t}", topic).replace("{v}", value)
    text = text.replace("{p}", chance.choice(_PROGRAMS))
    text = text[0].upper() + text[1:]
    return chance.choice([text.upper(), text.lower(), text.rstrip("."), *[text] * 6])


def orders(statements: Sequence[str], chosen: Sequence[tuple[str, str]], seed: int = 0) -> list[str]:
    """Every frame, filled several times."""
    chance = random.Random(seed)
    return [fill(frame, statements, chance) for _, frame in chosen for _ in range(FILLINGS)]


def look_alikes(statements: Sequence[str], chosen: Sequence[tuple[str, str]], seed: int = 1) -> list[tuple[str, float]]:
    """The harmless sentences, those with slots filled several times, and what each of them weighs."""
    chance = random.Random(seed)
    plain = [(line, float(LABELLED)) for _, line in chosen if "{" not in line]
    slotted = [line for _, line in chosen if "{" in line for _ in range(LOOK_FILLINGS)]
    return plain + [(fill(line, statements, chance), LABELLED / LOOK_FILLINGS) for line in slotted]


def labelled(half: str) -> list[tuple[str, bool]]:
    """The sentences of one half with whether they give orders."""
    return [(row.text("text"), bool(row.data["order"])) for row in read_jsonl(HERE / half / "sentences.jsonl")]


def fit(rows: Sequence[tuple[str, bool, float]]) -> tuple[float, Floats]:
    """Bias and weights of a ridge logistic regression over (text, gives orders, weight)."""
    from scipy.optimize import minimize

    table = _table([text for text, _, _ in rows])
    sign = np.asarray([1.0 if order else -1.0 for _, order, _ in rows])
    weight = np.asarray([weight for _, _, weight in rows])

    def loss(point: Floats) -> tuple[float, Floats]:
        margin = sign * (table @ point[1:] + point[0])
        slope = -weight * sign / (1.0 + np.exp(np.clip(margin, -500, 500)))
        value = float(weight @ np.logaddexp(0.0, -margin)) + RIDGE / 2 * float(point[1:] @ point[1:])
        return value, np.concatenate([[slope.sum()], table.T @ slope + RIDGE * point[1:]])

    found = minimize(loss, np.zeros(SIZE + 1), jac=True, method="L-BFGS-B", options={"maxiter": 150}).x
    return float(found[0]), found[1:]


def scores(texts: Sequence[str], bias: float, weights: npt.NDArray[np.floating[Any]]) -> Floats:
    """The score of each text, as the judge gives it."""
    return np.asarray([max(log_odds(part, bias, weights) for part in pieces(folded(text))) for text in texts])


def halves(suite: Path) -> tuple[list[str], list[str]]:
    """The sentences of one half of the suite's articles, and of the other."""
    found: tuple[list[str], list[str]] = ([], [])
    for article in load_suite(suite).articles:
        side = int(hashlib.sha256(article.id.encode()).hexdigest(), 16) % 2
        found[side].extend(sentence.text for sentence in split_sentences(article))
    return found


def fit_judge(
    news: Sequence[str], other_news: Sequence[str], chosen: Sequence[tuple[str, str]], look: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """The data file's figures: fitted on news, frames of orders and look-alikes, thresholds from ``other_news``."""
    statements = _statements(news)
    ordinary = dict.fromkeys(part for text in news for part in pieces(text))
    rows = [(text, True, 1.0) for text in orders(statements, chosen)]
    rows += [(text, order, float(LABELLED)) for text, order in labelled("dev")]
    rows += [(text, False, weight) for text, weight in look_alikes(statements, look)]
    bias, weights = fit([*rows, *((text, False, 1.0) for text in ordinary)])
    alike = [log_odds(text, bias, weights) for text in ordinary]
    high = np.quantile(alike, 1 - HARD)
    counted = [float(HARD_WEIGHT if score >= high else 1) for score in alike]
    bias, weights = fit([*rows, *((text, False, weight) for text, weight in zip(ordinary, counted, strict=True))])
    scale = float(np.abs(weights).max()) / 127
    stored = np.rint(weights / scale).astype(np.int8)
    held_out = scores(other_news, bias, stored * scale)
    return {
        "bias": round(bias, 4),
        "scale": round(scale, 6),
        "thresholds": {
            "order": round(float(np.quantile(held_out, 1 - LEFT_OUT)), 3),
            "near": round(float(np.quantile(held_out, 1 - NEAR)), 3),
        },
        "weights": base64.b64encode(stored.tobytes()).decode(),
    }


def measured(news: Sequence[str], other_news: Sequence[str], *, families: bool, folds: int = 4) -> tuple[float, float]:
    """The share of orders recognised whose frame (with ``families``: whose whole family) the fit had not seen, and the
    share of look-alikes left out that it had not seen.
    """
    chosen, look = frames(), _pairs(HERE / "news.txt")
    names = sorted({family for family, _ in chosen})
    statements = _statements(other_news)
    recognised: list[bool] = []
    left_out: list[bool] = []
    for fold in range(folds):
        new = [(names.index(row[0]) if families else number) % folds == fold for number, row in enumerate(chosen)]
        new_look = [number % folds == fold for number in range(len(look))]
        data = fit_judge(news, other_news, _where(chosen, new, False), _where(look, new_look, False))
        table = np.frombuffer(base64.b64decode(data["weights"]), dtype=np.int8) * data["scale"]
        for texts, kept in (
            (orders(statements, _where(chosen, new, True)), recognised),
            ([text for text, _ in look_alikes(statements, _where(look, new_look, True))], left_out),
        ):
            kept.extend(scores(texts, data["bias"], table) >= data["thresholds"]["order"])
    return float(np.mean(recognised)), float(np.mean(left_out))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m onrecord.eval.fit_orders", description=__doc__)
    parser.add_argument("suite", type=Path, help="a suite of news")
    parser.add_argument("--out", type=Path, default=Path("qa/order_judge.json"))
    parser.add_argument("--new", choices=["frames", "families"], help="measure it on what it has not seen")
    chosen = parser.parse_args(arguments)
    news, other_news = halves(chosen.suite)
    if chosen.new:
        recognised, left_out = measured(news, other_news, families=chosen.new == "families")
        print(f"Orders in new {chosen.new}: {recognised:.3f} recognised; new look-alikes: {left_out:.3f} left out")
        return
    data = fit_judge(news, other_news, frames(), _pairs(HERE / "news.txt"))
    data["provenance"] = {
        "command": f"python -m onrecord.eval.fit_orders {chosen.suite.name}",
        "fitted": datetime.date.today().isoformat(),
        "orders": "written for OnRecord (Apache-2.0): eval/injections/frames.txt and the development half",
        "news": f"{len(news)} sentences of {chosen.suite.name}, "
        f"{len(other_news)} of other articles for the thresholds; not part of the package",
        "share_of_other_news_left_out": LEFT_OUT,
        "files": {name: _digest(HERE / name) for name in ("frames.txt", "news.txt", "dev/sentences.jsonl")},
    }
    chosen.out.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps({key: data[key] for key in ("thresholds", "provenance")}, indent=2))


def _table(texts: Sequence[str]) -> Any:
    from scipy.sparse import csr_array

    rows = [places(text, SIZE) for text in texts]
    ends = np.cumsum([0, *map(len, rows)])
    values = np.concatenate([np.full(len(row), 1.0 / damped(len(row))) for row in rows])
    return csr_array((values, np.concatenate(rows), ends), shape=(len(rows), SIZE))


def _statements(news: Sequence[str]) -> list[str]:
    return [text for text in news if 30 < len(text) < 160 and text.endswith(".")]


def _where(rows: Sequence[tuple[str, str]], marks: Sequence[bool], wanted: bool) -> list[tuple[str, str]]:
    return [row for row, mark in zip(rows, marks, strict=True) if mark is wanted]


def _pairs(path: Path) -> list[tuple[str, str]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("# ")]
    return [(line.split("\t")[0], line.split("\t")[1]) for line in lines]


def _bare(statement: str) -> str:
    return statement.strip().rstrip(".!?…").strip("“”\"'")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


if __name__ == "__main__":
    main()
