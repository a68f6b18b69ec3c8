"""The settings of articles and answers, in one frozen object with a section per subject; how settings are read.

Read once, at the outermost place: defaults < ``onrecord.toml`` < ``ONRECORD_*`` < flags. The variable of a setting is
``ONRECORD_SECTION_KEY``; ``ONRECORD_DATA`` is the data folder, or the address of a PostgreSQL database. Unknown names
are refused, wherever they are.
"""

import dataclasses
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_type_hints

from platformdirs import user_data_path

from onrecord.index.database_address import is_address, parse
from onrecord.index.errors import InputError
from onrecord.index.settings import FetchSettings, IndexSettings, at_least

Strictness = Literal["lenient", "balanced", "strict"]
Length = Literal["phrase", "sentence", "detailed"]

FILE_NAME = "onrecord.toml"
PREFIX = "ONRECORD_"
NO_MODEL = "none"
COMMAND_LINE = "the command line"
OF_THE_DOORS = "server"  # the section that `onrecord.ui.settings` reads: here, whatever is in it is passed over
# Read elsewhere: where models are kept (`onrecord.index.models.catalogue`), and which settings file to read.
OTHER_VARIABLES = ("ONRECORD_MODELS", "ONRECORD_CONFIG", "ONRECORD_DEBUG", "ONRECORD_FAULT", "ONRECORD_ATTACK")


def default_data_folder() -> Path:
    """The collection that is used when none is named."""
    return user_data_path("onrecord") / "default"


def folder_beside(url: str) -> Path:
    """Where this machine keeps what it has of its own of a collection in PostgreSQL."""
    return user_data_path("onrecord") / "postgresql" / parse(url).folder


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """``top_k``: how many passages a search shows."""

    top_k: int = 10

    def __post_init__(self) -> None:
        at_least(self, "retrieval", top_k=1)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What writes the answers.

    ``name``: a model of the catalogue, the path of a GGUF file, or "none" for quotes only. ``url``: an
    OpenAI-compatible server instead, or several with commas between them, where ``name`` is its model's name and
    ``api_key`` its key; ``wait_seconds`` bounds the wait for its first token. ``threads``: 0 uses the physical cores.
    ``cache_mib`` bounds the memory for earlier prompts.
    """

    name: str = "qwen2.5-coder-1.5b"
    url: str = ""
    api_key: str = field(default="", repr=False)
    wait_seconds: float = 300.0
    context_tokens: int = 4096
    threads: int = 0
    cache_mib: int = 256

    def __post_init__(self) -> None:
        at_least(self, "model", context_tokens=512, threads=0, cache_mib=0, wait_seconds=1)

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses in ``url``."""
        return tuple(part.strip() for part in self.url.split(",") if part.strip())


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
        at_least(self, "answer", top_k=1, evidence_tokens=40, evidence_sentences=1, max_answer_tokens=1)


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole. Only `onrecord.qa.build` takes it; every class takes the few values it needs."""

    data: Path = field(default_factory=default_data_folder)
    index: IndexSettings = field(default_factory=IndexSettings)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    retrieval: RetrievalSettings = field(default_factory=RetrievalSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    answer: AnswerSettings = field(default_factory=AnswerSettings)

    @property
    def place(self) -> str:
        """Where the articles are, for people: a folder, or an address without its password."""
        return str(parse(self.index.catalogue_url)) if self.index.catalogue_url else str(self.data)


AnySettings = TypeVar("AnySettings", bound=Settings)


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
    return read_settings(Settings, path, env=env, flags=flags)


def read_settings(
    kind: type[AnySettings],
    path: Path | None = None,
    *,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> AnySettings:
    """As `load_settings`, for settings with further sections: each is a field of ``kind`` whose type is a dataclass."""
    given = os.environ if env is None else env
    file = path or (Path(given["ONRECORD_CONFIG"]) if given.get("ONRECORD_CONFIG") else None)
    known, sections = setting_names(kind), _sections(kind)
    values: dict[str, Any] = {}
    for name, value, origin in (*_from_file(file, sections), *_from_environment(given), *_from_flags(flags or {})):
        section = name.split(".")[0]
        if name == "data" and is_address(value):
            values[name] = value
        elif name in known:
            values[name] = _converted(known[name], name, value, origin)
        elif section != OF_THE_DOORS or section in sections or origin == COMMAND_LINE:
            raise InputError(f"There is no setting {name!r} ({origin}); {_known_ones(section, sections)}.")
    if is_address(url := values.get("data")):
        values |= {"index.catalogue_url": url, "data": folder_beside(url)}
    data = {"data": values["data"].expanduser()} if "data" in values else {}
    parts = {
        section: made(**{name.split(".")[1]: value for name, value in values.items() if name.startswith(f"{section}.")})
        for section, made in sections.items()
    }
    return kind(**data, **parts)


Item = tuple[str, object, str]  # a setting's dotted name, its value, and where that was read


def setting_names(kind: type[Settings] = Settings) -> dict[str, Any]:
    """Every setting's dotted name with its type."""
    sections = _sections(kind).items()
    return {"data": Path} | {f"{section}.{name}": hint for section, made in sections for name, hint in _hints(made)}


def _sections(kind: type[Settings]) -> dict[str, Any]:
    return {name: hint for name, hint in _hints(kind) if dataclasses.is_dataclass(hint)}


def _hints(kind: Any) -> list[tuple[str, Any]]:
    hints = get_type_hints(kind)
    return [(item.name, hints[item.name]) for item in dataclasses.fields(kind)]


def _from_file(path: Path | None, sections: Mapping[str, Any]) -> Iterator[Item]:
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
        if name in sections and isinstance(value, dict):
            yield from ((f"{name}.{key}", inner, str(path)) for key, inner in value.items())
        else:
            yield name, value, str(path)


def _from_environment(env: Mapping[str, str]) -> Iterator[Item]:
    for variable, value in sorted(env.items()):
        if variable.startswith(PREFIX) and variable not in OTHER_VARIABLES:
            # Section names have no underscore, so the first one ends the section.
            yield variable.removeprefix(PREFIX).lower().replace("_", ".", 1), value, variable


def _from_flags(flags: Mapping[str, object]) -> Iterator[Item]:
    yield from ((name, value, COMMAND_LINE) for name, value in flags.items() if value is not None)


def _converted(hint: Any, name: str, value: object, origin: str) -> Any:
    """The value as the setting's type. Text is taken apart where the type is not text: variables have no other kind."""
    from pydantic import TypeAdapter, ValidationError

    if isinstance(value, str) and hint == tuple[str, ...]:
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Input ")
        raise InputError(f"{name} = {value!r} ({origin}) cannot be used: it {reason}.") from error


def _known_ones(section: str, sections: Mapping[str, Any]) -> str:
    if section in sections:
        return f"the section {section} has {', '.join(name for name, _ in _hints(sections[section]))}"
    return f"there are data and the sections {', '.join(sections)}"
