"""mkdocs hook: the page about the decisions lists every file beside it, newest first."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

INDEX = "decisions/index.md"


def on_page_markdown(text: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page as it is; below the index of the decisions a line for each: its date, its title, its address."""
    if page.file.src_uri != INDEX:
        return text
    decisions = [file for file in files.documentation_pages() if file.src_uri.startswith("decisions/2")]
    lines = []
    for file in sorted(decisions, key=lambda file: file.src_uri, reverse=True):
        title = file.content_string.partition("\n")[0].removeprefix("# ")
        name = file.src_uri.removeprefix("decisions/")
        lines.append(f"- {name[:10]} [{title}]({name})")
    return "\n".join([text, *lines])
