"""The commands about the web: following feeds, and the log of what was fetched. Addresses are added by ``add``."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.ui.cli import opening
from onrecord.ui.cli.group import FAILED, complain, print_json, say
from onrecord.ui.cli.opening import DataOption, JsonOption

if TYPE_CHECKING:
    from onrecord.index.store.web_notes import Feed

FeedArgument = Annotated[str, typer.Argument(metavar="FEED", help="The address of an RSS or Atom feed.")]


def follow(
    feed: Annotated[
        str,
        typer.Argument(metavar="[FEED]", help="Address of a feed (RSS, Atom) or sitemap; without one, list them."),
    ] = "",
    section: Annotated[
        str, typer.Option("--section", metavar="PATH", help="Only pages whose path begins so, as /world/.")
    ] = "",
    page: Annotated[
        bool, typer.Option("--page", help="It is a page: add it, and read it again when it changes.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow a feed or sitemap: its pages are read now, new ones by a running server; without FEED, list what is."""
    from onrecord.ui.cli.collection import open_collection
    from onrecord.ui.cli.terminal import counted, progress

    with closing(open_collection(opening.settings_of(data))) as collection:
        if not feed:
            _list(collection.feeds(), as_json=as_json)
            return
        if section and not section.startswith("/"):
            raise typer.BadParameter("a section is the beginning of a path, as /world/.")
        followed = collection.follow(f"{feed.partition('#')[0]}#{section}" if section else feed, page=page)
        if page:
            _say_page(followed, as_json=as_json)
            return
        with progress("Reading pages", quiet=as_json) as report_progress:
            report = collection.read_items(followed, on_progress=report_progress)
        if report is None:  # a server has the folder open and reads them
            if as_json:
                print_json({"feed": asdict(followed)})
            else:
                say(f"Following {followed.title}; the server reads its {counted(followed.waiting, 'page')} now.")
                _say_note(followed)
            return
    if as_json:
        failed = [{"address": address, "error": why} for address, why in report.failed]
        print_json({"feed": asdict(followed), "added": list(report.added), "failed": failed})
    else:
        for _, why in report.failed:
            complain(why)
        say(f"Following {followed.title}: {counted(len(report.added), 'article')} added.")
        _say_note(followed)


def _say_page(page: "Feed", *, as_json: bool) -> None:
    if as_json:
        print_json({"feed": asdict(page)})
    else:
        say(f"Following the page “{page.title}”; a running chat or server reads it again when it changes.")


def _say_note(feed: "Feed") -> None:
    if feed.note:
        say(feed.note)


def unfollow(feed: FeedArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Follow a feed no longer; its articles stay."""
    from onrecord.ui.cli.collection import open_collection

    with closing(open_collection(opening.settings_of(data))) as collection:
        collection.unfollow(feed)
    if as_json:
        print_json({"unfollowed": feed})
    else:
        say(f"{feed} is followed no longer; its articles stay.")


def fetches(
    last: Annotated[int, typer.Option("--last", "-n", min=1, max=10_000, help="How many requests to show.")] = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was fetched from the web: every request, the newest first."""
    from onrecord.ui.cli.collection import open_collection
    from onrecord.ui.cli.terminal import console, show_table

    with closing(open_collection(opening.settings_of(data))) as collection:
        found = collection.visits(last)
    if as_json:
        print_json({"fetches": [asdict(visit) for visit in found]})
    elif not found:
        say("Nothing was ever fetched for this collection.")
    else:
        rows = [(one.at[:16], str(one.status or ""), f"{one.bytes:,}", one.address, one.outcome) for one in found]
        show_table(console(), ("at (UTC)", "status", "bytes", "address", "outcome"), rows, right=("bytes",))


def addresses_in(file: Path) -> list[str]:
    """The addresses of a list: one a line, without blank lines and those that begin with #; raises ``ReadError``."""
    from onrecord.index.errors import ReadError

    try:
        text = typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(
            f"The list {file} cannot be read ({error}); give a text file with an address a line."
        ) from error
    found = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not found:
        raise ReadError(f"The list {file} names no address; give a text file with an address a line.")
    return found


def _list(feeds: "Sequence[Feed]", *, as_json: bool) -> None:
    from onrecord.ui.cli.terminal import console, show_table

    if as_json:
        print_json({"feeds": [asdict(feed) for feed in feeds]})
    elif not feeds:
        say("No feed is followed; `onrecord follow FEED` follows one.")
    else:
        rows = [(one.title, one.address, one.looked[:16], str(one.waiting), one.said) for one in feeds]
        show_table(console(), ("feed", "address", "read (UTC)", "to read", "trouble"), rows, right=("to read",))
    if any(feed.said for feed in feeds):
        raise typer.Exit(FAILED)
