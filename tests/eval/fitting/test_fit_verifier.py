import json
from pathlib import Path

import numpy as np
import pytest

from onrecord.eval.fitting.fit_verifier import fit_signed, main
from onrecord.qa.judges.verify import Fit

WORDS = "bridge boat museum harbour coins repairs mayor council ferry river market school train station garden".split()


def write_items(path: Path) -> Path:
    rows = []
    for n in range(60):
        first, second = WORDS[n % 15], WORDS[(n * 7 + 3) % 15]
        source = f"The {first} near the old {second} was closed in {1900 + n} after a long debate. Nobody objected."
        rows.append(
            {
                "id": f"t{n}",
                "source": source,
                "claim": f"The {first} near the old {second} was closed.",
                "supported": True,
            }
        )
        rows.append(
            {"id": f"f{n}", "source": source, "claim": f"The stadium was sold by a {second}.", "supported": False}
        )
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_a_weight_never_takes_the_sign_against_its_meaning() -> None:
    random = np.random.default_rng(0)
    table = random.random((200, 2))
    labels = (table[:, 0] > table[:, 1]).astype(np.float64)
    _, weights = fit_signed(table, labels, np.ones(200), np.asarray([1.0, 1.0]))
    assert weights[0] > 0
    assert weights[1] == 0


@pytest.mark.slow
def test_the_command_writes_a_file_that_the_verifier_reads_and_that_keeps_its_provenance(tmp_path: Path) -> None:
    items, out, logits = write_items(tmp_path / "toy.jsonl"), tmp_path / "out.json", tmp_path / "yes.jsonl"
    logits.write_text(
        "\n".join(
            json.dumps({"id": f"{kind}{n}", "yes": yes}) for n in range(60) for kind, yes in (("t", 0.9), ("f", 0.2))
        ),
        encoding="utf-8",
    )
    pairs = tmp_path / "pairs.jsonl"
    pair = {"id": "p", "phenomenon": "place", "source": "The bus left from Graz.", "true": "From Graz the bus left."}
    pairs.write_text(json.dumps(pair | {"false": "The bus left from Pune.", "half": "tune"}), encoding="utf-8")
    with logits.open("a", encoding="utf-8") as file:
        file.writelines(f'\n{{"id": "p-{number}", "yes": {yes}}}' for number, yes in ((0, 0.8), (1, 0.1)))
    main([str(items), "--out", str(out), "--logits", str(logits), "--pairs", str(pairs)])
    data = json.loads(out.read_text(encoding="utf-8"))
    fit = Fit.from_json(data)
    assert fit.logit_weight > 0
    assert data["provenance"]["adapter_on_asked_claims"]["n"] == {"toy": 120.0, "pairs": 2.0}
    assert fit.supported == 0.5
    assert fit.weights["covered"] >= 0 >= fit.weights["jumps"]
    assert data["provenance"]["features_held_out_by_document"]["roc_auc"]["toy"] > 0.95
    assert "toy.jsonl" in data["provenance"]["files"]
