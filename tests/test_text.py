"""Every word that a figure shows is translated, with the same values in its places."""

import ast
import json
import re
from pathlib import Path
from string import Formatter

import pytest

import kerascnn
from kerascnn import _text, exercises, figures, weights
from kerascnn._describe.records import COLUMNS, Description
from kerascnn.cli import _options, describe
from kerascnn.datasets import brain_tissue, cells, cifar10, fashion_mnist, nuclei, shapes
from kerascnn.plots import styles

PACKAGE = Path(kerascnn.__file__).parent


def messages():
    """What `_("…")` is called with, titles and alt texts of figures, kinds and the course."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            translated = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"
            if translated and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
    for page in PACKAGE.rglob("*.jinja"):
        found |= set(re.findall(r'_\("([^"]+)"', page.read_text("utf-8")))
    for figure in figures.lecture_figures().values():
        words = (figure.titled, figure.described)  # or functions, which call `_`
        found |= {each for each in words if isinstance(each, str)}
    found |= {*figures.SECTIONS.values(), *figures.ROWS.values()}
    found |= {kind.title for kind in exercises.kinds().values()}
    return found | {heading for heading, *_rest in COLUMNS}


def fields(message):
    return sorted(name for _t, name, _s, _c in Formatter().parse(message) if name is not None)


@pytest.mark.parametrize("lang", ["ko", "es"])
def test_tables_are_complete_and_hold_nothing_else(lang):
    table = _text.table(lang)
    assert sorted(messages() - set(table)) == []
    assert sorted(set(table) - messages()) == []


@pytest.mark.parametrize("lang", ["ko", "es"])
def test_translations_have_the_same_places(lang):
    for message, translation in _text.table(lang).items():
        assert translation.strip()
        assert fields(message) == fields(translation), message
        # Numbers are facts: each stands in the translation too (decimal commas apart).
        numbers = re.findall(r"\d+", message)
        assert sorted(numbers) == sorted(re.findall(r"\d+", translation)), message


@pytest.mark.parametrize("lang", ["ko", "es"])
def test_tables_are_sorted_json(lang):
    text = (PACKAGE / "locale" / f"{lang}.json").read_text("utf-8")
    table = json.loads(text)
    assert list(table) == sorted(table)


def test_language_is_set_for_a_block_only():
    with _text.language("es"):
        assert _text.text("loss") == "pérdida"
        with _text.language("ko"):
            assert _text.text("loss") == "손실"
    assert _text.text("loss") == "loss"
    unknown = pytest.raises(ValueError, match=r"lang must be one of 'en', 'ko', 'es'.*'fr'")
    with unknown, _text.language("fr"):
        pass


@pytest.mark.parametrize("lang", ["ko", "es"])
def test_class_names_of_the_own_data_sets_are_translated(lang):
    owned = [cifar10.CLASS_NAMES, fashion_mnist.CLASS_NAMES, shapes.CLASS_NAMES]
    owned += [nuclei.CLASS_NAMES, brain_tissue.CLASS_NAMES]
    for names in (*owned, *cells.CLASS_NAMES.values()):
        assert _text.class_texts(names) == list(names)
        with _text.language(lang):
            translated = _text.class_texts(names)
        assert len(translated) == len(names)
        assert not set(translated) & set(names)
    with _text.language(lang):
        assert _text.class_texts(["cat", "dog"]) == ["cat", "dog"]  # a user's own


def test_the_command_line_offers_what_there_is():
    assert list(_options.LANGUAGES) == list(_text.LANGUAGES)
    assert list(_options.STYLES) == styles()
    assert list(_options.FORMATS) == list(figures.FORMATS)
    assert list(_options.PREPROCESSING) == list(weights.MODES)
    for table in describe.TABLES:
        assert table in describe.IN_FILES or hasattr(Description, f"to_{table}")
