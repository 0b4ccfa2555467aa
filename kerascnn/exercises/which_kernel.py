"""Which kernel made this picture? (row B9 of the course)."""

from __future__ import annotations

import io
from random import Random

from kerascnn._text import text as _

from . import _grids as grids
from ._question import Picture, Problem, Rows
from ._registry import exercise

PHOTOS = ("astronaut", "camera", "chelsea", "coffee", "coins", "rocket")
SIZE = 96  # pixels of the pictures
WITHOUT_CHANGE = ((0, 0, 0), (0, 1, 0), (0, 0, 0))
TO_THE_RIGHT = ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))  # Sobel
DOWN = grids.transposed(TO_THE_RIGHT)
LAPLACE = ((0, 1, 0), (1, -4, 1), (0, 1, 0))
SHARPEN = ((0, -1, 0), (-1, 5, -1), (0, -1, 0))
SUM = ((1, 1, 1), (1, 1, 1), (1, 1, 1))
EMBOSS = ((-2, -1, 0), (-1, 1, 1), (0, 1, 2))


def effects() -> dict[Rows, str]:
    """Describe what each kernel does to a picture, in the current language."""
    return {
        WITHOUT_CHANGE: _("This kernel changes nothing."),
        TO_THE_RIGHT: _("This kernel is bright where the picture gets brighter to the right."),
        grids.flipped(TO_THE_RIGHT): _(
            "This kernel is bright where the picture gets darker to the right."
        ),
        DOWN: _("This kernel is bright where the picture gets brighter downward."),
        grids.flipped(DOWN): _("This kernel is bright where the picture gets darker downward."),
        LAPLACE: _("This kernel finds edges in all directions; flat areas become gray."),
        SHARPEN: _("This kernel sharpens: it keeps the picture and makes its edges stronger."),
        SUM: _("This kernel blurs: each pixel becomes the mean of its neighbors."),
        EMBOSS: _("This kernel embosses: the picture looks lit from one corner."),
    }


LEVELS = {
    1: (WITHOUT_CHANGE, SUM, TO_THE_RIGHT, DOWN, LAPLACE),
    2: (SUM, SHARPEN, LAPLACE, TO_THE_RIGHT, DOWN, EMBOSS),
    3: (TO_THE_RIGHT, grids.flipped(TO_THE_RIGHT), DOWN, grids.flipped(DOWN)),
}


@exercise(title="Which kernel made this picture?", rows=("B9",))
def which_kernel(rng: Random, level: int) -> Problem:
    """Draw a part of a photo and a kernel; level 3 has edge detectors of several directions."""
    photo = rng.choice(PHOTOS)
    kernels = rng.sample(LEVELS[level], 4)
    answer, *others = kernels
    corner = rng.random(), rng.random()
    known = effects()
    return Problem(
        _("The right picture is the convolution of the left one with one of these kernels. "
          "Which one? (Kernels whose weights add up to 0 give gray where the result is 0.)"),
        answer,
        [known[answer]],
        [(kernel, known[kernel]) for kernel in others],
        pictures=(
            Picture(_("input"), _("a part of a photo"), lambda: _png(photo, corner, None)),
            Picture(
                _("output"), _("the same part after a convolution"),
                lambda: _png(photo, corner, answer),
            ),
        ),
        given={"photo": photo, "corner": corner, "kernel": answer},
    )  # fmt: skip


def part(photo: str, corner: tuple[float, float], kernel: Rows | None):
    """Cut a part of a photo, (SIZE, SIZE) float, and apply a kernel to it."""
    import numpy as np
    from scipy.ndimage import correlate

    from kerascnn import datasets

    pixels = datasets.photo(photo).astype(float)
    pixels = pixels if pixels.ndim == 2 else pixels[..., :3].mean(axis=-1)
    step = int(
        min(pixels.shape) / (1.25 * SIZE)
    )  # side of the blocks that are averaged, so that most of the photo is visible
    top, left = (
        int(at * (n - SIZE * step)) for at, n in zip(corner, pixels.shape[:2], strict=True)
    )
    cut = pixels[top : top + SIZE * step, left : left + SIZE * step]
    cut = cut.reshape(SIZE, step, SIZE, step).mean(axis=(1, 3))
    return cut if kernel is None else correlate(cut, np.array(kernel, float), mode="nearest")


def _png(photo: str, corner: tuple[float, float], kernel: Rows | None) -> bytes:
    from PIL import Image

    values = part(photo, corner, kernel)
    if kernel is not None and sum(grids.flat(kernel)) == 0:  # 0 becomes gray
        reach = abs(values).max() or 1
        values = 127.5 + 127.5 * values / reach
    elif kernel is not None:
        values = values / sum(grids.flat(kernel))
    picture = Image.fromarray(values.clip(0, 255).round().astype("uint8"))
    buffer = io.BytesIO()
    picture.resize((3 * SIZE, 3 * SIZE), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()
