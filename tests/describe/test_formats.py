"""Tables of a description: the same cells in all formats, names escaped in each."""

import csv
import io
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import keras
import pytest
from keras import layers
from rich.console import Console

import kerascnn as kc


@pytest.fixture(scope="module")
def alexnet(no_values):
    with no_values():
        return kc.describe(kc.build_alexnet())


def test_columns_add_up_to_the_totals(alexnet):
    description = alexnet
    rows = list(csv.DictReader(io.StringIO(description.to_csv())))
    for column in ("parameters", "macs", "activations", "memory_bytes"):
        assert sum(int(row[column]) for row in rows) == getattr(description, column)
    frame = description.to_dataframe()
    assert frame["macs"].sum() == description.macs
    assert frame.loc["conv1", "output_shape"] == (55, 55, 96)


def test_text_markdown_and_html_show_the_same_cells():
    description = kc.describe(kc.build_lenet5())
    for table in (str(description), description.to_markdown(), description.to_html()):
        for cell in ("c3", "10×10×16", "2,416", "240,000", "61,706", "416,520", "Total"):
            assert cell in table
    lines = description.to_markdown().splitlines()
    assert {line.count("|") for line in lines if line.startswith("|")} == {10}
    assert all(len(line) <= 130 for line in description.to_text().splitlines())


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_narrow_terminals_lose_columns_not_digits(alexnet, width):
    text = alexnet.to_text(width)
    assert max(map(len, text.splitlines())) <= width
    assert "37,752,832" in text
    assert "62,378,344" in text
    table, _, note = " ".join(text.split()).partition("The terminal is too narrow for: ")
    assert ("Stride" in table) == (width == 200)
    assert note.rstrip(".").split(", ")[-1:] == ([""] if width == 200 else ["Stride"])


def test_latex_is_well_formed():
    text = kc.describe(
        keras.Sequential([keras.Input((4,)), layers.Dense(2, name="a_b&c")])
    ).to_latex()
    assert r"a\_b\&c" in text
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {line.replace(r"\&", "").count("&") for line in rows} == {8}
    assert text.index(r"\toprule") < text.index(r"\midrule") < text.index(r"\bottomrule")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", ["lenet5", "googlenet", "unet"])
def test_latex_compiles(name, tmp_path, no_values):
    with no_values():
        table = kc.describe(kc.models.build(name)).to_latex()
    page = (
        "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\\tiny\n%s\n\\end{document}"
    )
    (tmp_path / "table.tex").write_text(page % table, "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_the_title_is_escaped():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)], name="a<b>")
    assert "a&lt;b&gt;" in kc.describe(model).to_html()


ODD = ["<script>alert(1)", "a\nb", "[1]", "*x*", "p|q<r>", "a\rb", "$5-$10", "_y_", "`z`"]


@pytest.fixture(scope="module")
def oddly_named():
    return kc.describe(
        keras.Sequential([keras.Input((4,)), *(layers.Dense(2, name=name) for name in ODD)])
    )


def test_markdown_is_escaped(oddly_named):
    lines = oddly_named.to_markdown().splitlines()
    assert len(lines) == 2 + 1 + len(ODD) + 1 + 1 + len(oddly_named.notes)
    text = "\n".join(lines)
    assert "<script>" not in text
    assert r"p\|q&lt;r&gt;" in text
    for escaped in (r"\[1\]", r"\*x\*", r"\$5-\$10", r"\_y\_", r"\`z\`", "| a b |"):
        assert escaped in text
    plain = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="block_1_conv")])
    assert "block_1_conv" in kc.describe(plain).to_markdown()


def test_latex_is_escaped(oddly_named):
    text = oddly_named.to_latex()
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(rows) == 1 + 1 + len(ODD) + 1
    assert not any(row.startswith(("[", "*")) for row in rows)
    assert r"p\textbar{}q\textless{}r\textgreater{}" in text


def test_csv_is_read_back(oddly_named):
    rows = list(csv.DictReader(io.StringIO(oddly_named.to_csv(), newline="")))
    assert [row["name"] for row in rows[1:]] == [name.replace("\r", "\n") for name in ODD]
    assert rows[2]["inputs"] == ODD[0]
    image = keras.Input((4, 4, 1))
    model = keras.Model(
        image, layers.Add()([layers.ReLU(name="axb")(image), layers.ReLU(name="c")(image)])
    )
    assert list(csv.DictReader(io.StringIO(kc.describe(model).to_csv())))[-1]["inputs"] == "axb; c"


def test_html_is_escaped(oddly_named):
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _attributes: tags.append(tag)
    parser.feed(oddly_named.to_html())
    assert "script" not in tags
    assert tags.count("tr") == 1 + 1 + len(ODD) + 1


def test_names_are_no_markup_in_the_terminal(oddly_named):
    text = str(oddly_named)
    assert all(name in text for name in ("[1]", "<script>alert(1)", "a b"))


def test_dashes_of_a_name_are_no_dash():
    """ "a--b" stays two hyphens in LaTeX."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="a--b")])
    assert "a{-}{-}b &" in kc.describe(model).to_latex()


def test_shown_by_rich_and_by_notebooks(oddly_named):
    console = Console(file=io.StringIO(), width=60, color_system=None)
    console.print(oddly_named)
    assert console.file.getvalue().strip() == oddly_named.to_text(60).strip()
    assert oddly_named._repr_html_() == oddly_named.to_html()
    assert repr(oddly_named) == oddly_named.to_text()


def test_without_pandas(oddly_named, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"to_dataframe needs pandas.*pip install pandas"):
        oddly_named.to_dataframe()
