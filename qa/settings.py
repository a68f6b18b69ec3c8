"""Every setting, in one frozen object with a section per room.

Read once, at the outermost place: defaults < ``onrecord.toml`` < ``ONRECORD_*`` < flags. The variable of a setting is
``ONRECORD_SECTION_KEY``; ``ONRECORD_DATA`` is the data folder. Unknown names are refused wherever they stand.
"""

import dataclasses
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_type_hints

from platformdirs import user_data_path

from onrecord.index.errors import InputError
from onrecord.index.settings import IndexSettings

Strictness = Literal["lenient", "balanced", "strict"]
Length = Literal["phrase", "sentence", "detailed"]

FILE_NAME = "onrecord.toml"
PREFIX = "ONRECORD_"
NO_MODEL = "none"
# Read elsewhere: where models are kept (`onrecord.index.models.catalogue`), and which settings file to read.
OTHER_VARIABLES = ("ONRECORD_MODELS", "ONRECORD_CONFIG", "ONRECORD_DEBUG", "ONRECORD_FAULT", "ONRECORD_ATTACK")


def default_data_folder() -> Path:
    """The collection that is used when none is named."""
    return user_data_path("onrecord") / "default"


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """``top_k``: how many passages a search shows."""

    top_k: int = 10

    def __post_init__(self) -> None:
        _at_least(1, self, "retrieval", ["top_k"])


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What writes the answers.

    ``name``: a model of the catalogue, the path of a GGUF file, or "none" for quotes only. ``url``: an
    OpenAI-compatible server instead, where ``name`` is its model's name and ``api_key`` its key. ``threads``: 0 uses
    the physical cores. ``cache_mib`` bounds the memory for earlier prompts.
    """

    name: str = "qwen2.5-coder-1.5b"
    url: str = ""
    api_key: str = field(default="", repr=False)
    context_tokens: int = 4096
    threads: int = 0
    cache_mib: int = 256

    def __post_init__(self) -> None:
        _at_least(512, self, "model", ["context_tokens"])
        _at_least(0, self, "model", ["threads", "cache_mib"])


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """How a question is answered.

    ``top_k`` passages are searched, of which up to ``evidence_sentences`` sentences and ``evidence_tokens`` tokens are
    shown to the model. ``strictness`` says how sure the check must be that the articles answer at all.
    ``compare_sources``: look for articles that differ.
    """

    top_k: int = 24
    evidence_tokens: int = 450
    evidence_sentences: int = 12
    max_answer_tokens: int = 120
    length: Length = "sentence"
    strictness: Strictness = "balanced"
    compare_sources: bool = True

    def __post_init__(self) -> None:
        _at_least(1, self, "answer", ["top_k", "evidence_sentences", "max_answer_tokens"])
        _at_least(40, self, "answer", ["evidence_tokens"])


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the page is served. ``allowed_hosts``: further names it is reached by; ``auth``: NAME:PASSWORD pairs.

    The rest is what connections may take, as `onrecord.ui.server.connections.ConnectionLimits` says.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    allowed_hosts: tuple[str, ...] = ()
    auth: tuple[str, ...] = field(default=(), repr=False)
    connections: int = 256
    header_seconds: float = 10.0
    body_seconds: float = 60.0
    idle_seconds: float = 30.0

    def __post_init__(self) -> None:
        _at_least(1, self, "server", ("connections", "header_seconds", "body_seconds", "idle_seconds"))
        if not 0 <= self.port <= 65535:
            raise InputError(f"server.port = {self.port} cannot be used: a port is a number from 0 to 65535.")


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole. Only `onrecord.qa.build` takes it; every class takes the few values it needs."""

    data: Path = field(default_factory=default_data_folder)
    index: IndexSettings = field(default_factory=IndexSettings)
    retrieval: RetrievalSettings = field(default_factory=RetrievalSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    answer: AnswerSettings = field(default_factory=AnswerSettings)
    server: ServerSettings = field(default_factory=ServerSettings)


SECTIONS: Mapping[str, Any] = {
    "index": IndexSettings,
    "retrieval": RetrievalSettings,
    "model": ModelSettings,
    "answer": AnswerSettings,
    "server": ServerSettings,
}


def load_settings(
    path: Path | None = None,
    *,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """Read every layer. ``flags`` have dotted names (``{"answer.top_k": 8}``); those that are None were not given.

    ``path`` None reads the file that ``ONRECORD_CONFIG`` names, else ``onrecord.toml`` in the working folder if there
    is one. Raises `InputError` that names the setting and where it was read.
    """
    given = os.environ if env is None else env
    file = path or (Path(given["ONRECORD_CONFIG"]) if given.get("ONRECORD_CONFIG") else None)
    values: dict[str, Any] = {}
    layers = (_from_file(file), _from_environment(given), _from_flags(flags or {}))
    for name, value, origin in (item for layer in layers for item in layer):
        values[name] = _converted(name, value, origin)
    sections = {
        section: kind(**{name.split(".")[1]: value for name, value in values.items() if name.startswith(f"{section}.")})
        for section, kind in SECTIONS.items()
    }
    data = {"data": values["data"].expanduser()} if "data" in values else {}
    return Settings(**data, **sections)


Item = tuple[str, object, str]  # a setting's dotted name, its value, and where that was read


def setting_names() -> dict[str, Any]:
    """Every setting's dotted name with its type."""
    names = {f"{section}.{name}": hint for section, kind in SECTIONS.items() for name, hint in _hints(kind)}
    return {"data": Path, **names}


def _hints(kind: Any) -> Iterable[tuple[str, Any]]:
    hints = get_type_hints(kind)
    return [(item.name, hints[item.name]) for item in dataclasses.fields(kind)]


def _from_file(path: Path | None) -> Iterator[Item]:
    if path is None and not Path(FILE_NAME).is_file():
        return
    path = path or Path(FILE_NAME)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The settings file {path} cannot be read ({error.strerror}).") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise InputError(f"The settings file {path} is not valid TOML: {error}.") from error
    for name, value in data.items():
        if name in SECTIONS and isinstance(value, dict):
            yield from ((f"{name}.{key}", inner, str(path)) for key, inner in value.items())
        else:
            yield name, value, str(path)


def _from_environment(env: Mapping[str, str]) -> Iterator[Item]:
    for variable, value in sorted(env.items()):
        if variable.startswith(PREFIX) and variable not in OTHER_VARIABLES:
            # Section names have no underscore, so the first one ends the section.
            yield variable.removeprefix(PREFIX).lower().replace("_", ".", 1), value, variable


def _from_flags(flags: Mapping[str, object]) -> Iterator[Item]:
    yield from ((name, value, "the command line") for name, value in flags.items() if value is not None)


def _converted(name: str, value: object, origin: str) -> Any:
    """The value as the setting's type. Text is taken apart where the type is not text: variables have no other kind."""
    from pydantic import TypeAdapter, ValidationError

    known = setting_names()
    if name not in known:
        raise InputError(f"There is no setting {name!r} ({origin}); {_known_ones(name)}.")
    hint = known[name]
    if isinstance(value, str) and hint == tuple[str, ...]:
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Input ")
        raise InputError(f"{name} = {value!r} ({origin}) cannot be used: it {reason}.") from error


def _known_ones(name: str) -> str:
    section = name.split(".")[0]
    if section in SECTIONS:
        keys = (item.name for item in dataclasses.fields(SECTIONS[section]))
        return f"the section {section} has {', '.join(keys)}"
    return f"there are data and the sections {', '.join(SECTIONS)}"


def _at_least(least: int, settings: object, section: str, names: Iterable[str]) -> None:
    for name in names:
        if getattr(settings, name) < least:
            raise InputError(
                f"{section}.{name} = {getattr(settings, name)} cannot be used: it must be {least} or more."
            )
