"""Systems under test: one small protocol, and the built-in ones by name.

A system of your own is a class with these methods and the name of a file: ``--system ./mine.py:MySystem`` makes
``MySystem(options)``, prepares it with the suite and asks it the questions, in a process of its own.
"""

import hashlib
import importlib
import importlib.util
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from onrecord.eval.records import ResultRow
from onrecord.eval.suites import Question, Suite
from onrecord.index.errors import InputError

NAMES = ("onrecord", "onrecord-no-model", "llama-index-citation", "llama-index-default", "closed-book", "bm25", "dense")
RETRIEVAL_ONLY = ("bm25", "dense")
_PLUGIN = re.compile(r"(?P<place>.+?):(?P<attribute>[A-Za-z_]\w*)$")


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


def make_system(spec: str, options: SystemOptions) -> System:
    """The system of a name, an URL, or ``file.py:Class`` / ``package.module:Class``.

    Raises:
        InputError: nothing goes by that name; the message lists what does.
    """
    # Each import only where it is meant: one's own system should not wait for another's libraries.
    match check_spec(spec):
        case "onrecord" | "onrecord-no-model":
            from onrecord.eval.own_systems import OnRecordSystem

            return OnRecordSystem(options, model=spec == "onrecord")
        case "llama-index-citation" | "llama-index-default":
            from onrecord.eval.peers import LlamaIndexSystem

            return LlamaIndexSystem(options, citations=spec == "llama-index-citation")
        case "closed-book" | "bm25" | "dense":
            from onrecord.eval import baselines

            return baselines.make(spec, options)
        case _ if spec.startswith(("openai:", "http://", "https://")):
            from onrecord.eval import remote

            return remote.OpenAISystem(spec, options) if spec.startswith("openai:") else remote.OnRecordServer(spec)
    return _plugin(spec)(options)  # type: ignore[no-any-return]


def check_spec(spec: str) -> str:
    """The spec, if ``make_system`` could make something of it; a plugin's own code is not run.

    Raises:
        InputError: nothing goes by that name; the message lists what does.
    """
    if spec in NAMES or spec.startswith(("openai:http://", "openai:https://", "http://", "https://")):
        return spec
    match = _PLUGIN.match(spec)
    if match and not (match["place"].endswith(".py") and not Path(match["place"]).is_file()):
        return spec
    raise InputError(
        f"no system {spec!r}: give one of {', '.join(NAMES)}, the URL of an OnRecord server, openai:URL, "
        "or file.py:Class for one of your own"
    )


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


def _plugin(spec: str) -> Callable[[SystemOptions], Any]:
    match = _PLUGIN.match(check_spec(spec))
    assert match is not None
    place, attribute = match["place"], match["attribute"]
    if place.endswith(".py"):
        found = importlib.util.spec_from_file_location(Path(place).stem, place)
        if found is None or found.loader is None:
            raise InputError(f"{place}: cannot be loaded as Python; give a file that ends in .py")
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
    else:
        try:
            module = importlib.import_module(place)
        except ModuleNotFoundError as error:
            raise InputError(f"no system {spec!r}: there is no module {error.name!r}; check the name") from error
    made = getattr(module, attribute, None)
    if not callable(made):
        raise InputError(f"{place} has no class {attribute!r}; give file.py:Class")
    return made  # type: ignore[no-any-return]
