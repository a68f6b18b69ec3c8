"""What the page says, gathered from the source: the texts that are marked, and the messages of the rooms below it."""

import ast
import re
from collections.abc import Iterator, Set
from functools import cache
from pathlib import Path

from onrecord.index import errors
from onrecord.index.errors import OnRecordError
from onrecord.ui.page.language import marked_in
from onrecord.ui.page.messages import PLACE

ROOT = Path(__file__).resolve().parents[2]
PAGE = sorted((ROOT / "ui" / "page").rglob("*.py"))
SCRIPTS = sorted((ROOT / "ui" / "page" / "assets").glob("*.js"))
# Whose errors the page shows. Settings, LangChain, missing packages and pulling models concern who starts the program.
BELOW = [
    path
    for room in ("index", "qa", "ui/desk")
    for path in sorted((ROOT / room).rglob("*.py"))
    if path.name not in ("settings.py", "langchain.py", "extras.py", "pull.py", "partial.py")
]
ERRORS = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, OnRecordError)}
# What else other rooms say to people: whole sentences and labels in these functions and constants.
SAYING = {
    "index/doctor.py": ("_CURE", "examine", "_fingerprint", "_vectors", "_keywords"),
    "index/reading/files.py": ("unread_address",),
    "index/settings.py": ("describe_mismatch",),
    "index/store/lock.py": ("_sentence",),
    "index/store/reserve.py": ("sentence",),
    "index/store/schema.py": ("_CURE", "_sentence"),
    "qa/render.py": ("ABSTENTION", "WHY", "WHAT_TO_TRY"),
    "qa/steps/check.py": ("not_calibrated",),
    "qa/steps/choose.py": ("LEFT_OUT", "budget"),
    "qa/briefing/brief.py": ("SPREAD",),
    "qa/steps/recency.py": ("newest", "taken_as"),
    "qa/steps/split.py": ("split",),
    "qa/steps/translate.py": ("WARNING",),
    "qa/steps/write.py": ("OWN_WORDS",),
    "ui/desk/collection.py": ("answer",),
    "ui/desk/notebook.py": ("_LOST",),
    "ui/desk/running.py": ("BUSY",),
    "ui/desk/saved.py": ("_LOST",),
    "ui/desk/tuning.py": ("LENGTHS", "STRICTNESS", "LENGTH_COST", "STRICTNESS_COST", "MODEL_COST", "model_text"),
    "ui/desk/writer.py": ("said",),
}

_WORDS = re.compile(r"[A-Za-z]+\W+[A-Za-z]+")

Text = tuple[str, ...]  # one form, or that of one and that of many


def marked(path: Path) -> Iterator[Text]:
    """The texts that are given to ``_``, ``later`` and ``counted``."""
    for call in _calls(path):
        name, args = _name(call.func), call.args
        if name in ("_", "later") and isinstance(args[0], ast.Constant):
            yield (str(args[0].value),)
        elif name == "counted":
            forms = tuple(one.value for one in args[1:3] if isinstance(one, ast.Constant))
            assert len(forms) == 2, f"{path.name}:{call.lineno}: counted() takes its texts as they are"
            yield tuple(map(str, forms))


@cache
def page_texts() -> Set[Text]:
    """Everything that is marked in the page's modules and scripts."""
    scripts = {text for path in SCRIPTS for text in marked_in(path.read_text(encoding="utf-8"))}
    return scripts | {text for path in PAGE for text in marked(path)}


@cache
def messages() -> Set[str]:
    """What the rooms below say: errors, and what is named above; ``{0}`` and so on stand for values."""
    raised = {
        _template(call.args[0]) for path in BELOW for call in _calls(path) if _name(call.func) in ERRORS and call.args
    }
    said = {text for path, names in SAYING.items() for text in _said_in(ROOT / path, names)}
    return {text for text in raised | said if _is_known(text)}


def _is_known(text: str) -> bool:
    """Whether it can be known by the words around its values; what the log says is for nobody else."""
    return "%r" not in text and bool(_WORDS.search(PLACE.sub("", text)) if PLACE.search(text) else text)


def _said_in(path: Path, names: tuple[str, ...]) -> Iterator[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name in names:
            found.append(node.name)
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield from (text for one in body for text in _sentences(one))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if _name(target) in names:
                found.append(_name(target))
                yield from _sentences(node.value)
    assert {*found} == {*names}, f"{path}: {names}"


def _sentences(node: ast.AST) -> Iterator[str]:
    """The whole texts in it that are for people: of several words, or beginning with a capital letter."""
    if isinstance(node, ast.Constant | ast.JoinedStr):
        text = _template(node)
        if " " in text.strip() or text[:1].isupper():
            yield text
        return
    for child in ast.iter_child_nodes(node):
        yield from _sentences(child)


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if not isinstance(node, ast.JoinedStr):
        return ""
    places = iter(range(99))
    return "".join(str(one.value) if isinstance(one, ast.Constant) else f"{{{next(places)}}}" for one in node.values)
