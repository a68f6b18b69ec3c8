"""Rich text (RTF) -> a draft."""

import re

from onrecord.index.errors import ReadError
from onrecord.index.reading.drafts import Draft

_LINK = re.compile(r"HYPERLINK(?=\s*\\?\")")  # without this word its address does not get into the sentence
_STATED = r"\{{\\{}\s((?:[^{{}}\\]|\\.)*)\}}"


def read_rtf(data: bytes, name: str) -> Draft:
    """The text, with the title that the document states of itself."""
    from striprtf.striprtf import rtf_to_text

    text = data.decode("latin-1").lstrip("\ufeff\xef\xbb\xbf \r\n")
    if not text.startswith("{\\rtf"):
        raise ReadError(f"{name} is no rich text (RTF); save it again as .rtf, or as .txt.")

    def plain(part: str) -> str:
        # Signs beyond the first 65,536 are written as two halves.
        return str(rtf_to_text(part, errors="replace")).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    head = re.match(r"\{\\rtf\d?[^{}]{0,200}", text)
    title = re.search(_STATED.format("title"), text[:20_000])
    return Draft(
        plain(_LINK.sub("", text)),
        title=plain(f"{head[0]}{title[1]}}}").strip() if head and title else "",
    )
