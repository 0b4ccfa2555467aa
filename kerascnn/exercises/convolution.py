"""A convolution by hand (rows B1 and B2 of the course)."""

from random import Random

from kerascnn._text import text as _

from . import _grids as grids
from ._question import Grid, Problem, Rows
from ._registry import exercise


@exercise(title="Convolution by hand", rows=("B1", "B2", "B5", "B6"))
def convolution(rng: Random, level: int) -> Problem:
    """Draw an input and a kernel; level 2 has a stride or padding, level 3 negative numbers."""
    stride, padding = {1: (1, 0), 2: rng.choice(((2, 0), (1, 1))), 3: (2, 1)}[level]
    size = 2 if level == 1 else rng.choice((2, 3))
    steps = 2 if padding else rng.randint(1, 2)
    side = size - 2 * padding + stride * steps  # the kernel fits: no column is left over
    image = grids.draw(rng, side, side, 0, 3 if level == 1 else 5)
    return by_hand(image, grids.draw_kernel(rng, size, -1 if level < 3 else -2, 2), stride, padding)


def by_hand(image: Rows, kernel: Rows, stride: int = 1, padding: int = 0) -> Problem:
    """Ask for the output of a kernel that slides over an image."""
    seen = grids.padded(image, padding)
    answer = grids.correlate(seen, kernel, stride)
    cut = grids.windows(seen, (len(kernel), len(kernel[0])), stride)
    steps = [
        f"y({r}, {c}) = {grids.sum_text(window, kernel)}"
        for r, row in enumerate(cut, 1)
        for c, window in enumerate(row, 1)
    ]
    if padding:
        steps.insert(0, _("The input is padded with zeros first."))
    unfinished = (*kernel[:-1], (*kernel[-1][:-1], 0))
    mistakes = [
        (grids.correlate(seen, grids.flipped(kernel), stride),
         _("The kernel was flipped, as in mathematics; Keras does not flip it.")),
        (grids.correlate(seen, grids.transposed(kernel), stride),
         _("Rows and columns of the kernel were swapped.")),
        (grids.correlate(seen, unfinished, stride),
         _("The last product of each sum is missing.")),
        (grids.transposed(answer), _("Rows and columns of the output were swapped.")),
    ]  # fmt: skip
    if stride > 1:
        mistakes.insert(0, (grids.correlate(seen, kernel), _("The stride was forgotten.")))
    if padding and min(len(image), len(image[0])) >= len(kernel):
        mistakes.insert(
            0, (grids.correlate(image, kernel, stride), _("The padding was forgotten."))
        )
    return Problem(
        _("Slide the kernel over the input as Keras does (stride {stride}, padding {padding}, no "
          "bias). What is the output?", stride=stride, padding=padding),
        answer,
        steps,
        mistakes,
        (Grid(_("input"), image), Grid(_("kernel"), kernel)),
        given={"image": image, "kernel": kernel, "stride": stride, "padding": padding},
    )  # fmt: skip
