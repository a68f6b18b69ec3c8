"""The fifth tab: what a selection of articles says as a whole. Each part of it is a file and a script of its own.

A part is a function of the collections and the `Board`: it draws itself below the parts before it, and answers
``board.make.click`` or ``board.tab.select``.
"""

from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.ui.desk.collections import Collections, Session
from onrecord.ui.page.board import Board
from onrecord.ui.page.briefing_part import briefing_part
from onrecord.ui.page.collection_tab import choices
from onrecord.ui.page.day_field import span_fields
from onrecord.ui.page.differences_part import differences_part
from onrecord.ui.page.language import _
from onrecord.ui.page.names_part import names_part
from onrecord.ui.page.people_part import people_part
from onrecord.ui.page.questions_part import questions_part
from onrecord.ui.page.style import drawn
from onrecord.ui.page.tabs import QUICK, Parts, reading


def overview_tab(tab: Any, collections: Collections, parts: Parts) -> None:
    with gr.Column(elem_id="overall"):
        gr.HTML(f"<h2>{_('Overview')}</h2>", apply_default_css=False)
        with gr.Row(elem_id="selection"):
            articles = gr.Dropdown([], multiselect=True, label=_("Only these articles (all when empty)"))
            sources = gr.Dropdown([], multiselect=True, label=_("Only these sources"))
            days = span_fields()
        make = gr.Button(_("Show the overview"), variant="primary", elem_id="make-overview")
        opened = drawn("overview-reading", reading(), script="reading")
        board = Board(tab, parts.session, [articles, sources, *days], make, opened)
        briefing_part(collections, board)
        differences_part(collections, board)
        people_part(collections, board)
        names_part(collections, board)
        questions_part(collections, board, parts)

    def fill(session: Session) -> tuple[Any, Any]:
        return choices(collections.open(session.collection))

    tab.select(fill, [parts.session], board.chosen[:2], **QUICK)
