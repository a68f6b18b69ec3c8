"""The page: what stands where, and which handler answers what. Looks are in ``assets/page.css``."""

from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.desk.tuning import LENGTH_COST, LENGTHS, MODEL_COST, STRICTNESS, STRICTNESS_COST, labels_of, model_text
from onrecord.ui.escape import e
from onrecord.ui.page.chat import Chat
from onrecord.ui.page.day_field import span_fields
from onrecord.ui.page.language import NAMES, _, building, later
from onrecord.ui.page.messages import said
from onrecord.ui.page.overview_tab import overview_tab
from onrecord.ui.page.picking import Picking, opens, picking_list
from onrecord.ui.page.scope import scope_label
from onrecord.ui.page.style import drawn
from onrecord.ui.page.tabs import QUICK, Parts, collection_tab, conversations_tab, notes_tab

SHORTCUTS = {
    "/": later("To the question"),
    "Tab": later("From the question to the newest answer"),
    "a": later("To the newest answer"),
    "s": later("To its sources"),
    "n": later("A new conversation"),
    "1 – 5": later("To the tabs"),
    "?": later("This list"),
    "Esc": later("Close what is open, and go back to where you were"),
}
NOTICE = '<div role="status"></div>'
HIDDEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def _thread() -> str:
    return (
        '<div class="thread"><div class="bar"></div><div class="log" role="log" aria-live="polite" '
        f'aria-label="{_("Questions and answers")}" tabindex="0"></div></div>'
    )


def _panel() -> str:
    return (
        f'<div class="panel"><div class="top"><button type="button" class="quiet back">{_("Back to the answer")}'
        f'</button></div><div class="list" role="region" aria-label="{_("Sources")}" tabindex="0"></div></div>'
    )


def _reader() -> str:
    return (
        f'<div class="reader"><div class="top"><button type="button" class="quiet back">{_("Close the article")}'
        f'</button></div><div class="page" role="region" aria-label="{_("Article")}" tabindex="0"></div></div>'
    )


def _languages() -> str:
    options = "".join(f'<option value="{code}" lang="{code}">{name}</option>' for code, name in NAMES.items())
    name, code = _("Language of the page"), _("en")  # each catalogue has its own code there
    return f'<label data-code="{code}"><select aria-label="{name}" autocomplete="off">{options}</select></label>'


def _dropping() -> str:
    text = _("Drop the files: they are added to the collection that is open.")
    return f'<div class="veil" hidden><p>{text}</p></div>'


def _keys() -> str:
    skip = '<button type="button" class="primary skip {}">{}</button>'
    keys = "".join(f"<dt><kbd>{key}</kbd></dt><dd>{_(what)}</dd>" for key, what in SHORTCUTS.items())
    return (
        skip.format("to-question", _("Skip to the question"))
        + skip.format("to-answer", _("Skip to the newest answer"))
        + f'<button type="button" class="quiet open-keys" aria-label="{_("Keyboard shortcuts")}">?</button>'
        f'<dialog aria-label="{_("Keyboard shortcuts")}"><form method="dialog"><h3>{_("Keyboard shortcuts")}</h3>'
        f'<dl>{keys}</dl><label><input type="checkbox"> {_("Single keys do this while nothing is being typed")}</label>'
        f'<div class="choice"><button class="plain">{_("Close")}</button></div></form></dialog>'
    )


def build_page(collections: Collections) -> Any:
    """The whole page as ``gr.Blocks``, ready to be mounted; `spoken` puts the texts into it for each browser."""
    looks: dict[str, Any] = {"title": "OnRecord", "fill_width": True}
    with building(), gr.Blocks(**looks, analytics_enabled=False, delete_cache=(600, 600)) as page:
        session = gr.State(Session())
        drawn("keys", _keys())
        drawn("language", _languages())
        for unseen in ("names", "days"):
            drawn(unseen, "<span hidden></span>")
        gr.HTML("<h1>On<span>Record</span></h1>", elem_id="brand", apply_default_css=False)
        drawn("dropping", _dropping())
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab(_("Ask"), id="ask") as tab:
                chat = Chat(collections)
                parts = _asking(page, collections, chat, session)
                # Articles may have been added since the first view was drawn.
                back = tab.select(chat.first_view, [session], parts.opened[:1], **QUICK)
                back.then(chat.settle, [session], parts.opened[:1], **HIDDEN)
            with gr.Tab(_("Collection"), id="collection") as tab:
                collection_tab(page, tab, collections, parts)
            with gr.Tab(_("Conversations"), id="conversations") as tab:
                conversations_tab(tab, collections, chat, parts)
            with gr.Tab(_("Notes"), id="notes") as tab:
                notes_tab(tab, collections, chat, parts)
            with gr.Tab(_("Overview"), id="overview") as tab:
                overview_tab(tab, collections, parts)
    page.queue(default_concurrency_limit=8, max_size=64)
    page.has_launched = True  # a mounted page never launches, and before that Gradio lets an event name any file
    return page


def _filters(collections: Collections) -> list[Any]:
    """Articles, sources, first day, last day: they hold until they are changed."""
    infos = collections.first.library.articles()
    with gr.Accordion(_("Filter"), open=False, elem_id="filter") as drawer:
        with gr.Row():
            articles = gr.Dropdown([(i.title, i.id) for i in infos], multiselect=True, label=_("Only these articles"))
            sources = gr.Dropdown(
                sorted({i.source for i in infos if i.source}), multiselect=True, label=_("Only these sources")
            )
        with gr.Row():
            days = span_fields()
    fields = [articles, sources, *days]
    for field in fields:  # what filters is seen while the drawer is closed
        # One after the other: two days are set at once by the timeline, and the last label has both.
        in_order: dict[str, Any] = {"concurrency_id": "filter", "concurrency_limit": 1, **HIDDEN}
        field.change(lambda *chosen: gr.update(label=scope_label(*chosen)), fields, [drawer], **in_order)
    return fields


def _style(page: Any, collections: Collections) -> tuple[list[Any], Any | None]:
    """Length and strictness of this tab's answers, and the model of everybody's, each with what it costs."""
    length, strictness = labels_of(collections.first.assistant.settings)
    with gr.Accordion(_("Answers"), open=False, elem_id="style"):
        chosen = [
            gr.Radio([(said(one), one) for one in LENGTHS], value=length, label=_("Length"), info=said(LENGTH_COST)),
            gr.Radio(
                [(said(one), one) for one in STRICTNESS],
                value=strictness,
                label=_("How sure it must be"),
                info=said(STRICTNESS_COST),
            ),
        ]
        model = _model(page, collections)
    return chosen, model


def _model(page: Any, collections: Collections) -> Any | None:
    """Which model writes: a choice where there is one, else a line."""
    if collections.writer is None:
        line = gr.HTML(apply_default_css=False)
        text = model_text(collections.first.assistant.engine)
        page.load(lambda: f'<p class="soft">{e(said(text))}</p>', None, [line], **QUICK)
        return None
    choices = [(choice.label, choice.name) for choice in collections.writer.choices()]
    return gr.Radio(choices, value=collections.writer.chosen, label=_("Model"), info=said(MODEL_COST), elem_id="model")


def _asking(page: Any, collections: Collections, chat: Chat, session: Any) -> Parts:
    with gr.Row(elem_id="asking"):
        # Above the rest for the eye; for the keyboard after the question, so that what comes next is the answer.
        with gr.Column(elem_id="talk"):
            notice = drawn("notice", NOTICE)
            with gr.Row(elem_id="options"):
                filters = _filters(collections)
                style, model = _style(page, collections)
                gr.HTML(opens(), apply_default_css=False)
            with gr.Row(elem_id="composer"):
                ask = gr.Button(_("Ask"), variant="primary", elem_id="ask")
                stop = gr.Button(_("Stop"), variant="secondary", elem_id="stop", visible=False)
                box = gr.Textbox(
                    label=_("Your question"),
                    show_label=False,
                    placeholder=_("Ask about the articles"),
                    lines=1,
                    max_lines=6,
                    elem_id="question",
                    autofocus=True,
                )
            thread = drawn("thread", _thread())
        with gr.Column(elem_id="side"):
            sources = drawn("sources", _panel())
            article = drawn("article", _reader())
            picking = drawn("picking", picking_list())

    streamed = [thread, sources, box, session, ask, stop, notice]
    running: dict[str, Any] = {"concurrency_limit": 32, "concurrency_id": "llm", "show_progress": "hidden"}
    asked = gr.on([box.submit, ask.click], chat.ask, [box, session, *filters], streamed, api_name="ask", **running)
    again = thread.again(chat.again, [session, *filters], streamed, api_visibility="private", **running)
    joined = thread.join(chat.join, [session], streamed, api_visibility="private", **running)
    stop.click(chat.stop, [session], None, **QUICK)
    opened, followers = [thread, sources, session, ask, stop], [asked, again, joined]
    thread.edit(chat.edit, [session], [box, session], **QUICK)
    thread.judge(chat.judge, [session], [thread, notice], **QUICK)
    thread.cite(chat.open_source, [session], [article], **QUICK)
    thread.fresh(chat.fresh, [session], opened, cancels=followers, **QUICK)
    articles = Picking(collections)
    picking.look(articles.look, [session, filters[0]], [picking], **QUICK)
    picking.pick(articles.pick, [session], [filters[0]], trigger_mode="always_last", **QUICK)
    filters[0].change(articles.ticked, [filters[0]], [picking], **QUICK)
    brought = [notice, box, thread, *filters[:2]]
    notice.bring(chat.bring, [session], brought, concurrency_id="web", concurrency_limit=2, **HIDDEN)
    for choice in style:
        choice.change(chat.tune, [*style, session], [session], **QUICK)
    if model is not None:
        model.input(chat.write_with, [model], [model, notice], concurrency_id="model", concurrency_limit=1, **HIDDEN)
        page.load(chat.models, None, [model], **QUICK)
    arrived = page.load(chat.arrive, None, opened, **QUICK)
    arrived.then(chat.settle, [session], [thread], **HIDDEN)
    return Parts(session, filters[0], filters[1], filters[2:], opened, followers, notice)
