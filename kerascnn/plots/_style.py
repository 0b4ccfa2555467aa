"""The look of figures: styles, fonts, and colors with the same meaning in every figure."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib import font_manager
from matplotlib.colors import to_rgb
from matplotlib.ft2font import FT2Font
from matplotlib.legend import Legend
from matplotlib.text import Text

from kerascnn._errors import unknown
from kerascnn._text import language
from kerascnn._text import text as _

OKABE_ITO = {  # Okabe & Ito 2008, https://jfly.uni-koeln.de/color/
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
    "bluish green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "reddish purple": "#CC79A7",
}

# Files are reproducible, and text is drawn as outlines, so that Hangul displays on any machine.
FILES = {"svg.fonttype": "path", "svg.hashsalt": "kerascnn", "pdf.fonttype": 42, "ps.fonttype": 42}
# Fonts with PostScript outlines, like most with Chinese and Korean letters: matplotlib would embed
# them as TrueType, and some viewers, such as MuPDF, would show none of their letters.
POSTSCRIPT: dict[Any, int] = {"pdf.fonttype": 3, "ps.fonttype": 3}

SLIDES = {  # 16:9, legible from the last row
    "figure.figsize": (10, 5.625),
    "savefig.dpi": 200,
    "font.size": 14,
    "axes.titlesize": 16,
    "figure.titlesize": 18,
    "axes.labelsize": 14,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 12,
    "lines.linewidth": 2.5,
    "lines.markersize": 8,
    "axes.linewidth": 1.0,
    "patch.linewidth": 1.0,
    "hatch.linewidth": 0.8,
}
PAPER = {
    "figure.figsize": (6.4, 3.6),
    "savefig.dpi": 300,
    "font.size": 9,
    "axes.titlesize": 10,
    "figure.titlesize": 11,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "lines.linewidth": 1.4,
    "lines.markersize": 5,
    "axes.linewidth": 0.7,
    "patch.linewidth": 0.7,
    "hatch.linewidth": 0.5,
}


def _ink(paper: str, ink: str, faint: str) -> dict:
    """Use the color `paper` for all backgrounds and `ink` for everything drawn."""
    return {
        **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), paper),
        **dict.fromkeys(
            (
                *("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor"),
                *("xtick.color", "ytick.color", "patch.edgecolor"),
            ),
            ink,
        ),
        "grid.color": faint,
        "legend.edgecolor": faint,
        "legend.facecolor": "inherit",
    }


_LINES = ("blue", "vermillion", "bluish green", "orange", "reddish purple", "sky blue")
_LIGHT_LINES = ("sky blue", "orange", "bluish green", "yellow", "reddish purple", "vermillion")
_COLOURED = cycler(color=[OKABE_ITO[name] for name in _LINES])
_ON_BLACK = cycler(color=[OKABE_ITO[name] for name in _LIGHT_LINES])
_GREYS = cycler(color=["#000000", "#6E6E6E", "#000000", "#6E6E6E"]) + cycler(
    linestyle=["-", "-", "--", "--"]
)

_LOOK = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titleweight": "normal",
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.1,  # distance to the edges, in inches
    "figure.constrained_layout.h_pad": 0.1,
    "image.cmap": "viridis",
}
STYLES = {
    "slides": {**SLIDES, **_ink("white", "#1A1A1A", "#D0D0D0"), "axes.prop_cycle": _COLOURED},
    "paper": {**PAPER, **_ink("white", "black", "#D0D0D0"), "axes.prop_cycle": _COLOURED},
    "dark": {**SLIDES, **_ink("#14171C", "#ECECEC", "#454B55"), "axes.prop_cycle": _ON_BLACK},
    "gray": {  # a handout for a black-and-white printer, with the layout of the slides
        **SLIDES,
        **_ink("white", "black", "#D0D0D0"),
        "axes.prop_cycle": _GREYS,
        "image.cmap": "gray",
    },
}

# For languages with other letters than Latin: a letter to look for, and fonts that have it.
SAMPLE = {"ko": "한"}
FONTS = {
    "ko": (
        *("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "NanumBarunGothic"),
        *("Malgun Gothic", "Apple SD Gothic Neo", "AppleGothic", "Baekmuk Gulim", "UnDotum"),
        *("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Serif CJK KR", "Noto Serif CJK JP"),
    )
}
UNSEEN = "\u200b"  # a space of no width
LATIN = 0x24F  # the last letter that every font is assumed to have
PACKAGE = {"ko": "fonts-noto-cjk"}  # Debian's and Ubuntu's

_active: ContextVar[str] = ContextVar("style", default="slides")
_within: ContextVar[bool] = ContextVar("within", default=False)  # inside a `with style(…)` block


def styles() -> list[str]:
    """List the available styles.

    >>> styles()
    ['slides', 'paper', 'dark', 'gray']
    """
    return list(STYLES)


@contextmanager
def style(name: str = "slides", lang: str | None = None) -> Iterator[None]:
    """Use one of four styles within a `with` block; afterwards, the settings are restored.

    Args:
        name: "slides" (10 x 5.6 inches, large type), "paper" (6.4 x 3.6 inches), "dark" (slides
            with a dark background) or "gray" (handouts for black-and-white printing, with grays and
            hatches).
        lang: "en", "ko" or "es", the language of the text that the plots add; a font with its
            letters is chosen. `None` leaves both unchanged.

    Raises:
        ValueError: If the style or language is unknown.
        OSError: If no installed font has the letters of the language.

    >>> before = mpl.rcParams["font.size"]
    >>> with style("paper"):
    ...     mpl.rcParams["font.size"]
    9.0
    >>> mpl.rcParams["font.size"] == before
    True
    """
    if name not in STYLES:
        raise unknown("style", name, STYLES)
    with language(lang) if lang else nullcontext():
        families = _families(lang)
        settings = {**FILES, **_LOOK, **STYLES[name], "font.family": families}
        if any(map(_is_postscript, families)):
            settings |= POSTSCRIPT
        token, within = _active.set(name), _within.set(True)
        try:
            with mpl.rc_context(settings):
                yield
        finally:
            _active.reset(token)
            _within.reset(within)


def _families(lang: str | None) -> list[str]:
    """List font families; matplotlib takes each letter from the first of them that has it."""
    wanted = list(mpl.rcParams["font.family"])
    defaults = mpl.rcParamsDefault
    if wanted == defaults["font.family"] and (
        mpl.rcParams["font.sans-serif"] == defaults["font.sans-serif"]
    ):
        wanted = []  # the font is matplotlib's default
    families = list(dict.fromkeys([*wanted, "DejaVu Sans"]))
    if lang not in SAMPLE or any(_has(family, SAMPLE[lang]) for family in families):
        return families
    found = [family for family in FONTS[lang] if _has(family, SAMPLE[lang])]
    if not found and _register_new_fonts():
        found = [family for family in FONTS[lang] if _has(family, SAMPLE[lang])]
    if not found:
        raise OSError(
            f"no installed font has the letters of lang={lang!r} (such as {SAMPLE[lang]!r}), and"
            f" the figure would show boxes: install one (Debian, Ubuntu: `apt-get install"
            f" {PACKAGE[lang]}`), or set matplotlib.rcParams['font.family'] to a font that has them"
        )
    return [*families, found[0]]


def _has(family: str, letter: str) -> bool:
    """Return whether a font of this family is installed and has the letter."""
    try:
        path = font_manager.findfont(family, fallback_to_default=False)
    except ValueError:
        return False
    return _font(path).get_char_index(ord(letter)) != 0


@lru_cache(maxsize=64)
def _is_postscript(family: str) -> bool:
    """Return whether the font of this family has PostScript outlines ("OTTO"), not TrueType's."""
    with open(font_manager.findfont(family), "rb") as file:
        start = file.read(16)
        if start[:4] == b"ttcf":  # a collection; read the offset of its first font
            file.seek(int.from_bytes(start[12:16]))
            start = file.read(4)
    return start[:4] == b"OTTO"


@lru_cache(maxsize=64)
def _font(path: str) -> FT2Font:
    return FT2Font(path)


def as_written(text: Text) -> Text:
    """Show a user's text literally: keep dollar signs, and find a font for every letter.

    Letters that are missing in the text's font, such as Chinese ones in an English figure, are
    drawn in an installed font that has them. If there is none, matplotlib warns and draws boxes.
    """
    text.set_parse_math(False)
    families = text.get_fontfamily()
    for letter in dict.fromkeys(text.get_text()):
        foreign = ord(letter) > LATIN and not letter.isspace()
        if foreign and not any(_has(family, letter) for family in families):
            families = [*families, *_family_with(letter)]
            if _within.get() and any(map(_is_postscript, families)):
                mpl.rcParams.update(POSTSCRIPT)  # until the style ends
    text.set_fontfamily(families)
    return text


def legend_label(name: object) -> str:
    """Return a label with which a legend also has a user's name that is empty or begins with "_".

    Matplotlib would leave it out. `legend_as_written` shows the name itself.
    """
    return f"{UNSEEN}{name}" if str(name)[:1] in ("", "_") else str(name)


def legend_as_written(legend: Legend) -> None:
    """Show a user's names in a legend literally; see `as_written`."""
    for text in legend.get_texts():
        text.set_text(text.get_text().removeprefix(UNSEEN))
        as_written(text)


@lru_cache(maxsize=1024)
def _family_with(letter: str) -> tuple[str, ...]:
    """Return the name of an installed scalable font that has the letter, if any."""
    known = sorted({font.name for font in font_manager.fontManager.ttflist})
    for family in (*FONTS["ko"], *known):
        with suppress(OSError, RuntimeError):  # a font file that FreeType cannot read
            if _has(family, letter) and _font(font_manager.findfont(family)).scalable:
                return (family,)
    return ()


def _register_new_fonts() -> bool:
    """Add fonts installed after matplotlib cached its list; return whether there are any."""
    known = {font.fname for font in font_manager.fontManager.ttflist}
    new = set(font_manager.findSystemFonts()) - known
    for path in sorted(new):
        with suppress(OSError, RuntimeError):  # a font file that FreeType cannot read
            font_manager.fontManager.addfont(path)
    return bool(new)


# -- one color per kind of layer ---------------------------------------------------------


@dataclass(frozen=True)
class LayerStyle:
    """The look of a kind of layer in diagrams, tables and pages.

    Attributes:
        group: key of the group, such as "convolution".
        color: hex color of its faces.
        text_color: "black" or "white", whichever is legible on `color`.
        hatch: matplotlib hatch; empty where color alone distinguishes.
        label: short name, in the current language.

    >>> import kerascnn as kc
    >>> look = kc.plots.layer_style("MaxPooling2D")
    >>> look.group, look.color, look.text_color
    ('pooling', '#D55E00', 'black')
    """

    group: str
    color: str
    text_color: str
    hatch: str
    label: str


# group: color, gray and hatch in print. The first five are far apart (CAM02-UCS distance of at
# least 15), including for people with deuteranopia, protanopia or tritanopia: Okabe and Ito's
# hues, with lighter sky blue and yellow and a darker purple.
_GROUPS = {
    "convolution": ("#7FC8F0", "#FFFFFF", ""),
    "pooling": ("#D55E00", "#9E9E9E", ""),
    "dense": ("#009E73", "#4D4D4D", ""),
    "normalization": ("#F5EE9E", "#E6E6E6", "..."),
    "activation": ("#B5669A", "#FFFFFF", "////"),
    "input": ("#D9D9D9", "#D9D9D9", ""),
    "transposed convolution": ("#0072B2", "#FFFFFF", "xxx"),
    "merge": ("#E69F00", "#BDBDBD", "++"),
    "dropout": ("#F7F7F7", "#F7F7F7", "ooo"),
    "reshape": ("#BFBFBF", "#FFFFFF", "---"),
    "resize": ("#C9B7E4", "#E6E6E6", "\\\\\\\\"),
    "other": ("#F2F2F2", "#F2F2F2", "|||"),
}

_KINDS = {  # Keras's class names
    "convolution": (
        *("Conv1D", "Conv2D", "Conv3D", "SeparableConv1D", "SeparableConv2D"),
        *("DepthwiseConv1D", "DepthwiseConv2D", "LocallyConnected1D", "LocallyConnected2D"),
    ),
    "transposed convolution": ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
    "dense": ("Dense", "EinsumDense"),
    "pooling": tuple(
        f"{scope}{how}Pooling{rank}D"
        for scope in ("", "Global")
        for how in ("Max", "Average")
        for rank in (1, 2, 3)
    ),
    "normalization": (
        *("BatchNormalization", "LocalResponseNormalization", "LayerNormalization"),
        *("GroupNormalization", "UnitNormalization", "RMSNormalization", "Normalization"),
        "SpectralNormalization",
    ),
    "activation": (
        *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "ThresholdedReLU"),
    ),
    "input": ("InputLayer", "Input", "Rescaling"),
    "merge": (
        *("Add", "Concatenate", "Average", "Maximum", "Minimum", "Multiply", "Subtract", "Dot"),
    ),
    "dropout": (
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
        *("GaussianDropout", "AlphaDropout", "GaussianNoise"),
    ),
    "reshape": ("Flatten", "Reshape", "Permute", "RepeatVector"),
    "resize": (
        *("UpSampling1D", "UpSampling2D", "UpSampling3D", "Resizing", "CenterCrop"),
        *("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"),
        *("Cropping1D", "Cropping2D", "Cropping3D"),
    ),
}
_GROUP_OF = {kind: group for group, kinds in _KINDS.items() for kind in kinds}


def _label(group: str) -> str:
    return {
        "convolution": _("convolution"),
        "pooling": _("pooling"),
        "dense": _("dense"),
        "normalization": _("normalization"),
        "activation": _("activation"),
        "input": _("input"),
        "transposed convolution": _("transposed convolution"),
        "merge": _("merge"),
        "dropout": _("dropout"),
        "reshape": _("reshape"),
        "resize": _("padding, up-sampling, cropping"),
        "other": _("other"),
    }[group]


def group_of(kind: str) -> str:
    """Return the group of a kind of layer, such as "convolution"; "other" if it is unknown."""
    return _GROUP_OF.get(kind, "other")


def layer_style(kind: str) -> LayerStyle:
    """Return the look of a kind of layer in the current style.

    Args:
        kind: name of the Keras class, such as "Conv2D". Classes that Keras does not have belong to
            the group "other".

    Returns:
        The layer's style; within `style("gray")`, grays and hatches replace colors.

    >>> layer_style("Conv2D").label, layer_style("Conv2D").color
    ('convolution', '#7FC8F0')
    >>> layer_style("MyLayer").group
    'other'
    """
    group = group_of(kind)
    color, grey, hatch = _GROUPS[group]
    if in_print():
        color = grey
    else:
        hatch = ""
    return LayerStyle(group, color, readable_on(color), hatch, _label(group))


# -- one color per role in the arithmetic figures ----------------------------------------

# On white, on a dark background, in print. Window, kernel and output must be distinguishable for
# everybody, so the output's green is lighter than Okabe and Ito's, which is close to the blue in
# tritanopia.
_ROLES = {
    "window": (OKABE_ITO["vermillion"], "#FF8A3D", "#000000"),
    "kernel": (OKABE_ITO["blue"], OKABE_ITO["sky blue"], "#5A5A5A"),
    "output": ("#00B386", OKABE_ITO["yellow"], "#3A3A3A"),
    "padding": ("#8A8A8A", "#8A8F98", "#8A8A8A"),
    "dropped": ("#8A8A8A", "#8A8F98", "#5A5A5A"),
}


def role_color(role: str) -> str:
    """Return the color of a role in the arithmetic figures, in the current style.

    Args:
        role: "window" (in the input, and its value in the output), "kernel", "output", "padding"
            or "dropped" (cells that no window covers).

    Raises:
        ValueError: If the role is unknown.

    >>> role_color("window")
    '#D55E00'
    """
    if role not in _ROLES:
        raise unknown("role", role, _ROLES)
    return _ROLES[role][{"dark": 1, "gray": 2}.get(_active.get(), 0)]


def window_colors(count: int) -> list[str]:
    """Return `count` colors that distinguish windows; they repeat after six (four in print).

    >>> window_colors(2)
    ['#D55E00', '#0072B2']
    """
    names = ("vermillion", "blue", "bluish green", "orange", "reddish purple", "sky blue")
    chosen = {
        "dark": [OKABE_ITO[name] for name in _LIGHT_LINES],
        "gray": ["#000000", "#8C8C8C", "#4D4D4D", "#BDBDBD"],
    }.get(_active.get(), [OKABE_ITO[name] for name in names])
    return [chosen[i % len(chosen)] for i in range(count)]


def colormap(role: str) -> str:
    """Return the name of the colormap for a kind of values, in the current style.

    Args:
        role: "sequential" (activations), "signed" (weights; center it on 0) or "heat" (heatmaps
            overlaid on an image).

    Raises:
        ValueError: If the role is unknown.

    >>> colormap("signed")
    'RdBu_r'
    """
    maps = {"sequential": "viridis", "signed": "RdBu_r", "heat": "inferno"}
    if role not in maps:
        raise unknown("colormap", role, maps)
    return "gray" if in_print() else maps[role]


def in_print() -> bool:
    """Return whether the current style is without colors."""
    return _active.get() == "gray"


def readable_on(color: str) -> str:
    """Return "black" or "white", whichever has the higher contrast on `color`.

    >>> readable_on("#F0E442"), readable_on("#0072B2")
    ('black', 'white')
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]  # WCAG 2
    return "black" if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else "white"
