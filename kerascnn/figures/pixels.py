"""Images are numbers (A1)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from kerascnn import datasets, plots
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure

ACROSS = 64  # pixels of the longer side, after resizing: a patch still shows something
SIDE = 10  # pixels of the patch
EYE = (11, 20)  # row and column where the cat's left eye begins


@figure(
    title="We see a picture, the computer sees numbers",
    alt="A grey photo of a cat with a square of 10 by 10 pixels marked around an eye, the square "
    "enlarged, and its 100 pixel values from 0, black, to 255, white.",
    rows=("A1",),
)
def pixel_values(
    *, photo: np.ndarray | None = None, row: int | None = None, column: int | None = None
) -> Figure:
    """Show a photo, a patch of it, and the patch as numbers.

    Args:
        photo: (H, W, 3) uint8; `None`: a cat.
        row, column: the patch's upper left corner, in pixels of the photo after it is resized to
            64 pixels on its longer side; `None`: the cat's eye, or the middle of a given photo.
    """
    gray = grey_levels(datasets.photo("cat") if photo is None else photo)
    top, left = EYE if photo is None else ((n - SIDE) // 2 for n in gray.shape)
    top, left = top if row is None else row, left if column is None else column
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
            "{size} pixels out of {whole}; 0 is black, 255 is white. A colour photo has three such "
            "grids: red, green and blue.",
            size=f"{SIDE}×{SIDE}",
            whole="×".join(map(str, gray.shape[::-1])),
        ),
    )
    return fig


def grey_levels(photo: np.ndarray) -> np.ndarray:
    """Resize a photo (H, W, 3) uint8 to ACROSS pixels, in whole grey levels from 0 to 255."""
    from skimage.color import rgb2gray
    from skimage.transform import resize

    scale = ACROSS / max(photo.shape[:2])
    height, width = (round(n * scale) for n in photo.shape[:2])
    small = resize(rgb2gray(photo), (height, width), anti_aliasing=True)
    return np.rint(255 * small).astype(int)
