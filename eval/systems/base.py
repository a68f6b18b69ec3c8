"""Systems under test: the protocol, and what every one of them is given."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from onrecord.eval.suites.loading import Question, Suite
from onrecord.eval.suites.records import ResultRow


@dataclass(frozen=True, slots=True)
class SystemOptions:
    """What every system is given: the same model, the same embedder, a folder for what it indexes.

    ``flags`` are settings of OnRecord, by the names that its settings file uses (``retrieval.top_k``). ``replies``: a
    file of OnRecord's own model's replies, see `KeptReplies`.
    """

    index_folder: Path
    model: str = "qwen2.5-coder-1.5b"
    embedder: str = "all-minilm-l6-v2"
    settings_file: str = ""
    flags: Mapping[str, str] = field(default_factory=dict)
    replies: str = ""
    top_k: int = 20
    retrieval_only: bool = False  # no model needs to be loaded


class System(Protocol):
    """What the runner asks. It is used from one thread of one process; its errors become error rows."""

    name: str

    def prepare(self, suite: Suite) -> None:
        """Load models and index the suite's articles; must be cheap the second time."""
        ...

    def answer(self, question: Question) -> ResultRow:
        """Answer one question. What only gold knows (``answers``, ``evidence``, ``choices``) may not be read."""
        ...

    def retrieve(self, question: Question, *, top_k: int) -> ResultRow:
        """Search only: a row with status ``retrieved`` and at most ``top_k`` places."""
        ...

    def close(self) -> None:
        """Let go of models, files and locks."""
        ...


def default_index_folder() -> Path:
    """Where the indexes of suites are kept between runs: in the user's cache folder."""
    from platformdirs import user_cache_path

    return user_cache_path("onrecord") / "eval"


def content_key(suite: Suite) -> str:
    """A key of the suite's articles alone: changing a question does not index anything again."""
    digest = hashlib.sha256()
    for a in suite.articles:
        for value in (a.id, a.title, a.text, a.source, a.published, a.url, a.language, a.place):
            digest.update(f"{len(value)}:{value}".encode())
    return f"{re.sub(r'[^a-z0-9]+', '-', suite.name.lower()).strip('-') or 'suite'}-{digest.hexdigest()[:12]}"
