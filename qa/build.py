"""Settings -> the objects that answer: the only place that knows all classes."""

import logging

from onrecord.index.errors import ModelMissing
from onrecord.index.library import Library
from onrecord.index.models.catalogue import catalogue
from onrecord.index.types import Embedder
from onrecord.qa.assistant import Assistant
from onrecord.qa.engines.base import Engine
from onrecord.qa.engines.load import engine_from_url, load_engine
from onrecord.qa.settings import NO_MODEL, Settings

log = logging.getLogger("onrecord")


def build_library(settings: Settings, *, embedder: Embedder | None = None) -> Library:
    """The library in the settings' data folder; without ``embedder``, the settings' one, loaded when first needed."""
    return Library(settings.data, embedder=embedder, settings=settings.index, fetch=settings.fetch)


def build_engine(settings: Settings) -> Engine | None:
    """The model that writes, or None for answers made of quotes: with the model "none", and before one is pulled."""
    model = settings.model
    if model.name == NO_MODEL:
        return None
    if model.url:
        return engine_from_url(
            model.urls,
            model=model.name,
            api_key=model.api_key,
            context_tokens=model.context_tokens,
            wait_seconds=model.wait_seconds,
        )
    try:
        return load_engine(
            model.name,
            context_tokens=model.context_tokens,
            threads=model.threads or None,
            cache_mib=model.cache_mib,
        )
    except ModelMissing as missing:
        if model.name not in {entry.name for entry in catalogue()}:
            raise  # a file that was named must be there
        log.warning("%s Until then, answers are quotes from the articles.", missing)
        return None


def build_assistant(settings: Settings, library: Library | None = None, engine: Engine | None = None) -> Assistant:
    """The assistant over ``library`` (the settings' own when None). ``engine`` None answers with quotes."""
    return Assistant(library or build_library(settings), engine, settings.answer)
