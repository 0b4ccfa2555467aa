"""The stages of a DeepDream in a row."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ._mosaic import check_titles
from ._table import stages, steps_in_words, strip


def dream_strip(
    images: ArrayLike | Sequence,
    *,
    labels: Sequence | None = None,
    columns: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the stages of a dream in a row: the photo, then its octaves or steps.

    Args:
        images: (S, H, W, C) stages, C = 1 or 3, float in [0, 1] or uint8; or a list of S images
            (H, W, C), whose sizes may differ between octaves: all are drawn equally large.
        labels: S texts to write above the images; numbers are labeled as steps.
        columns: number of images per row; `None` chooses it automatically, at most six.
        ax: Axes to draw on; `None` creates a new figure that is large enough.

    Returns:
        The Axes; one unit is the longer side of an image.

    Raises:
        TypeError: If `images` is not numeric.
        ValueError: If the shape or the number of labels is wrong, or a value is NaN or outside
            [0, 1].

    >>> import matplotlib.pyplot as plt, numpy as np
    >>> ax = dream_strip(np.zeros((3, 8, 8, 3)), labels=["photo", 10, 20])
    >>> [text.get_text() for text in ax.texts]
    ['photo', 'step 10', 'step 20']
    >>> plt.close(ax.figure)
    """
    images = stages("images", images)
    check_titles("labels", labels, len(images))
    words = [""] * len(images) if labels is None else steps_in_words(labels)
    return strip(ax, images, words, columns).ax
