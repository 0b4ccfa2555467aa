"""What stands on the page of figures."""

import ast
import inspect
import os
import re
import sys
from functools import cache
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt

import kerascnn as kc
from kerascnn._text import LANGUAGES, text
from kerascnn.figures import _registry
from kerascnn.figures._gallery import page
from kerascnn.figures._own import shown_by
from kerascnn.figures._saving import Label


@pytest.fixture(scope="module")
def html(folder):
    return (folder / "index.html").read_text("utf-8")


class Elements(HTMLParser):
    """All elements of a page, with their attributes."""

    def __init__(self, source):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_figures_stand_in_teaching_order_below_their_sections(html):
    ids = [a["id"] for tag, a in Elements(html).found if tag in ("article", "h2") and "id" in a]
    assert [one for one in ids if one not in ("sections", "view-title")] == [
        *("section-A", "dense-matrix-beside-a-filter"),
        *("section-B", "moving", "volume-quiz", "kernel-size"),
        *("section-C", "stride-or-pooling"),
    ]


def test_all_that_it_loads_and_links_is_there(html, folder):
    elements = Elements(html).found
    assert not [
        tag for tag, a in elements if tag in ("link", "iframe") or (tag == "script" and "src" in a)
    ]
    assert not re.search(r"@import|url\(", html)
    links = [
        a[k] for _tag, a in elements for k in a if k in ("src", "href") or k.startswith("data-")
    ]
    files = {link for link in links if re.search(r"\.\w{3,4}$", link) and ":" not in link}
    drawn = {p.relative_to(folder).as_posix() for p in folder.rglob("*.*")} - {"index.html"}
    assert files == drawn
    anchors = {link[1:] for link in links if link.startswith("#")}
    ids = [a["id"] for _tag, a in elements if "id" in a]
    assert anchors <= set(ids)
    assert len(ids) == len(set(ids))


def test_photos_are_credited_in_all_languages(html):
    assert "“camera”: <a href" in html
    for said in ("Lav Varshney</a>, CC0 1.0", "rights not documented", "derechos no documentados"):
        assert said in html


@cache
def definitions(module):
    """The functions of a module by name, parsed."""
    parsed = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in parsed.body if isinstance(node, ast.FunctionDef)}


@cache
def calls(function):
    """What a function calls: the name, the first argument if it is written down, and the callee."""
    tree = definitions(function.__module__)[function.__name__]
    found = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        first = [
            arg.value if isinstance(arg, ast.Constant) else function.__globals__.get(arg.id)
            for arg in call.args[:1]
            if isinstance(arg, ast.Constant | ast.Name)
        ]
        words = {word for word in first if isinstance(word, str)}
        found.append((name, words, inspect.unwrap(function.__globals__.get(name, len))))
    return found


def photos_loaded(figure):
    """The names of the photos that a figure asks for, or a function of its file that it calls."""
    found, seen = set(), [inspect.unwrap(f) for f in (figure.function, figure.data) if f]
    for one in seen:
        for name, first, callee in calls(one):
            if name not in ("_", "text"):  # which take the words "cell" and "page" otherwise
                found |= first & {*kc.datasets.photo_names()}
            if name == "digit_images":
                found.add("digits")
            if inspect.isfunction(callee) and callee.__module__ == figure.function.__module__:
                seen += [callee] if callee not in seen else []
    return found


def test_a_figure_names_the_photos_that_it_shows():
    figures = kc.figures.lecture_figures()
    for one in figures.values():
        assert photos_loaded(one) <= set(one.photos()), one.name
        assert set(one.photos()) <= {*kc.datasets.photo_names(), "digits", "mnist"}, one.name
    own = np.zeros((2, 2, 3))
    assert figures["style-transfer"].photos(photo=own) == ("immunohistochemistry",)
    assert figures["pixel-values"].photos(photo=own) == ()
    assert photos_loaded(figures["style-transfer"]) == {"chelsea", "immunohistochemistry"}


def test_with_a_network_of_ones_own_other_images_are_shown():
    digits, photos = (SimpleNamespace(convention=convention) for convention in ("mnist", None))
    assert shown_by(None, None, "coffee") == ("coffee",)
    assert shown_by(None, digits, "coffee") == ("digits",)
    assert shown_by(None, photos, "coffee") == ("chelsea",)
    assert shown_by(np.zeros((2, 2, 3)), photos, "coffee") == ()


def test_a_picture_tells_its_language(tmp_path):
    """Two figures of one folder, one of them in Spanish: the page says so in English only."""
    kc.figures.draw("volume-quiz", out=tmp_path, formats="png", style="paper", lang="es")
    kc.figures.draw("stride-or-pooling", out=tmp_path, formats="svg", style="paper")

    def told():
        notices = re.findall(r'<p class="notice t" lang="(..)">(.*)', page(tmp_path, "en"))
        return {lang: words.partition(".")[0] for lang, words in notices}

    assert told() == {
        "en": "Some pictures are in Spanish",
        "ko": "그림 속 글은 영어, 스페인어입니다",
        "es": "Algunas imágenes están en inglés",
    }
    kc.figures.draw("volume-quiz", out=tmp_path, formats="png", style="paper")
    assert told() == {"ko": "그림 속 글은 영어입니다", "es": "Las imágenes están en inglés"}


def test_of_two_pictures_in_one_language_the_later_counts(tmp_path):
    for nth, (place, lang) in enumerate({".": "en", "en": "en", "ko": "ko"}.items()):
        path = tmp_path / place / "kernel-size.svg"
        path.parent.mkdir(exist_ok=True)
        words = dict.fromkeys(LANGUAGES, ("A title", "An alt text"))
        path.write_text(f"<svg><!-- {Label(lang, 'slides', words, {}, 0, [])} --></svg>")
        os.utime(path, (nth, nth))
    assert 'src="en/kernel-size.svg"' in page(tmp_path, "en")
    os.utime(tmp_path / "kernel-size.svg", (9, 9))
    assert 'src="kernel-size.svg"' in page(tmp_path, "en")
    assert 'src="ko/kernel-size.svg"' in page(tmp_path, "ko")


KERNEL = np.eye(2)


def sized(step=None, *, stride: int = 1, kernel: np.ndarray = KERNEL, photo=None):
    """Nothing at all."""
    return plt.figure(figsize=(1, 1))


def test_words_and_code_are_those_of_the_numbers_that_were_drawn(tmp_path, monkeypatch):
    kc.figures.lecture_figures()
    monkeypatch.setattr(_registry, "_figures", dict(_registry._figures))
    register = kc.figures.figure(
        title=lambda stride: text("stride {stride}", stride=stride),
        alt=lambda stride: text("stride {stride}", stride=stride),
        rows=("B5",),
        photos=("camera",),
        frames=lambda stride: 3 - stride,
    )
    register(sized)

    def shown():
        elements = Elements(page(tmp_path, "en"))
        names = [a["href"] for _tag, a in elements.found if "download" in a]
        return elements.text, sorted(set(names))

    own = {"stride": 2, "kernel": [[1, 2], [3, 4]], "photo": np.zeros((2, 2, 3))}
    for kind in ("svg", "png", "pdf"):
        kc.figures.draw("sized", out=tmp_path, formats=kind, lang="ko", style="gray", **own)
        words, files = shown()
        assert {f"sized-1.{kind}", f"sized.{kind}"} <= set(files)
    assert "stride 2" in words
    assert "스트라이드 2" in words
    assert (
        "kerascnn figures sized --set stride=2 --set 'kernel=1,2;3,4' --photo … --style gray\n"
        in words
    )
    assert '("sized", stride=2, kernel=[[1, 2], [3, 4]], photo=..., style="gray")' in words
    assert "--photo … --lang es" in words
    assert "--set stride=1 --set 'kernel=1,0;0,1' --photo … " in words  # what can be set
    assert "Lav Varshney" not in words
    kc.figures.draw("sized", out=tmp_path, formats="svg")
    words, files = shown()
    assert files == ["sized-1.svg", "sized-2.svg", "sized.gif", "sized.svg"]  # the others are old
    assert "stride 1" in words
    assert "stride 2" not in words
    assert '("sized")' in words
    assert "Lav Varshney" in words


def test_a_pdf_alone_is_offered_without_a_picture(tmp_path):
    kc.figures.draw("volume-quiz", out=tmp_path, formats="pdf", style="paper")
    elements = Elements(page(tmp_path, "en")).found
    assert [a.get("id") for tag, a in elements if tag == "img"] == ["large"]
    assert "volume-quiz.pdf" in [a.get("href") for _tag, a in elements]


def test_an_empty_folder_says_so(tmp_path):
    assert "This folder has no figures yet." in page(tmp_path, "en")
