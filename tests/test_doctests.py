"""The examples in the docstrings run and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import kerascnn

MODULES = [
    name
    for _finder, name, _is_package in pkgutil.walk_packages(kerascnn.__path__, "kerascnn.")
    if name != "kerascnn.__main__"
]


@pytest.mark.parametrize("name", ["kerascnn", *MODULES])
def test_examples_run(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    results = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


def test_builders_are_found():
    """doctest must see through the decorator of the builders."""
    module = importlib.import_module("kerascnn.models.lenet")
    tests = doctest.DocTestFinder().find(module)
    assert any(t.examples for t in tests if t.name.endswith("build_lenet5"))
