"""A small library and a scripted assistant for the page, so that its tests need neither index nor model."""

import re
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from onrecord.index.errors import InputError, StoreError, UnknownArticle
from onrecord.index.fetching.values import Visit
from onrecord.index.reading.articles import stated_facts
from onrecord.index.reading.files import Named, OnReading, ReadResult, read_paths, shown_path
from onrecord.index.store.derived import Derived
from onrecord.index.store.folder_notes import Folder
from onrecord.index.store.web_notes import Feed
from onrecord.index.sync import with_unread
from onrecord.index.text.changes import Changed
from onrecord.index.types import Article, ArticleInfo, Filter, Hit, Passage, Sentence, SyncReport
from onrecord.qa.briefing.values import Brief, Dated, Said
from onrecord.qa.differences.values import Difference, Side
from onrecord.qa.settings import AnswerSettings
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
)


class FakeWeb:
    """Pages by their addresses, which are read into a library; feeds that list nothing."""

    def __init__(self, library: "FakeLibrary") -> None:
        self.library = library
        self.pages: dict[str, Article] = {}
        self.asked: list[str] = []
        self.followed: list[Feed] = []

    def add(
        self, addresses: Iterable[str], *, on_progress: object = None, on_reading: OnReading | None = None
    ) -> SyncReport:
        self.asked += (given := list(addresses))
        report = self.library.add([self.pages[one] for one in given if one in self.pages])
        failed = tuple((one, f"{one} is not there (404); check the address.") for one in given if one not in self.pages)
        return replace(report, failed=failed)

    def feeds(self) -> tuple[Feed, ...]:
        return tuple(self.followed)

    def follow(self, address: str, *, page: bool = False) -> Feed:
        self.followed.append(Feed(address, "Larnville Courier", "2024-05-01T10:00:00Z", "", "", waiting=2))
        return self.followed[-1]

    def unfollow(self, address: str) -> None:
        self.followed = [feed for feed in self.followed if feed.address != address]

    def visits(self, most: int = 100) -> tuple[Visit, ...]:
        return tuple(Visit("2024-05-01T10:00:00Z", one, 200, 10, "fetched") for one in self.asked[::-1][:most])

    def read_due(self, minutes: float | None = None, *, stopped: object = None) -> SyncReport:
        return SyncReport()


class FakeFolders:
    """Folders by their paths, all of whose files are text."""

    def __init__(self, library: "FakeLibrary") -> None:
        self.library = library
        self.kept: dict[str, Folder] = {}

    def watched(self) -> tuple[Folder, ...]:
        return tuple(self.kept.values())

    def watch(self, folder: Path | str) -> Folder:
        if not Path(folder).is_dir():
            raise InputError(f"There is no folder {folder} on this machine; check the path.")
        gone = (str(Path(folder, "old.txt")),)
        return self.kept.setdefault(str(folder), Folder(str(folder), "", "", "", files=1, gone=gone))

    def unwatch(self, folder: Path | str) -> None:
        del self.kept[str(folder)]

    def look(self, folder: Path | str, *, on_progress: object = None, on_reading: object = None) -> SyncReport:
        return self.library.add_paths([folder])

    def look_due(self, *, stopped: object = None) -> SyncReport:
        return SyncReport()

    def remove_gone(self, folder: Path | str) -> SyncReport:
        self.kept[str(folder)] = replace(self.kept[str(folder)], gone=())
        return SyncReport(removed=("a1",))


class FakeLibrary:
    """Articles in a dict; searches by shared words."""

    database = None

    def __init__(self, path: Path, articles: Iterable[Article] = ()) -> None:
        self.path, self.revision = path, 0
        self.kept: dict[str, Article] = {}
        self.changed: dict[str, tuple[Changed, ...]] = {}
        self.web, self.folders = FakeWeb(self), FakeFolders(self)
        self.closed = self.stuck = False  # stuck: it cannot be closed
        self.add(articles)

    def article(self, article_id: str) -> Article:
        if article_id not in self.kept:
            raise UnknownArticle(f"No article has the id {article_id}.")
        return self.kept[article_id]

    def articles(
        self, where: Filter | None = None, *, offset: int = 0, limit: int | None = None
    ) -> tuple[ArticleInfo, ...]:
        return tuple(
            ArticleInfo(
                a.id, a.title, a.source, a.published, a.url, a.language, "", len(a.text.split()), "2024-05-01T10:00:00Z"
            )
            for a in list(self.kept.values())[offset:][:limit]
        )

    def article_count(self, where: Filter | None = None) -> int:
        return len(self.articles(where))

    def sentences(self, article_id: str) -> tuple[Sentence, ...]:
        text = self.article(article_id).text
        found = re.finditer(r"[^\s](?:[^.\n]|\.(?=\S))*(?:[.\n](?:\"|”)?|$)", text)
        return tuple(Sentence(article_id, n, m.start(), m.end(), m.group()) for n, m in enumerate(found))

    def derived(self, kind: str, version: int, make: Any, **limits: object) -> Derived:
        """Made anew each time, of every article."""
        made = {hash(a): (a.id, make(a, self.sentences(a.id))) for a in list(self.kept.values())}
        return Derived(frozenset(made), made)

    def search(self, query: str, *, top_k: int = 10, where: Filter | None = None) -> tuple[Hit, ...]:
        words = set(re.findall(r"\w{4,}", query.lower()))
        hits = []
        for key, article in list(self.kept.items()):
            if where and (
                (where.articles and key not in where.articles)
                or (where.sources and article.source not in where.sources)
            ):
                continue
            for s in self.sentences(key):
                shared = words & set(re.findall(r"\w{4,}", s.text.lower()))
                if shared:
                    passage = Passage(f"{key}:{s.start_char}-{s.end_char}", key, (s,))
                    hits.append(Hit(passage, len(shared) / (len(words) or 1), "fused"))
        return tuple(sorted(hits, key=lambda hit: -hit.score)[:top_k])

    def close(self) -> None:
        if self.stuck:
            raise StoreError(f"{self.path} cannot be closed.")
        self.closed = True

    def when_purged(self, tell: object) -> None:
        """Nothing is kept of what is removed here."""

    def announce(self, facts: object) -> None:
        """No other process looks."""

    def changes(self, article_id: str) -> tuple[Changed, ...]:
        return self.changed.get(article_id, ())

    def copies(self, article_id: str) -> tuple[str, ...]:
        return ()

    def add(self, articles: Iterable[Article], *, on_progress: object = None) -> SyncReport:
        rows = list(articles)
        added = tuple(a.id for a in rows if a.id not in self.kept)
        changed = tuple(a.id for a in rows if a.id in self.kept and self.kept[a.id] != a)
        self.kept |= {a.id: a for a in rows}
        self.revision += 1
        return SyncReport(added, changed, tuple(a.id for a in rows if a.id not in added + changed))

    def read_paths(
        self, paths: Iterable[Path | str], *, on_reading: OnReading | None = None, named: Named = shown_path
    ) -> Iterator[ReadResult]:
        return read_paths(list(paths), on_reading=on_reading, named=named)

    def add_paths(
        self, paths: Iterable[Path | str], *, on_progress: object = None, on_reading: object = None
    ) -> SyncReport:
        results = list(self.read_paths(paths))
        return with_unread(self.add([article for result in results for article in result.articles]), results)

    def edit(
        self, article_id: str, *, title: str | None = None, source: str | None = None, published: str | None = None
    ) -> Article:
        facts = stated_facts(title=title, source=source, published=published)
        self.add([replace(self.article(article_id), **facts)])
        return self.article(article_id)

    def remove(self, ids: Sequence[str]) -> SyncReport:
        self.revision += 1
        return SyncReport(removed=tuple(key for key in ids if self.kept.pop(key, None)))


@dataclass
class FakeDifferences:
    """The first two articles differ in the first words of their first sentences, until that is dismissed."""

    library: FakeLibrary
    dismissed: bool = False

    def refresh(self, *, most: int | None = None, stopped: object = None) -> int:
        return 0

    def shown(self, scope: Filter | None = None) -> tuple[Difference, ...]:
        infos = [one for one in self.library.articles() if not (scope and scope.articles) or one.id in scope.articles]
        if self.dismissed or len(infos) < 2:
            return ()
        one, other = (
            Side(self.library.sentences(i.id)[0], i.title, i.source, i.published, i.url, 0, 5, "Ilse Brandt")
            for i in infos[:2]
        )
        return (Difference("d1", "number", "later", (one, other)),)

    def dismiss(self, difference_id: str) -> None:
        if difference_id != "d1":
            raise InputError(f"No difference has the id {difference_id!r}; list them again.")
        self.dismissed = True


@dataclass
class FakeWriter:
    """The model of a fake assistant: a name, and whether it was closed."""

    name: str
    closed: bool = False

    def close(self) -> None:
        self.closed = True


class FakeAssistant:
    """Answers with the best sentences found. Words in the question choose the rest:

    "differ" two positions, "unknown" an abstention, "doubt" a partly supported and a failed sentence, "slow" a pause
    between the sentences, "forever" never ends by itself, "crash" fails, "endless" is read, and nothing interrupts
    that, until the test sets ``read``.
    """

    def __init__(self, library: FakeLibrary, pause: float = 0.0) -> None:
        self.library, self.pause = library, pause
        self.asked: list[tuple[str, tuple[Turn, ...], Filter | None]] = []
        self.closed, self.reads, self.read = threading.Event(), threading.Event(), threading.Event()
        self.settings = AnswerSettings()
        self.engine: Any = FakeWriter("fake")  # None: asked for suggestions, which nobody has typed
        self.styles: list[AnswerSettings] = []
        self.differences = FakeDifferences(library)

    def stream(
        self, question: str, history: Sequence[Turn] = (), scope: Filter | None = None
    ) -> Generator[Event, None, None]:
        if self.engine is not None:
            self.asked.append((question, tuple(history), scope))
            self.styles.append(self.settings)
            self.closed.clear()
        searched = question
        if history and len(question.split()) < 5:
            searched = f"{question.rstrip('?')} ({history[0].content.rstrip('?')})?"
        hits = self.library.search(searched, where=scope)
        evidence = tuple(self._evidence(n, hit) for n, hit in enumerate(hits[:6], start=1))
        try:
            yield EvidenceFound(searched, hits, evidence, best=len(evidence[:1]))
            time.sleep(self.pause)
            if "endless" in question:
                self.reads.set()
                assert self.read.wait(60), "the test let it read on for ever"
            yield AnswerStarted(0.93)
            assert "crash" not in question or 1 / 0
            answer = self._answer(question, searched, hits, evidence)
            while "forever" in question:
                time.sleep(0.02)
                yield SentenceDone(answer.sentences[0])
            for sentence in (*answer.sentences, *answer.unconfirmed):
                time.sleep(0.6 if "slow" in question else self.pause)
                yield SentenceDone(sentence)
            yield Finished(answer)
        finally:
            if self.engine is not None:
                self.closed.set()

    def brief(self, about: str = "", scope: Filter | None = None) -> Brief:
        """The first sentence of each article of the filter."""
        said: list[AnswerSentence] = []
        for n, info in enumerate(self.library.articles(), start=1):
            if scope and scope.articles and info.id not in scope.articles:
                continue
            first = self.library.sentences(info.id)[0]
            cite = Citation(n, first, info.title, info.source, info.published, info.url)
            said.append(AnswerSentence(first.text, (cite,), "supported"))
        return Brief(
            about,
            tuple(said),
            happened=tuple(Dated("2024-03-04", one) for one in said[:1]),
            said=tuple(Said("Ilse Brandt", (one,)) for one in said[:1]),
            disputed=(Disagreement("a number", tuple(said[:2])),),
            unknown=tuple(said[:1]),
            articles=len(said),
            first="2024-03-04",
            last="2024-05-01",
        )

    @property
    def _name(self) -> str:
        return self.engine.name if self.engine else "extractive"

    def _evidence(self, number: int, hit: Hit) -> Evidence:
        a = self.library.article(hit.passage.article_id)
        return Evidence(number, hit.passage.sentences[0], a.title, a.source, a.published, a.url, score=hit.score)

    def _answer(self, question: str, searched: str, hits: tuple[Hit, ...], evidence: tuple[Evidence, ...]) -> Answer:
        if "unknown" in question or not evidence:
            return Answer(
                question,
                searched,
                (),
                hits,
                "abstained",
                "not_answered" if evidence else "nothing_found",
                evidence=evidence,
                answerability=0.12,
                threshold=0.5,
                model=self._name,
            )
        cites: list[Citation] = [item.cite() for item in evidence]
        sentences = [AnswerSentence(c.quote, (c,), "supported") for c in cites[:2]]
        unconfirmed: tuple[AnswerSentence, ...] = ()
        if "doubt" in question:
            sentences[-1] = AnswerSentence("It may take longer than that.", (cites[-1],), "partly")
            unconfirmed = (AnswerSentence("The bridge was built in 1902.", (), "unsupported"),)
        disagreements: tuple[Disagreement, ...] = ()
        if "differ" in question and len(cites) > 1:
            positions = tuple(AnswerSentence(c.quote, (c,), "supported") for c in cites[:2])
            sentences, disagreements = [], (Disagreement("the cost of the repair", positions),)
        return Answer(
            question,
            searched,
            tuple(sentences),
            hits,
            "answered",
            "",
            disagreements,
            {"retrieve": 0.04, "write": 1.2, "total": 1.3, "generated_tokens": 41.0},
            self._name,
            self.library.revision,
            evidence,
            unconfirmed,
            answerability=0.93,
            threshold=0.5,
        )
