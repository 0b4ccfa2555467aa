"""Helpers shared by the drawing functions: axes, fitted text, color bars, colors."""

import math
import unicodedata

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import to_hex, to_rgb
from matplotlib.image import AxesImage
from matplotlib.text import Text

from ._style import as_written

LINE = 1.25  # height of a line of text, in ems


def axes_for(ax: Axes | None) -> Axes:
    """Return `ax`, or the only Axes of a new figure, which the caller closes."""
    return plt.subplots()[1] if ax is None else ax


def canvas(ax: Axes | None) -> Axes:
    """Return Axes for a drawing without scales: square units, y pointing down as in an image."""
    ax = axes_for(ax)
    ax.set_axis_off()
    ax.set_aspect("equal")
    if not ax.yaxis_inverted():
        ax.invert_yaxis()
    return ax


def claim(ax: Axes, left: float, top: float, right: float, bottom: float) -> None:
    """Extend the limits so that a rectangle, in data units, is in view."""
    ax.update_datalim([(left, top), (right, bottom)])
    ax.autoscale_view()


def scale_bar(image: AxesImage, label: str) -> Colorbar:
    """Add a color bar to the right of the image, as high as its Axes."""
    ax = image.axes
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.02, 0, 0.025, 1)), label=label)
    as_written(bar.ax.yaxis.label)
    bar.outline.set_linewidth(0.5 * mpl.rcParams["axes.linewidth"])
    return bar


def text_width(text: str) -> float:
    """Return an upper bound for the width of the longest line, in ems of DejaVu Sans.

    >>> text_width("55×55") < text_width("224×224×64") < 8
    True
    """
    return max(sum(map(_letter_width, line)) for line in text.split("\n"))


def _letter_width(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    if letter in "mwMW@%×+=−<>→∗":
        return 0.9
    if letter in " .,:;|!ijlI·'()[]/-–":
        return 0.42
    return 0.66


def text_height(text: str) -> float:
    """Return the height of the text in ems."""
    return LINE * (text.count("\n") + 1)


class FittedText(Text):
    """Text that adapts its size to the space it has when the figure is resized.

    Args:
        x, y: position in data units.
        text: the text; `\\n` breaks lines.
        room: (width, height) in data units.
        cap: maximum size in points.
        widest: a text to fit in place of this one, so that several texts share one size.
        **kwargs: arguments of `matplotlib.text.Text`.
    """

    def __init__(self, x, y, text, *, room, cap=math.inf, widest=None, **kwargs):
        kwargs = {"ha": "center", "va": "center", "linespacing": LINE} | kwargs
        super().__init__(x, y, text, **kwargs)
        as_written(self)
        self.room, self.cap, self.widest = room, cap, widest

    def _fit(self):
        if self.axes is None or not self.get_text():
            return
        corners = self.axes.transData.transform([(0, 0), self.room])
        width, height = np.abs(corners[1] - corners[0]) * 72 / self.figure.dpi  # in points
        if self.get_rotation() == 90:
            width, height = height, width
        sample = self.widest or self.get_text()
        size = min(width / text_width(sample), height / text_height(sample), self.cap)
        if not math.isclose(size, float(self.get_fontsize()), rel_tol=1e-6):
            self.set_fontsize(max(size, 0.1))

    def draw(self, renderer):
        """Draw at the size that currently fits."""
        self._fit()
        super().draw(renderer)

    def get_window_extent(self, renderer=None, dpi=None):
        """Measure at the size that currently fits."""
        self._fit()
        return super().get_window_extent(renderer, dpi)


def fitted_text(ax: Axes, x: float, y: float, text: str, **kwargs) -> FittedText:
    """Write text that stays within its space; `kwargs` are passed to `FittedText`."""
    artist = FittedText(x, y, text, **kwargs)
    ax.add_artist(artist)
    artist.set_clip_on(False)
    return artist


def mix(under: str, over: str, amount: float) -> str:
    """Blend `over` onto `under`; opaque colors keep vector files free of transparency.

    >>> mix("white", "black", 0.2)
    '#cccccc'
    """
    pairs = zip(to_rgb(under), to_rgb(over), strict=True)
    red, green, blue = ((1 - amount) * a + amount * b for a, b in pairs)
    return to_hex((red, green, blue))
