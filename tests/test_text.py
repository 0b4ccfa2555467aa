"""Every word that a figure shows is translated, with the same values in its places."""

import ast
import json
import re
from pathlib import Path
from string import Formatter

import pytest

import kerascnn
from kerascnn import _text, cli, figures, weights
from kerascnn._describe.records import COLUMNS, Description
from kerascnn.plots import styles

PACKAGE = Path(kerascnn.__file__).parent


def messages():
    """The literal arguments of all calls `_("…")`, and the titles and alt texts of the figures."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            translated = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"
            if translated and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
    for recipe in figures.recipes().values():
        found |= {recipe.title, recipe.alt}
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


def test_the_command_line_offers_what_there_is():
    assert list(cli.LANGUAGES) == list(_text.LANGUAGES)
    assert list(cli.STYLES) == styles()
    assert list(cli.FORMATS) == list(figures.FORMATS)
    assert list(cli.PREPROCESSING) == list(weights.MODES)
    for table in cli.TABLES:
        assert hasattr(Description, f"to_{table}")
