"""What the figures share: a note under the picture."""

import textwrap
import unicodedata

from matplotlib.figure import Figure

LINE = 100  # characters of a note in one line; Hangul letters count as two


def note(figure: Figure, *paragraphs: str) -> None:
    """Write lines under a figure, such as what lectures often get wrong.

    Args:
        figure: with a layout engine, which makes room.
        paragraphs: each begins a new line, and is broken where it is too long.
    """
    lines = [line for words in paragraphs for line in _wrap(words)]
    figure.supxlabel("\n".join(lines), fontsize="small")


def _wrap(words: str) -> list[str]:
    wide = sum(unicodedata.east_asian_width(c) == "W" for c in words)
    width = round(LINE * len(words) / (len(words) + wide))
    lines = textwrap.wrap(words.replace(" = ", "\u00a0=\u00a0"), width)  # "n = 5" is one word
    return [line.replace("\u00a0=\u00a0", " = ") for line in lines]
