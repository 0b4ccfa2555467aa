"""The course notebooks run offline as they stand, and their tasks have right answers."""

import runpy
from importlib.util import find_spec
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

import kerascnn as kc

COURSES = sorted((Path(__file__).parents[1] / "docs" / "courses").glob("*.py"))
PACKAGES = {"radiology": "nilearn"}


def test_there_is_one_for_each_kind_of_lecture():
    assert {path.stem for path in COURSES} == {
        "artificial_intelligence",
        "convolutional_networks",
        "image_analysis",
        "medical_deep_learning",
        "radiology",
    }


@pytest.mark.slow
@pytest.mark.parametrize("script", COURSES, ids=lambda path: path.stem)
def test_notebook_runs(script, monkeypatch, capsys):
    if find_spec(PACKAGES.get(script.stem, "kerascnn")) is None:
        pytest.skip(f"{PACKAGES[script.stem]} is not installed")
    for name in ("http_proxy", "https_proxy"):  # no network
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    shown = []
    monkeypatch.setattr(
        plt, "show", lambda: shown.append(len(plt.get_fignums())) or plt.close("all")
    )
    names = runpy.run_path(str(script))
    assert len(shown) >= 2
    assert min(shown) >= 1
    questions = names["sheet"].questions
    assert capsys.readouterr().out.count("Not answered yet.") == len(questions) > 1
    for question in questions:
        assert kc.exercises.check(question, question.answer)


@pytest.mark.parametrize("script", COURSES, ids=lambda path: path.stem)
def test_only_public_names(script):
    code = script.read_text("utf-8")
    assert "kc._" not in code
    assert "from kerascnn." not in code
