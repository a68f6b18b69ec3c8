"""Every example in a docstring is run, under the name by which its module is imported."""

import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("index", "qa", "ui", "eval")
EXAMPLE = re.compile(r"^ *>>> (?!.*# doctest: \+SKIP)", re.MULTILINE)  # what is skipped shows a call that needs a model


def modules_with_examples() -> Iterator[ParameterSet]:
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if EXAMPLE.search(text):
            name = ".".join(("onrecord", *path.relative_to(ROOT).with_suffix("").parts))
            yield pytest.param(name, marks=[pytest.mark.page] if "\nimport gradio" in text else [])


@pytest.mark.parametrize("module", modules_with_examples())
def test_the_examples_of_a_module_do_what_they_show(module: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert tried
    assert not failed
