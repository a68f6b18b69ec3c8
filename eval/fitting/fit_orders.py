"""Fits the judge of orders.

``python -m onrecord.eval.fitting.fit_orders SUITE`` writes ``qa/judges/order_judge/``.

Orders are made from the frames of ``injections/frames.txt``, filled with statements, topics and numbers out of news, so
that the frame tells them from news and nothing else does; beside them stand harmless sentences that look like orders
(``injections/news.txt``, filled likewise) and the labelled sentences of the suites ``FITTED_ON``. News is the suite's:
the articles are halved, one half is fitted on, the other chooses the thresholds and gives the share of news that is
left out. A table of words is fitted on all of it, a small encoder on a part. Only weights are written.
"""

import argparse
import base64
import datetime
import hashlib
import json
import random
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from onrecord.eval.fitting.cross_encoder import Pair, export, of_like_length, train
from onrecord.eval.suites.jsonl import read_jsonl
from onrecord.eval.suites.loading import load_suite
from onrecord.index.text.sentences import split_sentences
from onrecord.qa.judges import injection_judge
from onrecord.qa.judges.disguise import folded
from onrecord.qa.judges.injection_judge import (
    FOLDER,
    MOST_TOKENS,
    TABLE,
    Encode,
    damped,
    likeliest,
    log_odds,
    order_encoder,
    pieces,
    places,
)

HERE = Path(__file__).parents[1] / "injections"
FITTED_ON = ("dev", "blind", "blind2")  # suites; what is counted on is none of them
SENTENCES = [f"{name}/sentences.jsonl" for name in FITTED_ON]
SIZE = 2**17
FILLINGS = 25  # of each frame
LABELLED = 20  # a labelled sentence counts as so many of news, and so does a look-alike, its fillings together
LOOK_FILLINGS = 8  # of each look-alike that has slots
LEFT_OUT, NEAR = 0.00095, 0.02  # shares of news at or above the two thresholds
RIDGE = 0.02
HARD, HARD_WEIGHT = 0.01, 10  # the share of news that reads most like orders, and what it weighs in a second fit
# What the encoder is trained on: fillings of a frame, repetitions of a labelled sentence, look-alikes, parts of news.
ENCODED_FILLINGS, ENCODED_LABELLED, ENCODED_LOOK, ENCODED_HARD, ENCODED_NEWS = 4, 3, 3_500, 4_000, 6_000
FLOOR = 0.12  # the share of news that the encoder reads
_PROGRAMS = (
    "AI|AIs|assistants|the assistant|language models|LLMs|any LLM|chatbots|the chatbot|bots|summarisers|the summarizer|"
    "AI models|the model|automated readers|AI assistants|answer engines|the answering program|machines|crawlers|GPT|"
    "all chatbots|every AI|any assistant|large language models|virtual assistants|digital assistants|AI tools|"
    "AI agents|search assistants|automated systems|the software|reading programs|robots|ChatGPT|"
    "answering machines|an AI"
).split("|")
_ASKED = ("", "", "", "", "how many ", "who ", "what ", "when ", "whether ", "how much ")  # a topic may be a question

JUDGE = Path(injection_judge.__file__).with_name(FOLDER)

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


def orders(
    statements: Sequence[str], chosen: Sequence[tuple[str, str]], fillings: int = FILLINGS, seed: int = 0
) -> list[str]:
    """Every frame, filled several times."""
    chance = random.Random(seed)
    return [fill(frame, statements, chance) for _, frame in chosen for _ in range(fillings)]


def look_alikes(statements: Sequence[str], chosen: Sequence[tuple[str, str]], seed: int = 1) -> list[tuple[str, float]]:
    """The harmless sentences, those with slots filled several times, and what each of them weighs."""
    chance = random.Random(seed)
    plain = [(line, float(LABELLED)) for _, line in chosen if "{" not in line]
    slotted = [line for _, line in chosen if "{" in line for _ in range(LOOK_FILLINGS)]
    return plain + [(fill(line, statements, chance), LABELLED / LOOK_FILLINGS) for line in slotted]


def labelled() -> list[tuple[str, bool]]:
    """The sentences of the suites that are fitted on, with whether they give orders."""
    rows = [row for name in SENTENCES for row in read_jsonl(HERE / name)]
    return [(row.text("text"), bool(row.data["order"])) for row in rows]


def fit(rows: Sequence[tuple[str, bool, float]]) -> tuple[float, Floats]:
    """Bias and weights of the regression of a table over (text, gives orders, weight)."""
    return _regression(_table([text for text, _, _ in rows]), rows, RIDGE)


def scores(texts: Sequence[str], bias: float, weights: npt.NDArray[np.floating[Any]]) -> Floats:
    """The score of each text, as the judge gives it."""
    return np.asarray([max(log_odds(part, bias, weights) for part in pieces(folded(text))) for text in texts])


def encoder_pairs(
    data: dict[str, Any], news: Sequence[str], chosen: Sequence[tuple[str, str]], look: Sequence[tuple[str, str]]
) -> list[Pair]:
    """What the encoder is trained on: texts alone, the news that the table ``data`` finds hardest among them."""
    chance = random.Random(3)
    statements = _statements(news)
    ordinary = list(dict.fromkeys(part for text in news for part in pieces(text)))
    alike = np.asarray([log_odds(part, data["bias"], _stored(data)) for part in ordinary])
    some = {ordinary[at] for at in np.argsort(-alike)[:ENCODED_HARD]} | set(chance.sample(ordinary, ENCODED_NEWS))
    found = [Pair(text, "", 1.0) for text in orders(statements, chosen, ENCODED_FILLINGS)]
    found += [Pair(text, "", float(order)) for text, order in labelled() for _ in range(ENCODED_LABELLED)]
    alikes = [text for text, _ in look_alikes(statements, look)]
    found += [Pair(text, "", 0.0) for text in chance.sample(alikes, min(len(alikes), ENCODED_LOOK)) for _ in range(2)]
    found += [Pair(text, "", 0.0) for text in sorted(some)]
    chance.shuffle(found)
    return of_like_length(found, chance)


def thresholds(data: dict[str, Any], other_news: Sequence[str], encode: Encode) -> dict[str, float]:
    """From which score of the table the encoder reads a text, and which sums of the two are certain and suspect."""
    bias, table = data["bias"], _stored(data)
    floor = round(float(np.quantile(scores(other_news, bias, table), 1 - FLOOR)), 3)
    both = sums(other_news, {**data, "thresholds": {"floor": floor}}, encode)
    order, near = (round(float(np.quantile(both, 1 - share)), 3) for share in (LEFT_OUT, NEAR))
    return {"floor": floor, "order": order, "near": near}


def sums(texts: Sequence[str], data: dict[str, Any], encode: Encode) -> Floats:
    """What table and encoder say of each text together; the least that there is where the table clears it."""
    odds = cache(partial(log_odds, bias=data["bias"], weights=_stored(data)))
    parts = {text: pieces(folded(text)) for text in texts}
    found = likeliest(parts, odds=odds, floor=data["thresholds"]["floor"], encode=encode)
    return np.asarray([found[text] for text in texts])


def halves(suite: Path) -> tuple[list[str], list[str]]:
    """The sentences of one half of the suite's articles, and of the other."""
    found: tuple[list[str], list[str]] = ([], [])
    for article in load_suite(suite).articles:
        side = int(hashlib.sha256(article.id.encode()).hexdigest(), 16) % 2
        found[side].extend(sentence.text for sentence in split_sentences(article))
    return found


def fit_table(
    news: Sequence[str], chosen: Sequence[tuple[str, str]], look: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """The table, fitted on news, frames of orders and look-alikes."""
    statements = _statements(news)
    ordinary = dict.fromkeys(part for text in news for part in pieces(text))
    rows = [(text, True, 1.0) for text in orders(statements, chosen)]
    rows += [(text, order, float(LABELLED)) for text, order in labelled()]
    rows += [(text, False, weight) for text, weight in look_alikes(statements, look)]
    bias, weights = fit([*rows, *((text, False, 1.0) for text in ordinary)])
    alike = [log_odds(text, bias, weights) for text in ordinary]
    high = np.quantile(alike, 1 - HARD)
    counted = [float(HARD_WEIGHT if score >= high else 1) for score in alike]
    bias, weights = fit([*rows, *((text, False, weight) for text, weight in zip(ordinary, counted, strict=True))])
    scale = float(np.abs(weights).max()) / 127
    stored = np.rint(weights / scale).astype(np.int8)
    return {
        "bias": round(bias, 4),
        "scale": round(scale, 6),
        "weights": base64.b64encode(stored.tobytes()).decode(),
    }


def trained(pairs: Sequence[Pair], work: Path, out: Path) -> Encode:
    """The encoder, trained in ``work`` unless it lies there, and written to ``out``."""
    if not (work / "model").is_dir():
        train(pairs, work, longest=MOST_TOKENS, epochs=1, seed=0)
    export(work / "model", out)
    return order_encoder(out)


def measured(
    news: Sequence[str], other_news: Sequence[str], work: Path, *, families: bool, folds: int
) -> dict[str, float]:
    """The share of orders recognised whose frame (with ``families``: whose whole family) the fit had not seen, and the
    share of look-alikes left out that it had not seen: as orders, and as suspects. Of one fold of ``folds``.
    """
    chosen, look = frames(), _pairs(HERE / "news.txt")
    names = sorted({family for family, _ in chosen})
    new = [(names.index(row[0]) if families else number) % folds == 0 for number, row in enumerate(chosen)]
    new_look = [number % folds == 0 for number in range(len(look))]
    known = _where(chosen, new, False), _where(look, new_look, False)
    data = fit_table(news, *known)
    encode = trained(encoder_pairs(data, news, *known), work, work / "judge")
    data["thresholds"] = thresholds(data, other_news, encode)
    statements, found = _statements(other_news), {}
    for name, texts in (
        ("orders", orders(statements, _where(chosen, new, True), ENCODED_FILLINGS)),
        ("look-alikes", [text for text, _ in look_alikes(statements, _where(look, new_look, True))]),
    ):
        both = sums(texts, data, encode)
        for threshold in ("order", "near"):
            found[f"{name}, {threshold}"] = round(float(np.mean(both >= data["thresholds"][threshold])), 3)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m onrecord.eval.fitting.fit_orders", description=__doc__)
    parser.add_argument("suite", type=Path, help="a suite of news")
    parser.add_argument("--out", type=Path, default=JUDGE, help="where the judge is written")
    parser.add_argument("--work", type=Path, default=Path("runs/orders"), help="where the training's state is kept")
    parser.add_argument("--new", choices=["frames", "families"], help="measure it on what it has not seen")
    parser.add_argument("--folds", type=int, default=4, help="with --new: one of so many parts is not seen")
    chosen = parser.parse_args(arguments)
    news, other_news = halves(chosen.suite)
    if chosen.new:
        found = measured(news, other_news, chosen.work, families=chosen.new == "families", folds=chosen.folds)
        print(f"Of new {chosen.new}: {found}")
        return
    known = frames(), _pairs(HERE / "news.txt")
    data = fit_table(news, *known)
    encode = trained(encoder_pairs(data, news, *known), chosen.work, chosen.out)
    data["thresholds"] = thresholds(data, other_news, encode)
    data["provenance"] = {
        "command": f"python -m onrecord.eval.fitting.fit_orders {chosen.suite.name}",
        "fitted": datetime.date.today().isoformat(),
        "orders": "written for OnRecord (Apache-2.0): eval/injections/frames.txt and the suites dev, blind and blind2",
        "news": f"{len(news)} sentences of {chosen.suite.name}, "
        f"{len(other_news)} of other articles for the thresholds; not part of the package",
        "share_of_other_news_left_out": LEFT_OUT,
        "files": {name: _digest(HERE / name) for name in ("frames.txt", "news.txt", *SENTENCES)},
    }
    table = chosen.out / TABLE
    table.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps({key: data[key] for key in ("thresholds", "provenance")}, indent=2))


def _regression(table: Any, rows: Sequence[tuple[str, bool, float]], ridge: float) -> tuple[float, Floats]:
    """Bias and weights of a ridge logistic regression; ``table`` holds what is known of each row."""
    from scipy.optimize import minimize

    sign = np.asarray([1.0 if order else -1.0 for _, order, _ in rows])
    weight = np.asarray([weight for _, _, weight in rows])

    def loss(point: Floats) -> tuple[float, Floats]:
        margin = sign * (table @ point[1:] + point[0])
        slope = -weight * sign / (1.0 + np.exp(np.clip(margin, -500, 500)))
        value = float(weight @ np.logaddexp(0.0, -margin)) + ridge / 2 * float(point[1:] @ point[1:])
        return value, np.concatenate([[slope.sum()], table.T @ slope + ridge * point[1:]])

    start = np.zeros(table.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 150}).x
    return float(found[0]), found[1:]


def _stored(data: dict[str, Any]) -> Floats:
    return np.frombuffer(base64.b64decode(data["weights"]), dtype=np.int8).astype(np.float64) * float(data["scale"])


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
