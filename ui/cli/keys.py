"""Keys for other programs that ask over HTTP: add, list, revoke."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onrecord.index.errors import InputError
from onrecord.ui.cli import opening
from onrecord.ui.cli.group import print_json, say
from onrecord.ui.cli.opening import DataOption, JsonOption
from onrecord.ui.server.keys import FILE_NAME, Key, Keys

if TYPE_CHECKING:
    from onrecord.qa.settings import Settings

app = typer.Typer(help="Keys for other programs: add, list, revoke.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who uses it: a program or a person.")],
    per_minute: Annotated[int, typer.Option(min=1, help="Requests a minute that it may make.")] = 120,
    read_only: Annotated[bool, typer.Option("--read-only", help="It may search, ask and read, no more.")] = False,
    collection: Annotated[
        list[str] | None, typer.Option("--collection", metavar="NAME", help="Only this one; may be given again.")
    ] = None,
    questions_per_day: Annotated[
        int | None, typer.Option(min=1, help="Questions a day (UTC) that it may ask; any number unless given.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key; its text is shown this once."""
    settings = opening.settings_of(data)
    if collection:
        _check_collections(settings.data, collection)
    with opened_keys(settings) as keys:
        key, token = keys.add(
            name,
            per_minute=per_minute,
            read_only=read_only,
            collections=tuple(collection or ()),
            questions_per_day=questions_per_day or 0,
        )
    if as_json:
        print_json({**_shown(key), "key": token})
    else:
        say(f"{token}\nKeep it now: it is stored hashed and cannot be shown again.")


@app.command("list")
def list_keys(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the keys, without their texts."""
    with opened_keys(opening.settings_of(data)) as known:
        keys = known.list()
    if as_json:
        print_json({"keys": [_shown(key) for key in keys]})
        return
    for key in keys:
        say(f"{key.id}  {key.name}  {_may(key)}, made {key.created[:10]}")
    if not keys:
        say("There are no keys yet; `onrecord keys add NAME` makes one.")


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The key's name or id.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a key; a running server refuses it from its next request on."""
    with opened_keys(opening.settings_of(data)) as keys:
        key = keys.revoke(name)
    if as_json:
        print_json({"revoked": key.id, "name": key.name})
    else:
        say(f"The key {key.name} ({key.id}) is revoked.")


@contextmanager
def opened_keys(settings: "Settings") -> Iterator[Keys]:
    """The keys of the settings' data folder or, where there is one, of its database."""
    file, url = settings.data / FILE_NAME, settings.index.catalogue_url
    if not url:
        yield Keys(file)
        return
    from onrecord.index.store.catalogue import Catalogue
    from onrecord.ui.desk.conversations import FILE
    from onrecord.ui.desk.tables import SharedTables

    with closing(Catalogue(settings.data, url)) as articles:
        assert articles.shared is not None
        yield Keys(file, SharedTables(articles.shared, settings.data / FILE))


def _check_collections(folder: Path, names: list[str]) -> None:
    from onrecord.ui.desk.collections import names_from

    there = names_from(folder)
    for name in names:
        if name not in there:
            raise InputError(f"There is no collection {name!r}; the collections are: {', '.join(there)}.")


def _shown(key: Key) -> dict[str, Any]:
    """Everything but what its text is checked by."""
    return {name: value for name, value in asdict(key).items() if name not in ("salt", "digest")}


def _may(key: Key) -> str:
    where = f" in {' and '.join(key.collections)}" if key.collections else ""
    daily = f", {key.questions_per_day} questions a day" if key.questions_per_day else ""
    return f"{'reads' if key.read_only else 'reads and changes'}{where}, {key.per_minute} a minute{daily}"
