"""Options that several commands share, each written once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from onrecord.index.errors import InputError

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder of the run: new, or one to go on with.")]
Sample = Annotated[int, typer.Option(min=0, help="Questions per suite, by the share of each kind; 0 asks all.")]
Seed = Annotated[int, typer.Option(help="The same seed takes the same sample.")]
TimeLimit = Annotated[float, typer.Option(min=0.1, help="Seconds per question; then the system is stopped.")]
Model = Annotated[str, typer.Option(help="The model of every system: a name of the catalogue, or a GGUF file.")]
Embedder = Annotated[str, typer.Option(help="The embedder of every system.")]
Replies = Annotated[
    Path | None,
    typer.Option(
        help="Keep the replies of OnRecord's model in this file and ask only what is new; no seconds are told."
    ),
]
SettingsFile = Annotated[Path | None, typer.Option("--config", exists=True, help="OnRecord's settings for the run.")]
Flags = Annotated[
    list[str],
    typer.Option("--set", help="A setting of OnRecord, as answer.top_k=8; several times.", metavar="KEY=VALUE"),
]


def flags_of(given: Sequence[str]) -> dict[str, str]:
    """``["answer.top_k=8"]`` -> ``{"answer.top_k": "8"}``.

    Raises:
        InputError: one has no ``=``.
    """
    flags = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise InputError(f"--set {item!r} has no value; write it as --set answer.top_k=8")
        flags[name.strip()] = value.strip()
    return flags
