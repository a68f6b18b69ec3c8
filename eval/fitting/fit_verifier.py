"""Fits the claim verifier on grounding files.

``python -m onrecord.eval.fitting.fit_verifier FILE...`` writes its data file.

Each file is a suite of claims with their sources. Documents are held out whole: the figures in the provenance are of
claims whose document the fit had not seen. Weights keep the sign that their feature has by its meaning, and each suite
has its own offset while fitting, so that what differs between suites (length, genre) teaches the weights nothing.
"""

import argparse
import datetime
import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from onrecord.eval.fitting.grounding import sentences_of
from onrecord.eval.fitting.minimal_pairs import CONTRAST_PAIRS, holds_pairs, load_pairs
from onrecord.eval.fitting.verifier_examples import (
    Example,
    Floats,
    accuracies,
    best_threshold,
    log_odds,
    observe,
    of_suite,
    per_suite,
    sigmoid,
    suites_of,
)
from onrecord.eval.metrics.retrieval import roc_auc
from onrecord.eval.suites.jsonl import read_jsonl
from onrecord.eval.suites.loading import GroundingItem, load_grounding
from onrecord.qa.engines.base import Engine
from onrecord.qa.engines.load import load_engine
from onrecord.qa.judges.measures import FEATURES
from onrecord.qa.judges.objections import FATAL
from onrecord.qa.judges.verify import LEAST, SUPPORT, Fit, between, support_messages

SIGNS = {"covered": 1, "pairs": 1, "ending": 1, "jumps": -1, "strange_name": -1, "strange_number": -1, "lost": -1}
UNUSED = {"features": 1.0, "logit": 0.0, "intercept": 0.0}
FOLDS = 10
_RIDGE = 1.0
_STEPS = 3000


def fit_signed(table: Floats, labels: Floats, shares: Floats, signs: Floats) -> tuple[float, Floats]:
    """Ridge logistic regression by projected gradient; no weight takes the sign opposite to ``signs`` (0: free)."""
    centre, spread = table.mean(axis=0), table.std(axis=0)
    spread[spread == 0] = 1.0
    design = (table - centre) / spread
    weights, bias = np.zeros(table.shape[1]), 0.0
    rate = 4.0 / (1.0 + np.linalg.norm(design, 2) ** 2 * shares.max() / shares.sum())
    for _ in range(_STEPS):
        error = shares * (sigmoid(design @ weights + bias) - labels) / shares.sum()
        weights = weights - rate * (design.T @ error + _RIDGE * weights / len(table))
        weights = np.where(weights * signs < 0, 0.0, weights)
        bias -= rate * float(error.sum())
    plain = weights / spread
    return float(bias - plain @ centre), plain


def _design(examples: Sequence[Example], suites: Sequence[str], columns: Floats) -> tuple[Floats, Floats]:
    """The columns with one offset per suite beside the first, and each suite's label groups weighing the same."""
    offsets = np.asarray([[float(one.suite == suite) - 1.0 / len(suites) for suite in suites[1:]] for one in examples])
    groups = [(one.suite, one.supported) for one in examples]
    shares = np.asarray([1.0 / groups.count(group) for group in groups])
    return np.hstack([columns, offsets.reshape(len(examples), -1)]), shares * len(shares) / shares.sum()


def fit_columns(examples: Sequence[Example], columns: Floats, signs: Sequence[int], *, seed: int = 0) -> dict[str, Any]:
    """Bias and weights for ``columns``, and every example's log-odds by a fit that had not seen its document."""
    suites = suites_of(examples)
    table, shares = _design(examples, suites, columns)
    labels = np.asarray([one.supported for one in examples], dtype=np.float64)
    bounds = np.asarray([*signs, *([0] * (table.shape[1] - len(signs)))], dtype=np.float64)
    documents = sorted({one.document for one in examples})
    order = dict(zip(np.random.default_rng(seed).permutation(documents).tolist(), range(len(documents)), strict=True))
    fold = np.asarray([order[one.document] % FOLDS for one in examples])
    best = np.asarray([float(sign > 0) for sign in signs])  # held-out scores are counted from the perfect claim's,
    held_out = np.zeros(len(examples))  # so that the folds, whose offsets differ, can be ranked together
    for number in range(FOLDS):
        inside = fold != number
        bias, weights = fit_signed(table[inside], labels[inside], shares[inside], bounds)
        held_out[~inside] = (columns[~inside] - best) @ weights[: len(signs)]
    bias, weights = fit_signed(table, labels, shares, bounds)
    held_out += bias + best @ weights[: len(signs)]
    return {"bias": bias, "weights": weights[: len(signs)], "held_out": held_out}


def ruled(examples: Sequence[Example], probabilities: Floats, supported: float, partly: float) -> Floats:
    """Probabilities under the rules, as `FeatureVerifier` caps them (without its look at single clauses)."""
    highest = [partly if FATAL & set(one.against) else supported if one.against else 1.0 for one in examples]
    return np.asarray(
        [between(float(p), 0.0, high, partly=partly) for p, high in zip(probabilities, highest, strict=True)]
    )


def fit_features(examples: Sequence[Example]) -> dict[str, Any]:
    """The feature part of the data file, with its held-out figures. ``supported`` is .5 by construction.

    A claim over few sentences is supported from where 96 % of such supported claims lie, partly from where 99 % do: a
    right sentence is not lost lightly, and the rules see to what is dangerous. A claim that condenses a whole page
    in its own words scores far lower; ``page`` is the best threshold for those.
    """
    columns = np.asarray([[one.measured[name] for name in FEATURES] for one in examples])
    fitted = fit_columns(examples, columns, [SIGNS[name] for name in FEATURES])
    raw = fitted["held_out"]
    short = np.asarray([not one.long for one in examples])
    truly = np.asarray([one.supported for one in examples])
    shift, partly = (float(np.quantile(raw[short & truly], share)) for share in (0.04, 0.01))
    held_out = sigmoid(raw - shift)
    thresholds = {"supported": 0.5, "partly": round(float(sigmoid(np.asarray(partly - shift))), 4)}
    final = ruled(examples, held_out, thresholds["supported"], thresholds["partly"])
    paged = [one for one in examples if one.long]
    thresholds["page"] = round(best_threshold(paged, final[~short]), 4) if paged else thresholds["partly"]
    rouge = np.asarray([one.rouge_2 for one in examples])
    best = {
        s: best_threshold([o for o in examples if o.suite == s], of_suite(examples, final, s))
        for s in suites_of(examples)
    }
    return {
        "intercept": round(fitted["bias"] - shift, 4),
        "weights": {name: round(float(w), 4) for name, w in zip(FEATURES, fitted["weights"], strict=True)},
        "thresholds": thresholds,
        "held_out": {
            "n": per_suite(examples, held_out, lambda p, truly: float(len(p))),
            "roc_auc": per_suite(examples, held_out, roc_auc),
            "roc_auc_with_rules": per_suite(examples, final, roc_auc),
            "balanced_accuracy_at_supported": accuracies(examples, final, thresholds["supported"]),
            "balanced_accuracy_at_page": accuracies(examples, final, thresholds["page"]),
            "balanced_accuracy_at_own_best": {s: accuracies(examples, final, t)[s] for s, t in best.items()},
            "roc_auc_of_rouge_2": per_suite(examples, rouge, roc_auc),
        },
        "probabilities": held_out,
    }


def fit_adapter(examples: Sequence[Example], held_out: Floats, said_yes: Mapping[str, float]) -> dict[str, Any]:
    """How the adapter's log-odds are weighed with those of the features, on the claims that it was asked about.

    Supported is from log-odds 0 on: from where the balanced accuracy is best for claims over few sentences, as those of
    an answer are. Scores are held out by document; the threshold is one number and not held out.
    """
    asked = [(one, log_odds(float(p))) for one, p in zip(examples, held_out, strict=True) if one.id in said_yes]
    chosen = [one for one, _ in asked]
    columns = np.asarray([[max(LEAST, score), log_odds(said_yes[one.id])] for one, score in asked])
    fitted = fit_columns(chosen, columns, [1, 1])
    both = fitted["held_out"]
    few = np.asarray([not one.long for one in chosen])
    short = [one for one in chosen if not one.long]
    threshold = float(log_odds(best_threshold(short, sigmoid(both[few]))))
    features, logit = (round(float(weight), 4) for weight in fitted["weights"])
    return {
        "features": features,
        "logit": logit,
        "intercept": round(fitted["bias"] - threshold, 4),
        "figures": {
            "n": per_suite(chosen, both, lambda p, truly: float(len(p))),
            "roc_auc": per_suite(chosen, both, roc_auc),
            "roc_auc_of_features": per_suite(chosen, columns[:, 0], roc_auc),
            "roc_auc_of_adapter": per_suite(chosen, columns[:, 1], roc_auc),
            "balanced_accuracy_at_supported": accuracies(chosen, sigmoid(both - threshold), 0.5),
        },
    }


def ask_adapter(items: Sequence[GroundingItem], engine: Engine, path: Path, *, limit: int) -> dict[str, float]:
    """The adapter's yes-probability per claim, kept in a file, so that an interrupted run goes on where it stopped."""
    known = {row.text("id"): float(row.data["yes"]) for row in read_jsonl(path)} if path.exists() else {}
    with path.open("a", encoding="utf-8") as file:
        for item in items[:limit]:
            if item.id not in known:
                yes = engine.yes_probability(support_messages(item.claim, sentences_of(item)), adapter=SUPPORT)
                if yes is not None:
                    known[item.id] = yes
                    file.write(json.dumps({"id": item.id, "yes": round(yes, 6)}) + "\n")
                    file.flush()
    return known


def claims_of(path: Path) -> tuple[GroundingItem, ...]:
    """The claims of a grounding file, or of the half ``tune`` of a file of minimal pairs, in an order by chance."""
    if holds_pairs(path):
        tune = [pair for pair in load_pairs(path) if pair.half == "tune"]
        items = tuple(
            GroundingItem(f"{pair.id}-{number}", claim, number == 0, source=pair.source)
            for pair in tune
            for number, claim in enumerate(pair.claims)
        )
    else:
        items = load_grounding(path)
    return tuple(random.Random(0).sample(items, len(items)))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m onrecord.eval.fitting.fit_verifier", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="grounding files (.jsonl)")
    parser.add_argument("--out", type=Path, default=Path("qa/judges/verifier.json"))
    parser.add_argument("--logits", type=Path, help="where the adapter's yes-probabilities are kept")
    parser.add_argument("--engine", default="", help="a model of the catalogue, to ask for those that are missing")
    parser.add_argument("--pairs", type=Path, default=CONTRAST_PAIRS, help="minimal pairs, for the adapter's weight")
    parser.add_argument("--limit", type=int, default=10**9, help="ask about this many claims of each file at most")
    chosen = parser.parse_args(arguments)
    suites = {path.stem: claims_of(path) for path in chosen.files}
    examples = [one for suite, items in suites.items() for one in observe(items, suite)]
    features = fit_features(examples)
    data = json.loads(chosen.out.read_text(encoding="utf-8")) if chosen.out.exists() else {}
    provenance: dict[str, Any] = data.get("provenance", {})
    names = " ".join(path.name for path in chosen.files)
    provenance["command"] = f"python -m onrecord.eval.fitting.fit_verifier {names}"
    provenance["fitted"] = datetime.date.today().isoformat()
    provenance["files"] = {p.name: hashlib.sha256(p.read_bytes()).hexdigest()[:16] for p in chosen.files}
    held_out = features.pop("probabilities")
    provenance["features_held_out_by_document"] = features.pop("held_out")
    data |= features
    if chosen.logits:
        # The features know nothing of pairs that copying cannot tell apart: they are weighed on them, not fitted.
        suites[chosen.pairs.stem] = claims_of(chosen.pairs)
        paired = observe(suites[chosen.pairs.stem], chosen.pairs.stem)
        fit = Fit.from_json({"adapter": UNUSED} | data)
        scored = [fit.score(one.measured) for one in paired]
        said_yes = _said_yes(suites, chosen.logits, chosen.engine, chosen.limit)
        adapter = fit_adapter([*examples, *paired], np.concatenate([held_out, scored]), said_yes)
        provenance["adapter_on_asked_claims"] = adapter.pop("figures")
        data["adapter"] = adapter
    data["provenance"] = provenance
    chosen.out.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(data, indent=2, ensure_ascii=False))


def _said_yes(suites: Mapping[str, Sequence[GroundingItem]], path: Path, model: str, limit: int) -> dict[str, float]:
    engine = load_engine(model) if model else None
    if engine is None:
        return {row.text("id"): float(row.data["yes"]) for row in read_jsonl(path)}
    known: dict[str, float] = {}
    for items in suites.values():
        known |= ask_adapter(items, engine, path, limit=limit)
    engine.close()
    return known


if __name__ == "__main__":
    main()
