"""The runner: whole files or none, the same bytes every time, words for those who cannot see."""

import base64
import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib import pyplot as plt

import kerascnn as kc
from kerascnn.figures import _player, _registry, _runner

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def registered(monkeypatch):
    """Register figures for one test."""
    kc.figures.lecture_figures()  # the package's own come first
    monkeypatch.setattr(_registry, "_figures", dict(_registry._figures))

    def register(function, **options):
        return kc.figures.figure(
            **{"title": "A title", "alt": "A & B.", "rows": ("A1",), **options}
        )(function)

    return register


def noise(rng):
    """A figure that wants random numbers."""
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.plot(rng.random(5))
    return fig


def test_files_are_the_same_every_time(tmp_path, registered):
    registered(noise)
    for out in ("one", "two"):
        report = kc.figures.draw(["noise", "max-pooling"], out=tmp_path / out, style="paper")
        assert report.failed == {}
    for name in ("noise.svg", "max-pooling.svg", "noise.png", "max-pooling.png", "index.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.slow
def test_the_same_in_another_process(tmp_path, run_python):
    code = """
import hashlib, pathlib, sys, kerascnn as kc
kc.figures.draw(["sliding-window"], out="out", formats=["svg"])
print(hashlib.sha256(pathlib.Path("out/sliding-window.svg").read_bytes()).hexdigest())
"""
    digests = {run_python(code, PYTHONHASHSEED=seed).splitlines()[-1] for seed in ("1", "2")}
    assert len(digests) == 1


def test_one_figure_alone_has_the_same_seed(tmp_path, registered):
    registered(noise)
    kc.figures.draw(["noise"], out=tmp_path / "alone", formats=["svg"])
    kc.figures.draw(["average-pooling", "noise"], out=tmp_path / "second", formats=["svg"])
    files = [tmp_path / folder / "noise.svg" for folder in ("alone", "second")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_svg_has_title_and_description(tmp_path, registered):
    registered(noise)
    kc.figures.draw(["noise"], out=tmp_path, formats=["svg"])
    root = ET.parse(tmp_path / "noise.svg").getroot()
    assert root.get("role") == "img"
    assert [child.tag for child in root[:2]] == [f"{SVG}title", f"{SVG}desc"]
    assert [child.text for child in root[:2]] == ["A title", "A & B."]
    assert "<dc:date>" not in (tmp_path / "noise.svg").read_text()


def test_a_figure_that_fails_costs_only_itself(tmp_path, registered):
    def broken():
        """Fail after something was drawn."""
        plt.subplots()
        raise RuntimeError("no data")

    def broken_frame(step=None):
        """Fail at the second frame, after the figure and the first were drawn."""
        if step == 1:
            raise RuntimeError("no frame")
        return plt.figure()

    registered(broken)
    registered(broken_frame, frames=2)
    registered(noise)
    report = kc.figures.draw(["broken", "broken-frame", "noise"], out=tmp_path)
    assert {name: str(error) for name, error in report.failed.items()} == {
        "broken": "no data",
        "broken-frame": "no frame",
    }
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["index.html", "noise.png", "noise.svg"]  # no half, no temporary files
    assert "broken" not in (tmp_path / "index.html").read_text()
    assert plt.get_fignums() == []


def test_a_full_disk_leaves_no_half_file(tmp_path, registered, monkeypatch):
    registered(noise)
    kc.figures.draw(["noise"], out=tmp_path, formats=["svg"])
    before = (tmp_path / "noise.svg").read_bytes()

    def full(path, data):
        with open(path, "wb") as file:
            file.write(data[:1])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", full)
        with pytest.raises(OSError, match="No space left"):
            _runner.write_atomically(tmp_path / "noise.svg", b"new")
    assert (tmp_path / "noise.svg").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["index.html", "noise.svg"]


def test_the_page_shows_what_the_folder_holds(tmp_path):
    kc.figures.draw(["max-pooling"], out=tmp_path, style="paper")
    kc.figures.draw(["average-pooling"], out=tmp_path, formats=["pdf", "png"], style="paper")
    page = (tmp_path / "index.html").read_text("utf-8")
    for name in ("max-pooling", "average-pooling"):
        one = kc.figures.lecture_figures()[name]
        assert one.title in page
        assert f'alt="{one.alt}"' in page
        assert f"kerascnn figures {name}" in page
    assert '<span class="keyword">def</span> max_pooling(' in page
    links = re.findall(r'(?:src|href)="([^#":]+)"', page)
    assert "max-pooling.svg" in links
    for link in links:
        assert (tmp_path / link).is_file()  # all offline, all there
    assert "stride" not in re.findall(r'id="([^"]+)"', page)


def test_frames_make_a_gif(tmp_path, registered):
    from PIL import Image

    def moving(step=None):
        """Darken from step to step."""
        shade = 0.5 if step is None else 1 - step / 4
        fig = plt.figure(figsize=(1, 1))
        fig.add_artist(plt.Rectangle((0, 0), 1, 1, color=str(shade)))
        return fig

    registered(moving, frames=3)
    kc.figures.draw(["moving"], out=tmp_path, formats=["png"])
    for name, shade in {"": 0.5, "-1": 1, "-2": 0.75, "-3": 0.5}.items():
        with Image.open(tmp_path / f"moving{name}.png") as picture:
            assert picture.getpixel((50, 50))[0] == pytest.approx(255 * shade, abs=1)
    with Image.open(tmp_path / "moving.gif") as gif:
        assert gif.n_frames == 3
        for nth, shade in enumerate((1, 0.75, 0.5)):
            gif.seek(nth)
            assert gif.info["duration"] == _player.FRAME_MS
            assert gif.convert("L").getpixel((50, 50)) == pytest.approx(255 * shade, abs=2)


def test_frames_make_a_page_with_a_slider(tmp_path, registered):
    def moving(step=None):
        """A picture for each step."""
        return plt.figure(figsize=(1, 1))

    registered(moving, frames=3, title="A <title>")
    kc.figures.draw(["moving"], out=tmp_path, formats=["svg"], lang="es", style="dark")
    page = (tmp_path / "moving.html").read_text("utf-8")
    frames = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert [base64.b64decode(frame) for frame in frames] == [
        (tmp_path / f"moving-{step}.svg").read_bytes() for step in (1, 2, 3)
    ]
    assert page.count("<img") - page.count(" hidden>") == 1  # without a script the first is seen
    assert 'type="range" id="step" min="1" max="3"' in page
    assert '<html lang="es">' in page
    assert "<h1>A &lt;title&gt;</h1>" in page
    assert 'aria-label="A &amp; B."' in page
    assert json.dumps("Paso 3 de 3") in page
    kc.figures.draw(["moving"], out=tmp_path, formats=["pdf"])
    assert (tmp_path / "moving.html").read_text("utf-8").count("data:image/png;base64,") == 3


@pytest.mark.parametrize("lang", ["en", "es"])
def test_words_are_translated(lang, tmp_path):
    kc.figures.draw(["max-pooling"], out=tmp_path, formats=["svg"], lang=lang)
    title = ET.parse(tmp_path / "max-pooling.svg").getroot()[0].text
    english = kc.figures.lecture_figures()["max-pooling"].title
    assert (title == english) == (lang == "en")
    assert f'<html lang="{lang}">' in (tmp_path / "index.html").read_text("utf-8")
    figure = kc.figures.render("max-pooling", lang=lang)
    words = {text.get_text() for ax in figure.axes for text in ax.texts}
    plt.close(figure)
    assert {"en": "input", "es": "entrada"}[lang] in words


def test_styles_change_the_ground():
    light, dark = (kc.figures.render("max-pooling", style=s) for s in ("slides", "dark"))
    assert np.mean(light.get_facecolor()[:3]) > 0.9
    assert np.mean(dark.get_facecolor()[:3]) < 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ["max-polling"]}, "figure must be one of .*Did you mean 'max-pooling'"),
        ({"formats": ["jpg"]}, "format must be one of 'svg', 'png', 'pdf'; received 'jpg'"),
        ({"formats": []}, "formats must name at least one"),
        ({"style": "slide"}, "style must be one of .*Did you mean 'slides'"),
        ({"lang": "fr"}, "lang must be one of 'en', 'ko', 'es'; received 'fr'"),
        ({"lang": ("ko", "fr")}, "lang must be one of 'en', 'ko', 'es'; received 'fr'"),
        ({"lang": ()}, "lang must name at least one of en, ko, es; received none"),
    ],
)
def test_bad_input_writes_nothing(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        kc.figures.draw(out=tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"out must be a writable folder; received .*file"):
        kc.figures.draw(["max-pooling"], out=tmp_path / "file")


def test_figures_of_the_caller_stay_open(tmp_path):
    mine = plt.figure()
    kc.figures.draw("max-pooling", out=tmp_path, formats="png")
    assert plt.get_fignums() == [mine.number]


def test_an_interrupt_leaves_a_page_of_what_is_there(tmp_path, registered):
    def interrupted():
        """Stop as Ctrl-C does."""
        raise KeyboardInterrupt

    registered(interrupted)
    with pytest.raises(KeyboardInterrupt):
        kc.figures.draw(["kernel-size", "interrupted", "stride"], out=tmp_path, formats="svg")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["index.html", "kernel-size.svg"]
    assert 'id="kernel-size"' in (tmp_path / "index.html").read_text("utf-8")


def test_two_figures_of_one_name_are_refused(registered):
    def max_pooling():
        """Another figure of that name."""

    with pytest.raises(ValueError, match=r"name must be unique.*'max-pooling'"):
        registered(max_pooling)
