"""The qa room: turns a question into an answer whose every sentence cites places in articles.

``Assistant`` is its one class. Importing this loads no model library: an engine is loaded when it is asked for.
"""

from onrecord.qa.assistant import Assistant
from onrecord.qa.build import build_assistant, build_engine, build_library
from onrecord.qa.engines.base import Engine, Usage
from onrecord.qa.engines.load import engine_from_llm, engine_from_url, load_engine
from onrecord.qa.judges.verify import FeatureVerifier, Verifier
from onrecord.qa.names.index import Names
from onrecord.qa.names.values import Mention, NameEntry
from onrecord.qa.people.index import People
from onrecord.qa.people.values import Person, Statement
from onrecord.qa.settings import AnswerSettings, Settings, load_settings
from onrecord.qa.types import (
    Answer,
    AnswerSentence,
    AnswerStarted,
    Citation,
    Disagreement,
    Event,
    Evidence,
    EvidenceFound,
    Finished,
    SentenceDone,
    Turn,
    Writing,
)

__all__ = [
    "Answer",
    "AnswerSentence",
    "AnswerSettings",
    "AnswerStarted",
    "Assistant",
    "Citation",
    "Disagreement",
    "Engine",
    "Event",
    "Evidence",
    "EvidenceFound",
    "FeatureVerifier",
    "Finished",
    "Mention",
    "NameEntry",
    "Names",
    "People",
    "Person",
    "SentenceDone",
    "Settings",
    "Statement",
    "Turn",
    "Usage",
    "Verifier",
    "Writing",
    "build_assistant",
    "build_engine",
    "build_library",
    "engine_from_llm",
    "engine_from_url",
    "load_engine",
    "load_settings",
]
