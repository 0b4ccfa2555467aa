"""What the site adds to Sphinx: search in Korean and Spanish, links of code, signatures, links."""

import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

pytestmark = pytest.mark.frameworks
pytest.importorskip("sphinx")
EXTENSIONS = Path(__file__).parents[1] / "docs" / "extensions"
sys.path.insert(0, str(EXTENSIONS))

CONF = f"""
import sys
sys.path.insert(0, {str(EXTENSIONS)!r})
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
extensions += ["languages", "code_links", "python_names", "equations"]
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "mathml"
site_languages = []
default_role = "name"
html_theme = "basic"
"""


@pytest.fixture
def build(tmp_path):
    """Return a function that builds a site of these pages, and returns its folder."""

    def built(pages, language="en"):
        (tmp_path / "conf.py").write_text(CONF, "utf-8")
        for name, text in pages.items():
            (tmp_path / name).write_text(text, "utf-8")
        out = tmp_path / "site"
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "-D", f"language={language}"]
        done = subprocess.run([*command, tmp_path, out], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return out

    return built


def terms(site):
    """Return the words that the search of a site finds."""
    text = (site / "searchindex.js").read_text("utf-8")
    index = json.loads(re.fullmatch(r"Search\.setIndex\((.*)\)", text, re.DOTALL)[1])
    return {*index["terms"], *index["titleterms"]}


def test_korean_words_are_found_with_any_particle(build):
    found = terms(build({"index.md": "# 그림\n\n합성곱은 풀링으로 이어진다. Stride 2.\n"}, "ko"))
    assert {"합성곱", "풀링", "그림", "stride"} <= found
    assert "링으" not in found


def test_equations_that_docutils_misreads_are_rejected():
    equations = import_module("equations")
    for tex in (r"\frac12 x", r"\tilde A_l", r"\bar{A}^2"):
        with pytest.raises(ValueError, match=r"write \\frac\{1\}\{2\}"):
            equations.mathml(tex)
    methods = (EXTENSIONS.parent / "methods.md").read_text("utf-8")
    written = [equations.mathml(tex) for tex in re.findall(r"\$(.+?)\$", methods)]
    assert len(written) > 40
    assert not any("\\" in re.sub(r"<[^>]+>", "", one) for one in written)  # no unknown macro


THUMBNAIL = {
    "examples.rst": """:orphan:

Examples
========

.. raw:: html

  <div tooltip="Compute a convolution by hand, with four loops, and compare the result with Keras.">
  <div class="sphx-glr-thumbnail-title">Convolution by hand</div></div>
"""
}


def test_spanish_words_are_found_by_their_stem(build):
    site = build({"index.md": "# Mapas\n\nEl submuestreo reduce los mapas.\n", **THUMBNAIL}, "es")
    assert any("submuestreo".startswith(term) and len(term) > 8 for term in terms(site))
    thumbnail = (site / "examples.html").read_text("utf-8")
    assert 'title">Convolución a mano<' in thumbnail
    assert 'tooltip="Calcula una convolución a mano' in thumbnail


def test_equations_are_mathml(build):
    page = "# Maps\n\nA sum $\\sum_k w_{ij}\\,\\lvert x \\rvert$ in a line.\n\n$$\ny^2\n$$\n"
    text = (build({"index.md": page}) / "index.html").read_text("utf-8")
    inline, block = re.findall(r"<math.*?</math>", re.sub(r">\s+<", "><", text), re.DOTALL)
    assert "<mi>w</mi><mrow><mi>i</mi><mi>j</mi></mrow>" in inline
    assert "∑" in inline
    bars = re.findall(r'<mo form="(\w+)" stretchy="false">\|</mo>', inline)
    assert bars == ["prefix", "postfix"]
    assert 'display="block"' not in inline
    assert "<msup><mi>y</mi><mn>2</mn></msup>" in block
    assert 'display="block"' in block
    assert "mathjax@" not in text  # its script is on the network


PAGES = {
    "index.md": "# Guide\n\nCall `kc.train(model, data)`, then `grad_cam`; `names` is left.\n",
    "reference.rst": """:orphan:

Reference
=========

.. autofunction:: kerascnn.training.train

.. autofunction:: kerascnn.visualize.grad_cam

.. autofunction:: kerascnn.visualize.integrated_gradients
""",
}


@pytest.mark.slow
def test_code_links_to_its_page_and_signatures_are_as_written(build):
    site = build(PAGES)
    guide = (site / "index.html").read_text("utf-8")
    assert 'href="reference.html#kerascnn.training.train"' in guide
    assert 'href="reference.html#kerascnn.visualize.grad_cam"' in guide
    assert guide.count('href="reference.html#') == 2
    text = re.sub(r"<[^>]+>", "", (site / "reference.html").read_text("utf-8"))
    assert "images: Images" in text
    assert "target: Target = None" in text
    page = (site / "reference.html").read_text("utf-8")
    assert re.search(r"<pre>(<[^>]+>)*\(x − x′\)", page)  # the formula is no quotation


def test_links_that_lead_nowhere_are_found(tmp_path):
    link_check = import_module("link_check")
    (tmp_path / "index.html").write_text(
        '<a href="page.html#here">1</a><a href="page.html#gone">2</a><img src="no.png" alt="">'
        '<a href="https://example.org/">3</a><a class="x" href="page%20two.html">4</a>'
    )
    (tmp_path / "page.html").write_text('<p id="here"><a href="#here">5</a></p>')
    (tmp_path / "page two.html").write_text("")
    assert link_check.broken(tmp_path) == ["index.html: no.png", "index.html: page.html#gone"]


def test_figures_are_drawn_again_only_if_what_they_need_has_changed(tmp_path):
    drawn = import_module("drawn")
    (tmp_path / "cli").mkdir()
    (tmp_path / "plots").mkdir()
    before = drawn.state(tmp_path)
    (tmp_path / "cli" / "figures.py").write_text("x = 1\n")
    assert drawn.state(tmp_path) == before
    (tmp_path / "plots" / "_overlay.py").write_text("x = 1\n")
    changed = drawn.state(tmp_path)
    assert changed != before
    (tmp_path / "plots" / "_overlay.py").rename(tmp_path / "plots" / "_under.py")
    assert drawn.state(tmp_path) not in (before, changed)


def test_the_words_of_the_site_are_translated():
    """Each word that an extension asks for has a translation in both languages."""
    words = import_module("words")
    asked = set()
    for path in EXTENSIONS.glob("*.py"):
        asked |= set(re.findall(r"\bword\(\s*\"([^\"]+)\"", path.read_text("utf-8")))
        for headings in re.findall(r"headings = \((.*?)\)", path.read_text("utf-8"), re.DOTALL):
            asked |= set(re.findall(r"\"([^\"]+)\"", headings))
    assert {"Course map", "License", "Differences from the paper"} <= asked
    for lang in ("ko", "es"):
        assert asked - {*words.catalogue(lang)} == set()
        assert all(words.catalogue(lang).values())
