"""What the figures share: a note under the picture."""

from matplotlib.figure import Figure


def note(figure: Figure, words: str) -> None:
    """Write a line under a figure, such as what lectures often get wrong."""
    figure.supxlabel(words, fontsize="small")
