"""The page: what stands where, and which handler answers what. Looks are in ``assets/page.css``."""

from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.desk.tuning import LENGTH_COST, LENGTHS, MODEL_COST, STRICTNESS, STRICTNESS_COST, labels_of, model_text
from onrecord.ui.escape import e
from onrecord.ui.page.chat import Chat
from onrecord.ui.page.overview_tab import overview_tab
from onrecord.ui.page.picking import OPENS, PICKING, Picking
from onrecord.ui.page.scope import scope_label
from onrecord.ui.page.style import drawn
from onrecord.ui.page.tabs import QUICK, Parts, collection_tab, conversations_tab, notes_tab

THREAD = (
    '<div class="thread"><div class="bar"></div>'
    '<div class="log" role="log" aria-live="polite" aria-label="Questions and answers" tabindex="0"></div></div>'
)
PANEL = (
    '<div class="panel"><div class="top"><button type="button" class="quiet back">Back to the answer</button></div>'
    '<div class="list" role="region" aria-label="Sources" tabindex="0"></div></div>'
)
READER = (
    '<div class="reader"><div class="top"><button type="button" class="quiet back">Close the article</button></div>'
    '<div class="page" role="region" aria-label="Article" tabindex="0"></div></div>'
)
DROPPING = '<div class="veil" hidden><p>Drop the files: they are added to the collection that is open.</p></div>'
SHORTCUTS = {
    "/": "To the question",
    "Tab": "From the question to the newest answer",
    "a": "To the newest answer",
    "s": "To its sources",
    "n": "A new conversation",
    "1 – 5": "To the tabs",
    "?": "This list",
    "Esc": "Close what is open, and go back to where you were",
}
_SKIP = '<button type="button" class="primary skip {}">{}</button>'
KEYS = (
    f"{_SKIP.format('to-question', 'Skip to the question')}{_SKIP.format('to-answer', 'Skip to the newest answer')}"
    '<button type="button" class="quiet open-keys" aria-label="Keyboard shortcuts">?</button>'
    '<dialog aria-label="Keyboard shortcuts"><form method="dialog"><h3>Keyboard shortcuts</h3><dl>'
    + "".join(f"<dt><kbd>{key}</kbd></dt><dd>{what}</dd>" for key, what in SHORTCUTS.items())
    + '</dl><label><input type="checkbox"> Single keys do this while nothing is being typed</label>'
    '<div class="choice"><button class="plain">Close</button></div></form></dialog>'
)
NOTICE = '<div role="status"></div>'
HIDDEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build_page(collections: Collections) -> Any:
    """The whole page as ``gr.Blocks``, ready to be mounted."""
    with gr.Blocks(title="OnRecord", analytics_enabled=False, fill_width=True, delete_cache=(600, 600)) as page:
        session = gr.State(Session())
        drawn("keys", KEYS)
        gr.HTML("<h1>On<span>Record</span></h1>", elem_id="brand", apply_default_css=False)
        drawn("dropping", DROPPING)
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Ask", id="ask") as tab:
                chat = Chat(collections)
                parts = _asking(page, collections, chat, session)
                # Articles may have been added since the first view was drawn.
                back = tab.select(chat.first_view, [session], parts.opened[:1], **QUICK)
                back.then(chat.settle, [session], parts.opened[:1], **HIDDEN)
            with gr.Tab("Collection", id="collection") as tab:
                collection_tab(page, tab, collections, parts)
            with gr.Tab("Conversations", id="conversations") as tab:
                conversations_tab(tab, collections, chat, parts)
            with gr.Tab("Notes", id="notes") as tab:
                notes_tab(tab, collections, chat, parts)
            with gr.Tab("Overview", id="overview") as tab:
                overview_tab(tab, collections, parts)
    page.queue(default_concurrency_limit=8, max_size=64)
    page.has_launched = True  # a mounted page never launches, and before that Gradio lets an event name any file
    return page


def _filters(collections: Collections) -> list[Any]:
    """Articles, sources, first day, last day: they hold until they are changed."""
    infos = collections.first.library.articles()
    with gr.Accordion("Filter", open=False, elem_id="filter") as drawer:
        with gr.Row():
            articles = gr.Dropdown([(i.title, i.id) for i in infos], multiselect=True, label="Only these articles")
            sources = gr.Dropdown(
                sorted({i.source for i in infos if i.source}), multiselect=True, label="Only these sources"
            )
        with gr.Row():
            first = gr.Textbox(label="From", placeholder="2024, 2024-03 or 2024-03-09", max_length=10)
            last = gr.Textbox(label="To", placeholder="2024, 2024-03 or 2024-03-09", max_length=10)
    fields = [articles, sources, first, last]
    for field in fields:  # what filters is seen while the drawer is closed
        # One after the other: two days are set at once by the timeline, and the last label has both.
        in_order: dict[str, Any] = {"concurrency_id": "filter", "concurrency_limit": 1, **HIDDEN}
        field.change(lambda *chosen: gr.update(label=scope_label(*chosen)), fields, [drawer], **in_order)
    return fields


def _style(collections: Collections) -> tuple[list[Any], Any | None]:
    """Length and strictness of this tab's answers, and the model of everybody's, each with what it costs."""
    length, strictness = labels_of(collections.first.assistant.settings)
    with gr.Accordion("Answers", open=False, elem_id="style"):
        chosen = [
            gr.Radio(list(LENGTHS), value=length, label="Length", info=LENGTH_COST),
            gr.Radio(list(STRICTNESS), value=strictness, label="How sure it must be", info=STRICTNESS_COST),
        ]
        model = _model(collections)
    return chosen, model


def _model(collections: Collections) -> Any | None:
    """Which model writes: a choice where there is one, else a line."""
    if collections.writer is None:
        gr.HTML(f'<p class="soft">{e(model_text(collections.first.assistant.engine))}</p>', apply_default_css=False)
        return None
    choices = [(choice.label, choice.name) for choice in collections.writer.choices()]
    return gr.Radio(choices, value=collections.writer.chosen, label="Model", info=MODEL_COST, elem_id="model")


def _asking(page: Any, collections: Collections, chat: Chat, session: Any) -> Parts:
    with gr.Row(elem_id="asking"):
        # Above the rest for the eye; for the keyboard after the question, so that what comes next is the answer.
        with gr.Column(elem_id="talk"):
            notice = drawn("notice", NOTICE)
            with gr.Row(elem_id="options"):
                filters = _filters(collections)
                style, model = _style(collections)
                gr.HTML(OPENS, apply_default_css=False)
            with gr.Row(elem_id="composer"):
                ask = gr.Button("Ask", variant="primary", elem_id="ask")
                stop = gr.Button("Stop", variant="secondary", elem_id="stop", visible=False)
                box = gr.Textbox(
                    label="Your question",
                    show_label=False,
                    placeholder="Ask about the articles",
                    lines=1,
                    max_lines=6,
                    elem_id="question",
                    autofocus=True,
                )
            thread = drawn("thread", THREAD)
        with gr.Column(elem_id="side"):
            sources = drawn("sources", PANEL)
            article = drawn("article", READER)
            picking = drawn("picking", PICKING)

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
    picking.pick(articles.pick, [session], [filters[0]], **QUICK)
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
