"""Places at which a test ends the process: ``ONRECORD_FAULT=NAME:COUNT`` kills it there at the COUNT-th passing."""

import os
import signal
from collections import Counter

VARIABLE = "ONRECORD_FAULT"
POINTS = (
    "catalogue.commit.before",
    "catalogue.commit.after",
    "catalogue.scrub.before",
    "catalogue.scrub.after",
    "keywords.forget.before",
    "keywords.forget.after",
    "vectors.add.before",
    "vectors.add.after",
    "vectors.delete.before",
    "vectors.delete.after",
    "vectors.noted.before",
    "vectors.noted.after",
    "vectors.generation.begun",
    "vectors.generation.dropped",
    "vectors.generation.filled",
    "purge.settled",
)
_passed: Counter[str] = Counter()


def point(name: str) -> None:
    """Nothing, unless a test has set the variable."""
    wanted = os.environ.get(VARIABLE)
    if wanted:
        _passed[name] += 1
        if wanted == f"{name}:{_passed[name]}":
            os.kill(os.getpid(), signal.SIGKILL)
