"""The page's looks: its theme, and the files in ``assets/``."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from onrecord.index import private  # noqa: F401  before gradio is imported

# isort: split
import gradio as gr

from onrecord.ui.page.language import words_of


@cache
def asset(name: str) -> str:
    """The text of ``ui/assets/<name>``."""
    return files("onrecord.ui.page").joinpath("assets", name).read_text(encoding="utf-8")


def theme() -> Any:
    """Calm colours that pass contrast in light and dark; a font that Gradio carries, none from the network."""
    font = (gr.themes.utils.fonts.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif")
    colours: dict[str, str] = {}
    for name, value in {
        "body_background_fill": "var(--paper)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--soft)",
        "background_fill_primary": "var(--sheet)",
        "background_fill_secondary": "var(--paper)",
        "block_background_fill": "var(--paper)",
        "block_label_background_fill": "var(--paper)",
        "block_label_text_color": "var(--soft)",
        "block_title_text_color": "var(--soft)",
        "block_info_text_color": "var(--soft)",
        "block_border_color": "var(--rule)",
        "border_color_primary": "var(--rule)",
        "border_color_accent": "var(--accent)",
        "color_accent_soft": "var(--accent-wash)",
        "input_background_fill": "var(--sheet)",
        "input_border_color": "var(--soft)",
        "input_border_color_focus": "var(--accent)",
        "input_placeholder_color": "var(--soft)",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_background_fill_hover": "var(--accent)",
        "button_primary_text_color": "var(--sheet)",
        "button_secondary_background_fill": "var(--wash)",
        "button_secondary_background_fill_hover": "var(--rule)",
        "button_secondary_text_color": "var(--ink)",
        "table_text_color": "var(--ink)",
        "link_text_color": "var(--accent)",
        "accordion_text_color": "var(--soft)",
    }.items():
        colours |= {name: value, f"{name}_dark": value}
    return gr.themes.Base(font=font, font_mono=("ui-monospace", "monospace")).set(
        color_accent="var(--accent)", **colours
    )


def head() -> str:
    """What goes into the page's head. As a style element, because Gradio rewrites the selectors of its ``css``."""
    return f'<meta name="color-scheme" content="light dark"><style>{asset("page.css")}</style>'


def _in_its_words(script: str) -> str:
    """A script with the texts that it marks, as ``_('Ask')`` or ``counted(n, '{count} day', '{count} days')``."""
    words = words_of(script)
    return f"const WORDS = {json.dumps(words, ensure_ascii=False)};\n{asset('words.js')}{script}" if words else script


def drawn(name: str, frame: str, *, script: str = "") -> Any:
    """A part of the page that ``assets/<script or name>.js`` draws from escaped HTML that Python sends."""
    code = _in_its_words(asset(f"{script or name}.js"))
    return gr.HTML({}, html_template=frame, js_on_load=code, elem_id=name, apply_default_css=False)
