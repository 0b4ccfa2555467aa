"""docs/plots.md: its code runs, and shows every plot."""

import importlib.util
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

import kerascnn as kc

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "plots.md").read_text("utf-8")


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_plots", ROOT / "scripts" / "make_plots.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_code_draws_each_picture(script, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    drawn = {name for name, figure in script.draw(TEXT) if figure is not None}
    assert {path.stem for path in (ROOT / "docs" / "pictures" / "plots").glob("*.png")} == (
        drawn - {""}
    )
    assert Path("dream.gif").exists()
    plt.close("all")


def test_every_plot_has_its_section():
    for name in kc.plots.__all__:
        assert f"`{name}" in TEXT or name == "LayerStyle", name
