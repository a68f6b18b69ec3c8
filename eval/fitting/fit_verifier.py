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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from onrecord.eval.fitting.grounding import sentences_of
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
from onrecord.qa.judges.verify import between, question_messages

SIGNS = {"covered": 1, "pairs": 1, "ending": 1, "jumps": -1, "strange_name": -1, "strange_number": -1, "lost": -1}
BORDERLINE = {"low": 0.02, "high": 0.7}  # below, no answer would help; above are near copies
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


def fit_engine(examples: Sequence[Example], held_out: Floats, said_yes: Mapping[str, float]) -> dict[str, Any]:
    """How much of the model's log-odds to add to a score's: one number, fitted on the examples that were asked.

    The scores are held out; the one number is not, so its figures flatter it a little.
    The offset takes away what the model says of a typical claim over few sentences, so that a claim that it was asked
    about ranks fairly beside one that it was not.
    """
    asked = [
        (one, log_odds(float(p)), log_odds(said_yes[one.id]))
        for one, p in zip(examples, held_out, strict=True)
        if one.id in said_yes
    ]
    chosen = [one for one, _, _ in asked]
    scores, answers = np.asarray([s for _, s, _ in asked]), np.asarray([a for _, _, a in asked])
    areas = {}
    for share in np.round(np.arange(0.05, 1.01, 0.05), 2):
        found = per_suite(chosen, scores + share * answers, roc_auc)
        areas[float(share)] = float(np.mean(list(found.values())))
    best = max(areas, key=lambda share: areas[share])
    both = scores + best * answers
    few = np.asarray([not one.long for one in chosen])
    offset = best * float(np.median(answers[few]))
    borderline = np.asarray([BORDERLINE["low"] <= p <= BORDERLINE["high"] for p in sigmoid(scores)])
    return {
        "logit": best,
        "intercept": round(-offset, 4),
        "figures": {
            "n": per_suite(chosen, both, lambda p, truly: float(len(p))),
            "roc_auc": per_suite(chosen, both, roc_auc),
            "roc_auc_asking_when_borderline": per_suite(chosen, np.where(borderline, both - offset, scores), roc_auc),
            "share_borderline": per_suite(chosen, borderline, lambda p, truly: float(np.mean(p))),
            "roc_auc_of_features": per_suite(chosen, scores, roc_auc),
            "roc_auc_of_model": per_suite(chosen, answers, roc_auc),
            "balanced_accuracy_at_supported": accuracies(chosen, sigmoid(both - offset), 0.5),
        },
    }


def ask_engine(items: Sequence[GroundingItem], engine: Engine, path: Path, *, limit: int) -> dict[str, float]:
    """The model's yes-probability per claim, kept in a file, so that an interrupted run goes on where it stopped."""
    known = {row.text("id"): float(row.data["yes"]) for row in read_jsonl(path)} if path.exists() else {}
    with path.open("a", encoding="utf-8") as file:
        for item in items[:limit]:
            if item.id not in known:
                yes = engine.yes_probability(question_messages(item.claim, sentences_of(item)))
                if yes is not None:
                    known[item.id] = yes
                    file.write(json.dumps({"id": item.id, "yes": round(yes, 5)}) + "\n")
                    file.flush()
    return known


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m onrecord.eval.fitting.fit_verifier", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="grounding files (.jsonl)")
    parser.add_argument("--out", type=Path, default=Path("qa/judges/verifier.json"))
    parser.add_argument("--logits", type=Path, help="where the model's yes-probabilities are kept")
    parser.add_argument("--engine", default="", help="a model of the catalogue, to ask for missing yes-probabilities")
    parser.add_argument("--limit", type=int, default=10**9, help="ask about this many claims of each file at most")
    chosen = parser.parse_args(arguments)
    suites = {path.stem: load_grounding(path) for path in chosen.files}
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
    data |= features | {"borderline": BORDERLINE}
    if chosen.logits:
        said_yes = _said_yes(suites, chosen.logits, chosen.engine, chosen.limit)
        engine = fit_engine(examples, held_out, said_yes)
        provenance["engine"] = chosen.engine or provenance.get("engine", "")
        provenance["engine_on_asked_claims"] = engine.pop("figures")
        data["engine"] = engine
    data["provenance"] = provenance
    chosen.out.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(data, indent=2, ensure_ascii=False))


def _said_yes(suites: Mapping[str, Sequence[GroundingItem]], path: Path, model: str, limit: int) -> dict[str, float]:
    engine = load_engine(model) if model else None
    if engine is None:
        return {row.text("id"): float(row.data["yes"]) for row in read_jsonl(path)}
    known: dict[str, float] = {}
    for items in suites.values():
        known |= ask_engine(items, engine, path, limit=limit)
    engine.close()
    return known


if __name__ == "__main__":
    main()
