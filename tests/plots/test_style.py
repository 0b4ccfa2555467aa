import io
import itertools
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from colorspacious import cspace_convert
from matplotlib import font_manager
from matplotlib.colors import to_rgb

from kerascnn import plots
from kerascnn.plots import _style
from kerascnn.plots._style import _is_postscript

MAIN = ("Conv2D", "MaxPooling2D", "Dense", "BatchNormalization", "ReLU")
VISIONS = (None, "deuteranomaly", "protanomaly", "tritanomaly")


def seen(color, vision):
    rgb = np.array(to_rgb(color))
    if vision:
        space = {"name": "sRGB1+CVD", "cvd_type": vision, "severity": 100}
        rgb = np.clip(cspace_convert(rgb, space, "sRGB1"), 0, 1)
    return cspace_convert(rgb, "sRGB1", "CAM02-UCS")


@pytest.mark.parametrize("vision", VISIONS)
def test_main_layer_colours_are_told_apart_by_everybody(vision):
    colours = [seen(plots.layer_style(kind).color, vision) for kind in MAIN]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(colours, 2)]
    assert min(distances) > 15  # CAM02-UCS: 1 is just noticeable


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("name", ["slides", "dark"])
def test_window_kernel_and_output_are_told_apart_by_everybody(name, vision):
    with plots.style(name):
        colours = [seen(plots.role_color(role), vision) for role in ("window", "kernel", "output")]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(colours, 2)) > 12


def test_print_tells_layers_apart_without_colour():
    with plots.style("gray"):
        looks = [plots.layer_style(kind) for kind in (*MAIN, "Conv2DTranspose", "Add", "Flatten")]
    for look in looks:
        red, green, blue = to_rgb(look.color)
        assert red == green == blue
    assert len({(look.color, look.hatch) for look in looks}) == len(looks)


def luminance(color):
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("name", _style.STYLES)
def test_text_reads_on_every_layer_colour(name):
    with plots.style(name):
        for group, kinds in _style._KINDS.items():
            look = plots.layer_style(kinds[0])
            assert look.group == group
            dark, light = sorted((luminance(look.color), luminance(look.text_color)))
            assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2, AA


@pytest.mark.parametrize(
    ("kind", "group"),
    [
        ("DepthwiseConv2D", "convolution"),
        ("Conv2DTranspose", "transposed convolution"),
        ("GlobalAveragePooling2D", "pooling"),
        ("LocalResponseNormalization", "normalization"),
        ("Concatenate", "merge"),
        ("ZeroPadding2D", "resize"),
        ("Flatten", "reshape"),
        ("SomebodysLayer", "other"),
    ],
)
def test_kinds_of_layers(kind, group):
    assert plots.layer_style(kind).group == group


@pytest.mark.parametrize("name", plots.styles())
def test_style_leaves_no_trace(name):
    before = dict(mpl.rcParams)
    with plots.style(name):
        assert mpl.rcParams["svg.fonttype"] == "path"
        assert mpl.rcParams["pdf.fonttype"] == 42
    assert dict(mpl.rcParams) == before
    with pytest.raises(KeyError), plots.style(name):  # after an error, too
        raise KeyError
    assert dict(mpl.rcParams) == before
    assert not _style.in_print()


def test_styles_can_be_nested():
    with plots.style("dark"):
        with plots.style("gray"):
            assert mpl.rcParams["figure.facecolor"] == "white"
            assert _style.in_print()
        assert mpl.rcParams["figure.facecolor"] == "#14171C"
        assert not _style.in_print()


def test_dark_is_dark_with_light_text():
    with plots.style("dark"):
        figure, ax = plt.subplots()
    assert sum(figure.get_facecolor()[:3]) < 0.5
    assert sum(to_rgb(ax.xaxis.label.get_color())) > 2.4


def test_the_users_font_stays_first():
    with mpl.rc_context({"font.family": ["DejaVu Serif"]}), plots.style("slides"):
        assert mpl.rcParams["font.family"] == ["DejaVu Serif", "DejaVu Sans"]
    with plots.style("slides"):
        assert mpl.rcParams["font.family"] == ["DejaVu Sans"]


def test_korean_takes_a_font_that_has_the_letters(monkeypatch):
    monkeypatch.setattr(_style, "_has", lambda family, letter: family == "NanumGothic")
    with plots.style("slides", lang="ko"):
        assert mpl.rcParams["font.family"] == ["DejaVu Sans", "NanumGothic"]


def test_korean_without_a_font_says_what_to_install(monkeypatch):
    monkeypatch.setattr(_style, "_has", lambda family, letter: False)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    before = dict(mpl.rcParams)
    with pytest.raises(OSError, match="fonts-noto-cjk"), plots.style("slides", lang="ko"):
        pass
    assert dict(mpl.rcParams) == before


def test_a_font_is_asked_for_its_letters():
    assert _style._has("DejaVu Sans", "é")
    assert not _style._has("DejaVu Sans", "한")
    assert not _style._has("No Such Font", "a")


def test_unknown_names_suggest():
    with pytest.raises(ValueError, match="Did you mean 'slides'"), plots.style("slide"):
        pass
    with pytest.raises(ValueError, match="'ko'"), plots.style("slides", lang="kr"):
        pass
    with pytest.raises(ValueError, match="Did you mean 'window'"):
        plots.role_color("windw")
    with pytest.raises(ValueError, match="colormap"):
        plots.colormap("jet")


@pytest.mark.parametrize(("lang", "word"), [("ko", "합성곱"), ("en", "합성곱"), ("en", "pool")])
def test_letters_of_a_pdf_are_in_a_form_that_every_viewer_shows(lang, word):
    """PostScript outlines, as those of Noto Sans CJK, must not be embedded as TrueType."""
    before = dict(mpl.rcParams)
    file = io.BytesIO()
    with plots.style("paper", lang=lang):
        plots.image_grid(np.zeros((1, 2, 2)), titles=[word])
        plt.savefig(file, format="pdf")
        plt.close()
        assert any(map(_is_postscript, mpl.rcParams["font.family"])) == (lang == "ko")
    assert dict(mpl.rcParams) == before
    as_true_type = re.findall(rb"/CIDFontType2\s+/BaseFont /\w+\+(\w+)", file.getvalue())
    assert as_true_type == ([b"DejaVuSans"] if word == "pool" else [])


def test_fonts_are_told_by_their_outlines():
    assert not _is_postscript("DejaVu Sans")
