"""Slides and handouts: what is chosen, what the files hold, and one-line errors."""

import doctest
import io
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from pptx import Presentation
from pptx.enum.dml import MSO_FILL
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.util import Inches

from kerascnn import _print, decks, figures, plots
from kerascnn.cli import main

CHEAP = ["max-pooling", "average-pooling", "stride"]  # drawn without a network


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The same lecture in Korean as slides and as a handout."""
    folder = tmp_path_factory.mktemp("decks")
    deck = decks.deck(CHEAP, lang="ko")
    return {kind: deck.save(folder / f"deck.{kind}") for kind in ("pptx", "html")}


def names(*parts, **options):
    return [one.name for one in decks.deck(parts, **options).figures]


def test_parts_of_a_lecture():
    in_order = ["stride", "max-pooling", "average-pooling"]
    assert names(*CHEAP) == in_order
    assert names("B5", "C1", "c2") == in_order
    assert names("Pooling") == names("C") == names("pooling") == figures.names("C")
    assert names("풀링", lang="ko") == names("C")
    assert names("volumes") == [
        one.name for one in figures.lecture_figures().values() if one.topic == "volumes"
    ]
    assert names() == figures.names()


def test_slides_are_sections_formulas_and_figures(saved):
    deck = Presentation(saved["pptx"])
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9, abs=1e-3)
    titles = [slide.shapes.title.text for slide in deck.slides]
    assert titles == [
        "합성곱",
        "공식",
        "스트라이드: 창이 한 번에 움직이는 거리",
        "풀링",
        "공식",
        "최대 풀링은 각 창에서 가장 큰 값을 남긴다",
        "평균 풀링은 각 창을 그 평균으로 바꾼다",
    ]
    formulas = [s.table for s in deck.slides[1].shapes if s.has_table]
    assert "⌊(i + 2p − k) / s⌋ + 1" in formulas[0].cell(1, 1).text


def test_a_networks_diagram_is_made_of_shapes(tmp_path):
    """The blocks of LeNet-5, in a group with alt text, and the words of the figure below."""
    path = decks.deck("lenet5").save(tmp_path / "deck.pptx")
    slide = Presentation(path).slides[-1]
    assert not [shape for shape in slide.shapes if shape.shape_type == MSO_SHAPE_TYPE.PICTURE]
    (group,) = (shape for shape in slide.shapes if shape.shape_type == MSO_SHAPE_TYPE.GROUP)
    assert {"input", "c1", "s2", "c3", "s4", "c5", "f6"} <= {shape.name for shape in group.shapes}
    assert "61,706" in group._element.nvGrpSpPr.cNvPr.get("descr")
    (words,) = (s.text_frame.text for s in slide.shapes if s.name.startswith("TextBox"))
    assert "416,520" in words
    bottom = Presentation(path).slide_height
    assert all(s.top >= 0 and s.top + s.height <= bottom for s in (*slide.shapes, *group.shapes))


def test_shapes_have_the_style_of_the_deck(tmp_path):
    path = decks.deck("lenet5", style="gray").save(tmp_path / "deck.pptx")
    (group,) = (s for s in Presentation(path).slides[-1].shapes if s.name == "lenet5")
    solid = [s for s in group.shapes if s.has_text_frame and s.fill.type == MSO_FILL.SOLID]
    fills = {shape.name: str(shape.fill.fore_color.rgb) for shape in solid}
    with plots.style("gray"):
        for name, kind in (("c1", "Conv2D"), ("s2", "MaxPooling2D"), ("f6", "Dense")):
            assert f"#{fills[name]}" == plots.layer_style(kind).color


def test_pictures_are_vectors_with_png_beside(saved):
    deck = Presentation(saved["pptx"])
    slide = deck.slides[2]
    (picture,) = (shape for shape in slide.shapes if shape.shape_type == 13)
    assert Image.open(io.BytesIO(picture.image.blob)).format == "PNG"
    svg = re.search(r'svgBlip .*?r:embed="(\w+)"', picture._element.xml, re.DOTALL)
    blob = slide.part.related_part(svg[1]).blob
    assert b"<svg" in blob
    assert "창이".encode() in blob  # the title that screen readers read out
    assert "7×7" in picture._element.nvPicPr.cNvPr.get("descr")
    assert "kerascnn figures stride" in slide.notes_slide.notes_text_frame.text
    with zipfile.ZipFile(saved["pptx"]) as archive:
        assert archive.testzip() is None
        types = archive.read("[Content_Types].xml").decode()
    assert '/ppt/media/stride.svg" ContentType="image/svg+xml"' in types


def test_nothing_leaves_a_slide_or_covers_another(saved):
    deck = Presentation(saved["pptx"])
    for slide in deck.slides:
        boxes = [(s.left, s.top, s.left + s.width, s.top + s.height) for s in slide.shapes]
        for left, top, right, bottom in boxes:
            assert left >= 0
            assert top >= 0
            assert right <= deck.slide_width
            assert bottom <= deck.slide_height
        for nth, one in enumerate(boxes):
            for other in boxes[nth + 1 :]:
                apart = one[2] <= other[0] or other[2] <= one[0]
                assert apart or one[3] <= other[1] or other[3] <= one[1]
        widths = [s.width for s in slide.shapes if s.shape_type == 13]
        assert all(width > Inches(6) for width in widths)


def test_the_handout_has_all_in_one_file(saved):
    page = saved["html"].read_text("utf-8")
    assert '<html lang="ko">' in page
    assert page.count("data:image/svg+xml;base64,") == len(CHEAP)
    assert "최대 풀링은 각 창에서 가장 큰 값을 남긴다" in page
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []


@pytest.mark.slow
@pytest.mark.skipif(
    not any(map(shutil.which, _print.BROWSERS)), reason="Chromium or Chrome is not installed"
)
def test_the_handout_is_printed(tmp_path):
    path = decks.deck("max-pooling").save(tmp_path / "handout.pdf")
    assert path.read_bytes().startswith(b"%PDF-")


def test_one_figure_that_fails_is_left_out(tmp_path, monkeypatch):
    one = figures.lecture_figure("max-pooling")

    def broken():
        raise RuntimeError("broken")

    monkeypatch.setitem(
        sys.modules["kerascnn.figures._registry"]._figures,
        "max-pooling",
        type(one)(**{**vars(one), "function": broken}),
    )
    arguments = ["lecture", "max-pooling", "average-pooling", "-o", str(tmp_path / "d.html")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "1 of 2 figures" in result.output
    assert "figure 'max-pooling' was not drawn: broken" in result.output
    assert (tmp_path / "d.html").read_text("utf-8").count("data:image") == 1
    result = CliRunner().invoke(main, ["lecture", "max-pooling", "-o", str(tmp_path / "none.html")])
    assert result.exit_code == 2
    assert result.stderr == "Error: no figure could be drawn; 'max-pooling': broken\n"
    assert not (tmp_path / "none.html").exists()


def test_slides_of_small_figures_start_no_tensorflow(tmp_path):
    code = (
        "import sys; from kerascnn.cli import main;"
        f"main(['lecture', 'stride', '-o', {str(tmp_path / 'd.pptx')!r}], standalone_mode=False);"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["polling"], "part must be one of .* received 'polling'. Did you mean 'Pooling' or"),
        (["B99"], "part must be one of .* received 'B99'."),
        (["C1", "-o", "deck.ppt"], "format must be one of 'pptx', 'html', 'pdf'; received 'ppt'."),
        (["C1", "-o", "file/deck.html"], "path must be a file that can be written; received"),
        (["C1", "--lang", "fr"], "--lang must be one of 'en', 'ko', 'es'; received 'fr'."),
    ],
)
def test_bad_input_is_one_line(arguments, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    result = CliRunner().invoke(main, ["lecture", *arguments])
    assert result.exit_code == 2
    assert re.search(line, result.output)
    assert result.output.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_slides_say_what_they_need(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pptx", None)
    for name in ("decks._slides", "plots._slide"):
        monkeypatch.delitem(sys.modules, f"kerascnn.{name}", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'kerascnn\[pptx\]'"):
        decks.deck("max-pooling").save(tmp_path / "deck.pptx")
    assert list(tmp_path.iterdir()) == []


def test_the_page_of_the_docs_is_true():
    """docs/decks.md: its examples run."""
    path = Path(__file__).parents[2] / "docs" / "decks.md"
    assert doctest.testfile(str(path), module_relative=False).failed == 0
