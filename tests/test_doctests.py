"""The examples in the docstrings run and print what they say, and every public name has one."""

import ast
import doctest
import importlib
import pkgutil
import sys
from pathlib import Path

import pytest

import kerascnn
import kerascnn.exercises._registry
import kerascnn.figures._registry

sys.path.insert(0, str(Path(__file__).parents[1] / "docs" / "extensions"))
reference = importlib.import_module("reference")

MODULES = [
    name
    for _finder, name, _is_package in pkgutil.walk_packages(kerascnn.__path__, "kerascnn.")
    if name != "kerascnn.__main__"
]

DEEP = ("kerascnn.models.resnet", "kerascnn.models.resnet_cifar")  # of up to 152 layers


def public_names():
    """Public functions and classes; the page of a constant shows its value instead."""
    found = [*reference.pages().values()]
    for returned in reference.RETURNED.values():
        for name in returned:
            module, _, own = name.rpartition(".")
            file = reference.source_of(reference.PACKAGE.joinpath(*module.split(".")[1:]), own)
            found.append(reference.Name(module, own, file))
    return [one for one in found if isinstance(one.node, ast.FunctionDef | ast.ClassDef)]


@pytest.fixture(scope="module")
def documented():
    """The public names that each module defines."""
    names = {}
    for one in public_names():
        parts = one.file.relative_to(reference.PACKAGE.parent).with_suffix("").parts
        names.setdefault(".".join(parts), set()).add(one.name)
    return names


@pytest.fixture(autouse=True)
def registries(monkeypatch):
    """What an example registers is forgotten."""
    for registry, all_known, kept in (
        (kerascnn.exercises._registry, kerascnn.exercises.kinds, "_kinds"),
        (kerascnn.figures._registry, kerascnn.figures.lecture_figures, "_figures"),
    ):
        all_known()  # of all files: each registers only when it is first imported
        monkeypatch.setattr(registry, kept, dict(getattr(registry, kept)))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name in DEEP))
        for name in ["kerascnn", *MODULES]
    ],
)
def test_examples_run(name, documented, monkeypatch, tmp_path):
    """Those of decorated functions, too, through which doctest must see."""
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    tests = doctest.DocTestFinder().find(module)
    for test in tests:
        runner.run(test)
    assert runner.failures == 0
    found = {test.name.removeprefix(f"{name}.") for test in tests if test.examples}
    assert documented.get(name, set()) <= found


def test_every_public_name_has_an_example():
    names = public_names()
    assert len(names) > 250
    lacking = [one.full for one in names if ">>>" not in (ast.get_docstring(one.node) or "")]
    assert lacking == []
