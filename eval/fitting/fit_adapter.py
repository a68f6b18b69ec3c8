"""Trains the model's judges: ``python -m onrecord.eval.fitting.fit_adapter CLAIMS.jsonl.gz QUESTIONS.jsonl.gz``.

They are adapters of the default model (`adapter`): the judge of support says yes or no of a claim about its evidence
(`claim_groups`); then, trained on with both, the reader says whether sentences answer a question, and the answer
(`question_groups`).

CLAIMS has ``source, evidence, claim, label`` a line, QUESTIONS what ``fit_answers`` reads.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from onrecord.eval.fitting import claim_groups, question_groups
from onrecord.eval.fitting.adapter import Group, Stage, export, train
from onrecord.eval.fitting.fit_answers import rows_of
from onrecord.qa.engines.load import ADAPTERS
from onrecord.qa.judges.reader import READER
from onrecord.qa.judges.verify import SUPPORT

MODEL = "qwen2.5-coder-1.5b"
CLAIMS, BOTH = 292, 256  # texts of the two stages: what two cores read in 42 and in 68 minutes
CLAIMS_RATE, BOTH_RATE = 3e-4, 2e-4
OF_FRAMES = 0.7  # the share of the first stage that are frames
READ = {"claims": 6000, "questions": 3000}  # rows from which the claims that are no frames are made
# Of the second stage: frames of questions, public questions, frames of claims, public claims.
SHARES = (0.50, 0.38, 0.08, 0.04)
MANY = 4  # questions about one text, from which on it does not come first


def stages(claims: Path, questions: Path, rng: random.Random, *, share: float = 1.0) -> Iterator[Stage]:
    """What is trained on, in this order; ``share`` of it, for a trial."""
    asked = rows_of(questions)
    framed = _shuffled(claim_groups.frames(rng), rng)
    public = claim_groups.others(rng.sample(rows_of(claims), READ["claims"]), rng.sample(asked, READ["questions"]), rng)
    first, both = round(CLAIMS * share), round(BOTH * share)
    of_frames = round(first * OF_FRAMES)
    yield Stage(SUPPORT, _shuffled([*framed[:of_frames], *public[: first - of_frames]], rng), CLAIMS_RATE)
    kinds = (
        _shuffled(question_groups.frames(rng), rng),
        sorted(
            _shuffled(question_groups.public(asked, rng), rng),
            key=lambda g: 2 * rng.random() - min(MANY, len(g.statements)),
        ),
        framed[of_frames:],
        public[first - of_frames :],
    )
    two = _shuffled(
        (group for kind, part in zip(kinds, SHARES, strict=True) for group in kind[: round(both * part)]), rng
    )
    yield Stage(READER, two, BOTH_RATE)


def _shuffled(groups: Iterator[Group] | Sequence[Group], rng: random.Random) -> list[Group]:
    made = list(groups)
    rng.shuffle(made)
    return made


def main() -> None:
    """Groups, training, export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("claims", type=Path, help="gzipped JSON Lines of claims")
    parser.add_argument("questions", type=Path, help="gzipped JSON Lines of questions")
    parser.add_argument("--work", type=Path, default=Path("runs/adapter"), help="where the training's state is kept")
    parser.add_argument("--out", type=Path, default=ADAPTERS / MODEL, help="the folder of the two adapters")
    parser.add_argument("--support", action="store_true", help="the first of the two alone: an hour")
    parser.add_argument("--share", type=float, default=1.0, help="of the data, for a trial")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    made = stages(given.claims, given.questions, random.Random(given.seed), share=given.share)
    wanted = list(islice(made, 1 if given.support else 2))
    for stage in wanted:
        print(
            f"{len(stage.groups)} texts, {sum(len(group.statements) for group in stage.groups)} statements", flush=True
        )
    for name, trained in train(wanted, given.work, model=MODEL):
        export(trained, given.out / f"{name}.gguf")


if __name__ == "__main__":
    main()
