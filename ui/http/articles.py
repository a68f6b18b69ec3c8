"""``/api/v1/articles``: list, add, read, edit, remove."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Request, Response, UploadFile
from pydantic import ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from onrecord.index import Article, InputError, SyncReport, article_from_text
from onrecord.ui.desk import uploads
from onrecord.ui.http.models import (
    ArticleEdit,
    ArticleList,
    ArticleModel,
    ChangeReport,
    FilterModel,
    NewAddresses,
    NewArticles,
    Removal,
)
from onrecord.ui.http.problems import Problem, as_json
from onrecord.ui.http.service import COLLECTION, Chosen, Service, first_service, warnings_about

articles = APIRouter(tags=["articles"])


class Listing(FilterModel):
    """The query of a list; a parameter of another name is refused, as a mistyped filter must be."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(100, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)
    collection: str = Field("", max_length=200, description=COLLECTION)


@articles.get("/articles", response_model=ArticleList)
def list_articles(request: Request, given: Annotated[Listing, Query()]) -> Any:
    """The articles in the order in which they were first added, a page at a time."""
    service, scope = first_service(request).named(given.collection), given.filter()
    warnings = warnings_about(service, scope)
    total = service.library.article_count(scope or None)
    found = service.library.articles(scope or None, offset=given.offset, limit=given.limit)
    following = given.offset + given.limit
    query = urlencode({**given.model_dump(exclude_defaults=True), "offset": following}, doseq=True)
    return {
        "total": total,
        "articles": [asdict(info) for info in found],
        "next": f"{request.url.path}?{query}" if following < total else "",
        "warnings": warnings,
    }


@articles.post(
    "/articles", response_model=ChangeReport, responses={201: {"model": ChangeReport, "description": "Added"}}
)
def add_articles(service: Chosen, given: NewArticles, response: Response) -> Any:
    """Add articles. One that is here already stays; one whose URL is here with another text replaces it."""
    new = [_article(number, one) for number, one in enumerate(given.articles)]
    stated = zip(new, given.articles, strict=True)
    notes = [note for number, (article, one) in enumerate(stated) for note in _left_out(number, article, one)]
    return {**_stored(service, new, response), "notes": notes}


@articles.post(
    "/articles/files", response_model=ChangeReport, responses={201: {"model": ChangeReport, "description": "Added"}}
)
async def add_files(service: Chosen, files: list[UploadFile], response: Response) -> Any:
    """Add articles from files: text, HTML, PDF, DOCX, ODT, EPUB, e-mail, rows. A bad file never stops the rest."""
    if len(files) > service.limits.files:
        raise Problem(413, f"{len(files)} files are more than the {service.limits.files} of one request; send fewer.")
    read, failed, notes = await run_in_threadpool(_read, service, files)
    report = await run_in_threadpool(_stored, service, read, response)
    if failed and not read:
        raise Problem(422, " ".join(one["error"] for one in failed))
    return {**report, "failed": failed, "notes": notes}


@articles.post(
    "/articles/addresses", response_model=ChangeReport, responses={201: {"model": ChangeReport, "description": "Added"}}
)
def add_addresses(service: Chosen, given: NewAddresses, response: Response) -> Any:
    """Fetch web addresses and add what is there. A bad one never stops the rest; private ones are refused."""
    report = service.library.web.add(given.addresses)
    failed = [{"file": address, "error": why} for address, why in report.failed]
    if failed and not (report.added or report.changed or report.unchanged):
        raise Problem(422, " ".join(one["error"] for one in failed))
    response.status_code = 201 if report.added else 200
    return {**_report(report), "failed": failed, "notes": [note for _, note in report.notes]}


@articles.get(
    "/articles/{article_id:path}",
    response_model=ArticleModel,
    responses={304: {"description": "The same as the ETag in If-None-Match"}},
)
def get_article(
    service: Chosen, article_id: str, if_none_match: Annotated[str, Header(max_length=2000)] = ""
) -> Response:
    """One article with its text, the places of its sentences, and the articles that are copies of it."""
    body = as_json(article_to_dict(service, article_id))
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if if_none_match.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


@articles.patch("/articles/{article_id:path}", response_model=ArticleModel)
def edit_article(service: Chosen, article_id: str, given: ArticleEdit) -> Any:
    """Set the title, source or date of an article; its text and every place in it stay.

    What was set holds when the article is added again.
    """
    service.library.edit(article_id, **given.model_dump())
    return article_to_dict(service, article_id)


@articles.delete("/articles/{article_id}", response_model=ChangeReport)
def remove_article(service: Chosen, article_id: str) -> Any:
    """Remove an article; nothing of its text is left in the collection."""
    return _report(service.library.remove([article_id]))


@articles.post("/articles/remove", response_model=ChangeReport)
def remove_articles(service: Chosen, given: Removal) -> Any:
    """Remove several articles, or none where one of the ids is unknown."""
    return _report(service.library.remove(given.ids))


def article_to_dict(service: Service, article_id: str) -> dict[str, Any]:
    """An article as plain data; raises `UnknownArticle`."""
    article = service.library.article(article_id)
    sentences = [
        {"index": s.index, "start_char": s.start_char, "end_char": s.end_char}
        for s in service.library.sentences(article_id)
    ]
    changes = [asdict(one) for one in service.library.changes(article_id)]
    return {
        **asdict(article),
        "sentences": sentences,
        "also_in": list(service.library.copies(article_id)),
        "changes": changes,
    }


def _article(number: int, given: Any) -> Article:
    try:
        return article_from_text(**given.model_dump())
    except InputError as error:
        raise InputError(f"articles.{number}: {error}") from error


def _left_out(number: int, article: Article, given: Any) -> Iterator[str]:
    """What was stated of an article and could not be used."""
    if given.published and not article.published:
        yield f"articles.{number}: “{given.published}” was left out as the date, as it is no day; write 2024-03-09."
    if given.url and not article.url:
        yield f"articles.{number}: “{given.url}” was left out as the address; write it as https://…."


def _read(service: Service, files: Sequence[UploadFile]) -> tuple[list[Article], list[dict[str, str]], list[str]]:
    """Reads each file under its own name, in a folder of its own, so that equal names do not meet."""
    read: list[Article] = []
    failed: list[dict[str, str]] = []
    notes: list[str] = []
    for file in files:
        name = PurePosixPath((file.filename or "").replace("\\", "/").replace("\0", "")).name[-100:]
        with uploads.place() as folder:
            path = Path(folder, name if name not in ("", ".", "..") else "article.txt")
            path.write_bytes(file.file.read())
            for result in service.library.read_paths([path], named=uploads.sent_name):
                read += result.articles
                if result.error:
                    failed.append({"file": path.name, "error": result.error})
                if result.note:
                    notes.append(result.note)
    return read, failed, notes


def _stored(service: Service, new: Sequence[Article], response: Response) -> dict[str, Any]:
    report = service.library.add(new)
    response.status_code = 201 if report.added else 200
    return _report(report)


def _report(report: SyncReport) -> dict[str, Any]:
    return {name: list(getattr(report, name)) for name in ("added", "changed", "unchanged", "removed")}
