"""What is sent and received at ``/api/v1``: the answer's own field names, checked, with examples."""

from dataclasses import is_dataclass
from functools import cache
from inspect import getdoc
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, create_model

from onrecord.index.types import Filter, Hit, Sentence
from onrecord.qa import records
from onrecord.qa.briefing.values import Brief
from onrecord.qa.names.values import Mention, NameEntry
from onrecord.qa.people.values import Person, Statement
from onrecord.qa.types import Answer, AnswerSentence
from onrecord.ui.desk.saved import SavedQuestion
from onrecord.ui.page.scope import scope_of

QUESTION = "How much will the repair of the bridge cost?"
PLACE: dict[str, Any] = {
    "article_id": "a1f0c2d3e4b5a",
    "index": 1,
    "start_char": 118,
    "end_char": 195,
    "quote": "Mayor Ilse Brandt said repairs would cost 2.4 million euros and take nine months.",
}
Id = Annotated[str, Field(max_length=100)]
Address = Annotated[str, Field(min_length=1, max_length=2000)]
Name = Annotated[str, Field(max_length=300)]
Day = Annotated[str, Field(max_length=10, description="2024, 2024-03 or 2024-03-09; both ends are included")]


class Asked(BaseModel):
    """A request: an unknown field is refused, so that nothing is ignored in silence."""

    model_config = ConfigDict(extra="forbid")


class FilterModel(Asked):
    """Empty fields do not restrict."""

    articles: list[Id] = Field(default_factory=list, max_length=1000)
    sources: list[Name] = Field(default_factory=list, max_length=1000)
    published_from: Day = ""
    published_to: Day = ""

    def filter(self) -> Filter:
        """Raises `InputError` for a date that is none."""
        return scope_of(self.articles, self.sources, self.published_from, self.published_to)


class SearchRequest(Asked):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"query": "bridge repair cost", "filter": {"published_from": "2024-03"}}]}
    )
    query: str = Field(min_length=1, max_length=2000)
    top_k: int = Field(10, ge=1, le=1000)
    filter: FilterModel = FilterModel()
    min_score: float | None = Field(None, ge=-1, le=1, description="The least nearness of a hit; left out, any")


class TurnModel(Asked):
    role: Literal["user", "assistant"]
    content: str = Field(max_length=20_000)


class AskRequest(Asked):
    """``conversation``: "new" to keep what is asked and answered, or the id of one that is kept, to go on with it.

    ``model`` "none" answers with quotes alone; any other must be the one that writes here.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"question": QUESTION}]})
    question: str = Field(min_length=1, max_length=4000)
    history: list[TurnModel] = Field([], max_length=20)
    filter: FilterModel = FilterModel()
    conversation: str = Field("", max_length=40)
    length: Literal["", "phrase", "sentence", "detailed"] = ""
    model: str = Field("", max_length=300)


class BriefRequest(Asked):
    """``about``: a subject; empty: all that the filter leaves."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"about": "the bridge"}]})
    about: str = Field("", max_length=300)
    filter: FilterModel = FilterModel()


class Removal(Asked):
    ids: list[Id] = Field(min_length=1, max_length=1000)


class NewArticle(Asked):
    """``url``, or without one the text, is the article's identity: the same one sent again changes nothing."""

    text: str = Field(min_length=1, max_length=1_000_000)
    title: Name = ""
    source: Name = ""
    published: str = Field("", max_length=60)
    url: str = Field("", max_length=2000)
    language: str = Field("", max_length=20)


class NewArticles(Asked):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "articles": [
                        {
                            "text": "The city closed the bridge on Monday.",
                            "title": "Old bridge closed",
                            "source": "Larnville Courier",
                            "published": "2024-03-04",
                            "url": "https://courier.example/bridge",
                        }
                    ]
                }
            ]
        }
    )
    articles: list[NewArticle] = Field(min_length=1, max_length=500)


class ArticleEdit(Asked):
    """What is left out stays; "" empties the source or the date."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"source": "River Herald", "published": "2024-03-09"}]})
    title: Name | None = None
    source: Name | None = None
    published: Annotated[str, Field(max_length=60)] | None = None


class NewAddresses(Asked):
    """Each is fetched once, by the server, politely."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"addresses": ["https://courier.example/bridge"]}]})
    addresses: list[Address] = Field(min_length=1, max_length=20)


class FeedAddress(Asked):
    model_config = ConfigDict(json_schema_extra={"examples": [{"address": "https://courier.example/feed.xml"}]})
    address: Address
    page: bool = Field(False, description="It is a page, not a feed: added now, and read again when it changes.")


NAMES: dict[type, str] = {
    Sentence: "PlaceModel",
    AnswerSentence: "SentenceModel",
    SavedQuestion: "QuestionModel",
    Filter: "ScopeModel",
}  # of models; others are named after their dataclass


@cache
def model_of(kind: type) -> type[BaseModel]:
    """The model of what `records.to_dict` makes of a dataclass."""
    keys: dict[str, Any] = {key: (_sent(one), ...) for key, one in records.shape(kind).items()}
    extra: dict[str, Any] = {"examples": [PLACE]} if kind is Sentence else {}
    model: type[BaseModel] = create_model(
        NAMES.get(kind, f"{kind.__name__}Model"),
        __doc__=getdoc(kind),
        __config__=ConfigDict(json_schema_extra=extra),
        **keys,
    )
    return model


def _sent(kind: Any) -> Any:
    """The type as it is sent: models in place of dataclasses."""
    if get_origin(kind) is tuple:
        return list[_sent(get_args(kind)[0])]  # type: ignore[misc]
    return model_of(kind) if isinstance(kind, type) and is_dataclass(kind) else kind


FACTS: dict[str, Any] = dict.fromkeys(("title", "source", "published", "url", "quote"), (str, ...))
FoundModel = create_model(
    "FoundModel",
    __doc__="A hit with the facts of its article; ``quote`` is the article's own text at that place.",
    __base__=model_of(Hit),
    **FACTS,
)


class SearchResponse(BaseModel):
    query: str
    hits: list[FoundModel]  # type: ignore[valid-type]
    warnings: list[str]


AnswerModel = create_model("AnswerModel", __doc__=getdoc(Answer), __base__=model_of(Answer), conversation=(str, ""))


class PersonList(BaseModel):
    total: int
    people: list[model_of(Person)]  # type: ignore[valid-type]
    warnings: list[str]


class NameList(BaseModel):
    """``warnings`` tell, too, what is not in it yet and what it needs."""

    total: int
    names: list[model_of(NameEntry)]  # type: ignore[valid-type]
    warnings: list[str]


class MentionList(BaseModel):
    total: int
    mentions: list[model_of(Mention)]  # type: ignore[valid-type]
    warnings: list[str]


class StatementList(BaseModel):
    """``speakers``: the people whom the name may mean."""

    speakers: list[str]
    total: int
    quotations: list[model_of(Statement)]  # type: ignore[valid-type]
    warnings: list[str]


class DayModel(BaseModel):
    day: str
    quotations: list[model_of(Statement)]  # type: ignore[valid-type]


class TimelineModel(BaseModel):
    speakers: list[str]
    total: int
    days: list[DayModel]
    warnings: list[str]


QuestionModel = model_of(SavedQuestion)


class QuestionList(BaseModel):
    questions: list[QuestionModel]  # type: ignore[valid-type]


class QuestionRequest(Asked):
    model_config = ConfigDict(json_schema_extra={"examples": [{"question": QUESTION}]})
    question: str = Field(min_length=1, max_length=2000)
    filter: FilterModel = FilterModel()


BriefModel = model_of(Brief)


class InfoModel(BaseModel):
    id: str
    title: str
    source: str
    published: str
    url: str
    language: str
    place: str
    words: int
    added: str


class ArticleList(BaseModel):
    """``next`` is where the following page is, empty on the last one."""

    total: int
    articles: list[InfoModel]
    next: str
    warnings: list[str]


class SpanModel(BaseModel):
    index: int
    start_char: int
    end_char: int


class EditModel(BaseModel):
    """Sentences that stood in one place before, and those that stand there since."""

    before: list[str]
    after: list[str]


class ChangedModel(BaseModel):
    """What changed when a page was read again. ``at``: when that was."""

    at: str
    edits: list[EditModel]


class ArticleModel(BaseModel):
    id: str
    title: str
    text: str
    source: str
    published: str
    url: str
    language: str
    place: str
    sentences: list[SpanModel]
    also_in: list[str]
    changes: list[ChangedModel] = []


class FailedFile(BaseModel):
    file: str
    error: str


class ChangeReport(BaseModel):
    """What happened, by article id. ``notes``: what was left out of added articles, such as a date that is none."""

    added: list[str] = []
    changed: list[str] = []
    unchanged: list[str] = []
    removed: list[str] = []
    failed: list[FailedFile] = []
    notes: list[str] = []


class FeedModel(BaseModel):
    """A feed that is followed. ``looked``: when it was last fetched; ``said``: what went wrong then.

    ``waiting``: how many of its pages the server is still to read; ``note``: which of them are not, in a sentence.
    ``page``: it is a page, read again when it changes.
    """

    address: str
    title: str
    followed: str
    looked: str
    said: str
    waiting: int
    note: str
    page: bool


class FeedList(BaseModel):
    feeds: list[FeedModel]


class VisitModel(BaseModel):
    """One request that was made. ``status`` 0: there was no answer."""

    at: str
    address: str
    status: int
    bytes: int
    outcome: str


class VisitList(BaseModel):
    fetches: list[VisitModel]


class ConversationModel(BaseModel):
    id: str
    title: str
    created: str
    updated: str
    turns: int


class ConversationList(BaseModel):
    conversations: list[ConversationModel]


class TurnRecord(BaseModel):
    id: str
    question: str
    answer: str
    status: str
    reason: str
    asked: str


class ConversationTurns(BaseModel):
    id: str
    title: str
    turns: list[TurnRecord]


class Health(BaseModel):
    status: Literal["ok"]
    version: str
    waiting: int


class ProblemModel(BaseModel):
    """RFC 9457. ``kind``: the error's name in Python, where it is one of OnRecord's own."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str = ""
    kind: str = ""
    errors: list[dict[str, str]] = []
