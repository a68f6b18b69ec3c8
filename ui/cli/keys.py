"""Keys for other programs that ask over HTTP: add, list, revoke."""

from pathlib import Path
from typing import Annotated, Any

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.group import print_json, say
from onrecord.ui.cli.opening import DataOption, JsonOption
from onrecord.ui.server.keys import FILE_NAME, Keys

app = typer.Typer(help="Keys for other programs: add, list, revoke.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who uses it: a program or a person.")],
    per_minute: Annotated[int, typer.Option(min=1, help="Requests a minute that it may make.")] = 120,
    read_only: Annotated[bool, typer.Option("--read-only", help="It may neither add nor remove articles.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key; its text is shown this once."""
    key, token = _keys(data).add(name, per_minute=per_minute, read_only=read_only)
    if as_json:
        print_json({"id": key.id, "name": key.name, "per_minute": per_minute, "read_only": read_only, "key": token})
    else:
        say(f"{token}\nKeep it now: it is stored hashed and cannot be shown again.")


@app.command("list")
def list_keys(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the keys, without their texts."""
    rows: list[dict[str, Any]] = [
        {
            "id": key.id,
            "name": key.name,
            "created": key.created,
            "per_minute": key.per_minute,
            "read_only": key.read_only,
        }
        for key in _keys(data).list()
    ]
    if as_json:
        print_json({"keys": rows})
        return
    for row in rows:
        may = "reads" if row["read_only"] else "reads and changes"
        say(f"{row['id']}  {row['name']}  {may}, {row['per_minute']} a minute, made {row['created'][:10]}")
    if not rows:
        say("There are no keys yet; `onrecord keys add NAME` makes one.")


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The key's name or id.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a key; a running server refuses it from its next request on."""
    key = _keys(data).revoke(name)
    if as_json:
        print_json({"revoked": key.id, "name": key.name})
    else:
        say(f"The key {key.name} ({key.id}) is revoked.")


def _keys(data: Path | None) -> Keys:
    return Keys(opening.settings_of(data).data / FILE_NAME)
