"""A field for a day, which is typed, or chosen in the browser's own calendar beside it."""

from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.ui.page.language import _

_ICON = (
    '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor">'
    '<rect x="2" y="3.5" width="12" height="10.5" rx="1.5"/><path d="M2 6.5h12M5.5 1.5v3M10.5 1.5v3"/></svg>'
)


def calendar() -> str:
    """What opens the calendar: ``assets/days.js`` writes the day into the field of the same ``.day``."""
    name = _("Choose a day")
    return (
        f'<button type="button" class="quiet" data-calendar aria-label="{name}" title="{name}">{_ICON}</button>'
        '<input type="date" tabindex="-1" aria-hidden="true">'
    )


def day_field(label: str, **looks: Any) -> Any:
    """The text field; a year or a month may be typed as well."""
    with gr.Row(elem_classes="day"):
        field = gr.Textbox(label=label, **{"min_width": 120, "max_lines": 1, **looks})
        gr.HTML(calendar(), apply_default_css=False)
    return field


def span_fields() -> list[Any]:
    """The first and the last day of a filter."""
    return [
        day_field(label, placeholder=_("2024, 2024-03 or 2024-03-09"), max_length=10) for label in (_("From"), _("To"))
    ]
