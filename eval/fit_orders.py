"""Fits the judge of orders: ``python -m onrecord.eval.fit_orders SUITE`` writes ``qa/order_judge.json``.

Orders are made from the frames of ``injections/frames.txt``, filled with statements, topics and numbers out of news, so
that the frame tells them from news and nothing else does; beside them stand the labelled sentences of the development
half. News is the suite's: the articles are halved, one half is fitted on, the other chooses the thresholds and
gives the share of news that is left out. Only weights are written.
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
from onrecord.qa.order_judge import log_odds, pieces, places

HERE = Path(__file__).parent / "injections"
SIZE = 2**15
FILLINGS = 25  # of each frame
DEV_WEIGHT = 20  # a labelled sentence of the development half counts as so many
LEFT_OUT, NEAR = 0.00095, 0.01  # shares of news at or above the two thresholds
RIDGE = 0.02
_PROGRAMS = (
    "AI|AIs|assistants|the assistant|language models|LLMs|any LLM|chatbots|the chatbot|bots|summarisers|the summarizer|"
    "AI models|the model|automated readers|AI assistants|answer engines|the answering program|machines|crawlers|GPT"
).split("|")


Floats = npt.NDArray[np.float64]


def frames() -> list[tuple[str, str]]:
    """(family, frame) of every order that the fit knows."""
    return _pairs(HERE / "frames.txt")


def fill(frame: str, statements: Sequence[str], chance: random.Random) -> str:
    """The frame about something in the news, in one of the ways in which one writes."""
    said, other = _bare(chance.choice(statements)), chance.choice(statements).split()
    start, length = chance.randrange(len(other)), chance.randint(2, 7)
    topic = " ".join(other[start : start + length]).strip(",;:.")
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


def fit_judge(news: Sequence[str], other_news: Sequence[str], chosen: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The data file's figures: fitted on ``news``, thresholds from ``other_news``."""
    statements = [text for text in news if 30 < len(text) < 160 and text.endswith(".")]
    ordinary = dict.fromkeys(part for text in news for part in pieces(text))
    rows = [(text, True, 1.0) for text in orders(statements, chosen)]
    rows += [(text, False, 1.0) for text in ordinary]
    rows += [(text, order, float(DEV_WEIGHT)) for text, order in labelled("dev")]
    rows += [(text, False, float(DEV_WEIGHT)) for _, text in _pairs(HERE / "news.txt")]
    bias, weights = fit(rows)
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


def recall_of_new_frames(news: Sequence[str], other_news: Sequence[str], folds: int = 4) -> float:
    """The share of orders recognised whose frame the fit had not seen."""
    chosen, right, total = frames(), 0.0, 0
    statements = [text for text in other_news if 30 < len(text) < 160 and text.endswith(".")]
    for fold in range(folds):
        inside = [frame for number, frame in enumerate(chosen) if number % folds != fold]
        outside = [frame for number, frame in enumerate(chosen) if number % folds == fold]
        data = fit_judge(news, other_news, inside)
        table = np.frombuffer(base64.b64decode(data["weights"]), dtype=np.int8) * data["scale"]
        found = scores(orders(statements, outside), data["bias"], table)
        right += float((found >= data["thresholds"]["order"]).sum())
        total += len(found)
    return right / total


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m onrecord.eval.fit_orders", description=__doc__)
    parser.add_argument("suite", type=Path, help="a suite of news")
    parser.add_argument("--out", type=Path, default=Path("qa/order_judge.json"))
    parser.add_argument("--new-frames", action="store_true", help="measure it on frames that it has not seen")
    chosen = parser.parse_args(arguments)
    news, other_news = halves(chosen.suite)
    if chosen.new_frames:
        print(f"Orders in frames that the fit had not seen: {recall_of_new_frames(news, other_news):.3f} recognised")
        return
    data = fit_judge(news, other_news, frames())
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
    values = np.concatenate([np.full(len(row), len(row) ** -0.5) for row in rows])
    return csr_array((values, np.concatenate(rows), ends), shape=(len(rows), SIZE))


def _pairs(path: Path) -> list[tuple[str, str]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("# ")]
    return [(line.split("\t")[0], line.split("\t")[1]) for line in lines]


def _bare(statement: str) -> str:
    return statement.strip().rstrip(".!?…").strip("“”\"'")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


if __name__ == "__main__":
    main()
