"""The ways to get a language model.

Built-ins: a GGUF file run in this process (`load_engine`), any LlamaIndex ``LLM`` object (`engine_from_llm`), any
OpenAI-compatible address (`engine_from_url`). Each back end is imported only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from onrecord.index.errors import InputError
from onrecord.qa.engines.base import Engine

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

ADAPTERS = Path(__file__).with_name("adapters")


def load_engine(
    model: str | Path, *, context_tokens: int = 4096, threads: int | None = None, cache_mib: int = 256
) -> Engine:
    """Run a model in this process: a name of the catalogue, or the path of a GGUF file.

    Raises `ModelMissing` when the file is not here, `ModelError` when it is no model, `InputError` when ``model`` is
    neither.
    """
    from onrecord.index.models.catalogue import catalogue, model_path
    from onrecord.qa.engines.llamacpp import check_model_file

    generators = {entry.name for entry in catalogue() if entry.kind == "generator"}
    if str(model) in generators:
        path = model_path(str(model))
    elif isinstance(model, Path) or model.lower().endswith(".gguf"):
        path = Path(model).expanduser()
        check_model_file(path)
    else:
        raise InputError(
            f"{str(model)!r} is neither a model of the catalogue ({', '.join(sorted(generators))}) nor the path of a "
            ".gguf file."
        )
    from onrecord.qa.engines.llamacpp_engine import LlamaCppEngine  # a second, which no file that is not here takes

    name = str(model) if str(model) in generators else path.stem
    # Trained for a model of the catalogue; a file that only has its name would be another one.
    trained = sorted((ADAPTERS / name).glob("*.gguf")) if str(model) in generators else []
    adapters = {file.stem: file for file in trained}
    return LlamaCppEngine(
        path, name=name, context_tokens=context_tokens, threads=threads, cache_mib=cache_mib, adapters=adapters
    )


def engine_from_llm(llm: LLM) -> Engine:
    """Any LlamaIndex ``LLM`` object as an `Engine`, so every model server that LlamaIndex knows is one line away."""
    from onrecord.qa.engines.llama_index import LlmEngine

    return LlmEngine(llm)


def engine_from_url(
    base_url: str | Sequence[str],
    *,
    model: str,
    api_key: str = "",
    context_tokens: int = 4096,
    wait_seconds: float = 300.0,
) -> Engine:
    """An OpenAI-compatible server as an `Engine`, or several with the same model; see `UrlEngine`.

    ``base_url`` ends before ``/chat/completions``.
    """
    from onrecord.qa.engines.http import UrlEngine

    return UrlEngine(base_url, model=model, api_key=api_key, context_tokens=context_tokens, wait_seconds=wait_seconds)
