"""Which extra of ``pip install 'onrecord[...]'`` brings a package that is not here."""

from collections.abc import Iterator
from contextlib import contextmanager

from onrecord.index.errors import MissingExtra

_BROUGHT = {
    "page": ("gradio",),
    "serve": ("anyio", "fastapi", "multipart", "prometheus_client", "python_multipart", "starlette", "uvicorn"),
    "llamacpp": ("xllamacpp",),
    "langchain": ("langchain_core",),
    "mcp": ("mcp", "mcp_types"),
    "eval": ("junitparser", "llama_index.vector_stores", "matplotlib", "sklearn"),
    "train": ("onnx", "scipy", "sentence_transformers", "torch", "transformers"),
}


def missing_extra(error: ImportError) -> MissingExtra | None:
    """One sentence that names the extra; None for a package that no extra brings.

    >>> str(missing_extra(ModuleNotFoundError(name="torch.nn")))
    "torch is not installed here; `pip install 'onrecord[train]'` installs what this needs."
    """
    module = error.name or ""
    for extra, packages in _BROUGHT.items():
        for package in packages:
            if module == package or module.startswith(f"{package}."):
                return MissingExtra(
                    f"{package} is not installed here; `pip install 'onrecord[{extra}]'` installs what this needs."
                )
    return None


@contextmanager
def named_extra() -> Iterator[None]:
    """Within, an import that fails for want of an extra raises `MissingExtra` instead."""
    try:
        yield
    except ImportError as error:
        if (missing := missing_extra(error)) is None:
            raise
        raise missing from error
