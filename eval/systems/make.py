"""Systems under test, by name.

A system of your own is a class with these methods and the name of a file: ``--system ./mine.py:MySystem`` makes
``MySystem(options)``, prepares it with the suite and asks it the questions, in a process of its own.
"""

import importlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onrecord.eval.systems.base import System, SystemOptions
from onrecord.index.errors import InputError

NAMES = ("onrecord", "onrecord-no-model", "llama-index-citation", "llama-index-default", "closed-book", "bm25", "dense")
RETRIEVAL_ONLY = ("bm25", "dense")
_PLUGIN = re.compile(r"(?P<place>.+?):(?P<attribute>[A-Za-z_]\w*)$")


def make_system(spec: str, options: SystemOptions) -> System:
    """The system of a name, an URL, or ``file.py:Class`` / ``package.module:Class``.

    Raises:
        InputError: nothing goes by that name; the message lists what does.
    """
    # Each import only where it is meant: one's own system should not wait for another's libraries.
    match check_spec(spec):
        case "onrecord" | "onrecord-no-model":
            from onrecord.eval.systems.own import OnRecordSystem

            return OnRecordSystem(options, model=spec == "onrecord")
        case "llama-index-citation" | "llama-index-default":
            from onrecord.eval.systems.peers import LlamaIndexSystem

            return LlamaIndexSystem(options, citations=spec == "llama-index-citation")
        case "closed-book" | "bm25" | "dense":
            from onrecord.eval.systems import baselines

            return baselines.make(spec, options)
        case _ if spec.startswith(("openai:", "http://", "https://")):
            from onrecord.eval.systems import remote

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
