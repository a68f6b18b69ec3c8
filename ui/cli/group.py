"""The group of all commands: errors as one line or one JSON document, and commands that other rooms bring.

A package adds a command with an entry point in the group ``onrecord.commands``: its name, and a ``typer.Typer``. It is
imported when it is called, not before; the first line of its module's docstring describes it in ``--help``.
"""

import ast
import json
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TextIO

import typer
from typer.core import TyperCommand, TyperGroup

PLUGINS = "onrecord.commands"
# Built-in commands whose modules are not light.
OWN = tuple(EntryPoint(name, f"onrecord.ui.cli.{name}:app", PLUGINS) for name in ("cluster", "keys"))
DEBUG = "ONRECORD_DEBUG"
FAILED, USAGE = 1, 2


class Commands(TyperGroup):
    """Knows the built-in commands and the plug-ins, and turns every error into what a person or a program can read."""

    @cached_property
    def plugins(self) -> dict[str, "PluginCommand"]:
        return {entry.name: PluginCommand(entry) for entry in (*entry_points(group=PLUGINS), *OWN)}

    def list_commands(self, ctx: Any) -> list[str]:
        built_in = super().list_commands(ctx)
        return [*built_in, *sorted(self.plugins.keys() - set(built_in))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or self.plugins.get(cmd_name)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs a command and exits with its code; ``standalone_mode`` False leaves both to the caller."""
        args = sys.argv[1:] if args is None else list(args)
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        _quiet_libraries()
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except typer.Abort:
            code = FAILED
        except BrokenPipeError:  # `onrecord list | head`: nobody reads on, which is no failure of ours
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = FAILED
        except Exception as error:  # noqa: BLE001  the outermost layer
            code = _report(error, as_json="--json" in args)
        sys.exit(code if isinstance(code, int) else 0)


class PluginCommand(TyperCommand):
    """Stands for a command until it is called."""

    def __init__(self, entry: EntryPoint) -> None:
        super().__init__(name=entry.name, help=described(entry.module))
        self.entry = entry

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return self.load().make_context(info_name, args, parent=parent, **extra)

    def load(self) -> Any:
        """The real command; raises ``OnRecordError`` when its package cannot be imported."""
        from onrecord.index.errors import OnRecordError
        from onrecord.index.extras import missing_extra

        try:
            found = self.entry.load()
        except (ImportError, AttributeError) as error:
            if isinstance(error, ImportError) and (missing := missing_extra(error)):
                raise missing from error
            raise OnRecordError(
                f"The command {self.name} ({self.entry.value}) cannot be loaded: {error}; install what it needs."
            ) from error
        return typer.main.get_group(found) if isinstance(found, typer.Typer) else found


def described(module: str) -> str:
    """The first line of a module's docstring, read from its file without importing it or its packages."""
    path: Sequence[str] | None = None
    name, origin = "", ""
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        spec = PathFinder.find_spec(name, path)
        if spec is None:
            return ""
        path, origin = spec.submodule_search_locations, spec.origin or ""
    try:
        text = ast.get_docstring(ast.parse(Path(origin).read_text(encoding="utf-8"))) or ""
    except (OSError, ValueError, SyntaxError):
        return ""
    return text.partition("\n")[0]


def print_json(document: Mapping[str, Any], *, to: TextIO | None = None) -> None:
    """One JSON document on standard output, whatever that can encode."""
    from onrecord.index.inert import as_json

    out = to or sys.stdout
    text = as_json(document)
    try:
        text.encode(getattr(out, "encoding", None) or "utf-8")
    except UnicodeEncodeError:  # a terminal without Unicode, or a file name that is no text
        text = json.dumps(document, indent=2)
    print(text, file=out, flush=True)


def say(text: str) -> None:
    """A line on standard output; what a terminal would obey is left out of it."""
    from onrecord.index.inert import plain

    print(plain(text))


def complain(sentence: str) -> None:
    """One line on standard error."""
    from onrecord.index.inert import one_line

    line = f"onrecord: {one_line(sentence)}"
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    print(line.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr)


def _report(error: Exception, *, as_json: bool) -> int:
    """Says what went wrong; returns the exit code."""
    from onrecord.index.errors import OnRecordError
    from onrecord.index.extras import missing_extra

    if isinstance(error, ImportError) and not isinstance(error, OnRecordError):
        error = missing_extra(error) or error
    match error:
        case typer.TyperException() if not error.format_message():  # a group without a command; its help was shown
            return error.exit_code
        case typer.TyperException():  # the command line itself is wrong
            message, kind, code = error.format_message().rstrip(".") + ".", "UsageError", error.exit_code
            context = getattr(error, "ctx", None)
            message += f" `{context.command_path} --help` shows how it is used." if context else ""
        case OnRecordError():
            message, kind, code = str(error), type(error).__name__, FAILED
        case _:
            kind, code = type(error).__name__, FAILED
            message = f"This should not have happened ({kind}: {error}); set {DEBUG}=1 and run it again to see where."
    if os.environ.get(DEBUG) and code != USAGE:
        traceback.print_exception(error)
    if as_json:
        print_json({"error": message, "kind": kind})
    else:
        complain(message)
    return code


class _OneLine(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        complain(record.getMessage())


def _quiet_libraries() -> None:
    """Our own warnings are one line each; what libraries log or warn about is for developers."""
    if os.environ.get(DEBUG):
        logging.basicConfig(level=logging.INFO)
        return
    warnings.simplefilter("ignore")
    logging.lastResort = logging.NullHandler()  # with none at all, Python itself complains
    own = logging.getLogger("onrecord")
    own.propagate = False
    if not any(isinstance(handler, _OneLine) for handler in own.handlers):
        own.addHandler(_OneLine(logging.WARNING))
