"""Several servers over one database, on this machine, to try it."""

import time
from typing import Annotated

import typer

from onrecord.index.errors import InputError
from onrecord.ui.cli.doors import NoModelOption
from onrecord.ui.cli.group import say
from onrecord.ui.cli.serving import check_port
from onrecord.ui.server.cluster import cluster

app = typer.Typer(no_args_is_help=True)
HOST = "127.0.0.1"


@app.callback()
def several() -> None:
    """Several servers over one database, on this machine, to try it."""


@app.command("try")
def try_it(
    servers: Annotated[int, typer.Option(min=1, max=16, help="How many servers.")] = 2,
    port: Annotated[
        int, typer.Option(min=1, max=65000, help="Where nginx listens; what is behind it takes the next.")
    ] = 8080,
    no_model: NoModelOption = False,
) -> None:
    """Start PostgreSQL, Chroma, servers over them and nginx before them, until Ctrl-C; nothing of it is kept."""
    chroma, *ports = [port + number for number in range(1, servers + 2)]
    for one in (port, chroma, *ports):
        check_port(HOST, one)
    say(f"Starting PostgreSQL, Chroma, {servers} servers and nginx…")
    try:
        with cluster(port, chroma, ports, ["--no-model"] if no_model else []) as started:
            processes = ", ".join(str(one.process.pid) for one in started.servers)
            say(f"{started.address}/api/v1 is answered by {servers} servers over one database (processes {processes}).")
            say(f"Chroma answers them at port {chroma} (process {started.chroma.process.pid}).")
            say(f"Add articles: onrecord add FOLDER --data '{started.url}'")
            say("Kill one of them and go on asking: it is started anew. Ctrl-C ends all of it, and nothing is kept.")
            while True:
                for server in started.ended():
                    pid = server.process.pid
                    say(f"What answered at port {server.port} went away and was started anew (process {pid}).")
                time.sleep(0.2)
    except KeyboardInterrupt:
        say("Everything is stopped.")
    except PermissionError as error:
        raise InputError(f"The processes cannot be started here ({error}); do it as another user.") from error
