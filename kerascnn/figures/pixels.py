"""Images as numbers (A1)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from kerascnn import datasets, plots
from kerascnn._picture_reader import LUMA
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure

ACROSS = 64  # pixels of the longer side after resizing, so that a patch is recognizable
SIDE = 10  # side of the patch in pixels
EYE = (11, 20)  # row and column of the patch with the cat's left eye, from 0


def described(photo: np.ndarray | None) -> str:
    """Return the alt text."""
    if photo is None:
        return _(
            "A gray photo of a cat with a square of 10 by 10 pixels marked around an eye, the "
            "square enlarged, and its 100 pixel values from 0, black, to 255, white."
        )
    return _(
        "A gray photo with a square of 10 by 10 pixels marked, the square enlarged, and its 100 "
        "pixel values from 0, black, to 255, white."
    )


@figure(
    title="We see a picture; the computer sees numbers",
    alt=described,
    rows=("A1",),
    photos=("cat",),
)
def pixel_values(
    *, photo: np.ndarray | None = None, row: int | None = None, column: int | None = None
) -> Figure:
    """Draw a photo, a patch of it, and the patch as numbers.

    Args:
        photo: (H, W, 3) in [0, 1]; `None` uses a cat.
        row, column: first row and column of the patch in the photo as shown, counted from 1; `None`
            uses the cat's eye, or the center of the given photo.

    Raises:
        ValueError: If the photo has fewer than 10 rows or columns, or the patch is outside.
    """
    gray = grey_levels(datasets.photo("cat") / 255 if photo is None else photo)
    places = EYE if photo is None else [(n - SIDE) // 2 for n in gray.shape]
    top, left = (
        place if first is None else first - 1
        for place, first in zip(places, (row, column), strict=True)
    )
    for name, place, size in zip(("row", "column"), (top, left), gray.shape, strict=True):
        if place > size - SIDE:
            raise ValueError(
                f"{name} must be at most {size - SIDE + 1}: the photo is shown with {size} "
                f"{name}s and the patch has {SIDE}; received {place + 1}."
            )
    patch = gray[top : top + SIDE, left : left + SIDE]
    fig, ((whole, numbers), (part, below)) = plt.subplots(2, 2, width_ratios=(4, 5))
    grid = numbers.get_gridspec()
    below.remove()
    numbers.set_subplotspec(grid[:, 1])
    for ax, picture in ((whole, gray), (part, patch)):
        ax.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        ax.set(xticks=(), yticks=())
    color = plots.role_color("window")
    width = plt.rcParams["lines.linewidth"]
    whole.spines[:].set_visible(False)
    whole.add_patch(
        Rectangle((left - 0.5, top - 0.5), SIDE, SIDE, fc="none", ec=color, lw=width)
    )  # fmt: skip
    part.spines[:].set(visible=True, color=color, linewidth=width)
    plots.number_grid(patch, ax=numbers, frame="window")
    whole.set_title(_("what we see"), fontsize="medium")
    numbers.set_title(_("what the computer sees"), fontsize="medium")
    note(
        fig,
        _(
            "{size} pixels out of {whole}; 0 is black, 255 is white. A color photo has three such"
            " grids: red, green and blue.",
            size=f"{SIDE}×{SIDE}",
            whole="×".join(map(str, gray.shape[::-1])),
        ),
    )
    return fig


def grey_levels(photo: np.ndarray) -> np.ndarray:
    """Reduce a photo (H, W, 3) in [0, 1] to ACROSS pixels, in whole gray levels from 0 to 255."""
    from skimage.transform import resize

    shortest, longest = min(photo.shape[:2]), max(photo.shape[:2])
    if shortest < SIDE:
        raise ValueError(
            f"photo must have at least {SIDE} rows and columns; received shape {photo.shape}."
        )
    scale = min(1, max(ACROSS / longest, SIDE / shortest))
    height, width = (round(n * scale) for n in photo.shape[:2])
    gray = (photo.astype(float) @ LUMA)[..., 0]
    small = resize(gray, (height, width), anti_aliasing=True) if scale < 1 else gray
    return np.rint(255 * small.clip(0, 1)).astype(int)
