"""Pooling by hand (rows C1 and C2 of the course)."""

from fractions import Fraction
from random import Random
from typing import Any

from kerascnn._text import text as _

from . import _grids as grids
from ._question import Grid, Problem, Rows, number_text
from ._registry import exercise


@exercise(title="Pooling by hand", rows=("C1", "C2", "C6"))
def pooling(rng: Random, level: int) -> Problem:
    """Draw an input; windows overlap at level 2 and extend past the edge at level 3."""
    mode = rng.choice(("max", "average"))
    if level == 1:
        return by_hand(grids.draw(rng, 4, 4, 0, 9), mode)
    if level == 2:
        return by_hand(grids.draw(rng, *rng.choice(((3, 5), (5, 5), (5, 3))), 0, 9), mode, 3, 2)
    sides = rng.choice(((3, 3), (3, 5), (5, 3), (5, 5)))
    return by_hand(grids.draw(rng, *sides, -9, 9), mode, 2, 2, same=True)


def by_hand(
    image: Rows, mode: str, window: int = 2, stride: int = 2, *, same: bool = False
) -> Problem:
    """Ask for the output of a pooling layer."""
    # With "same", windows of 2 that do not fit reach over the lower and right edge only.
    seen: Any = image
    if same:
        seen = (*((*row, None) for row in image), (None,) * (len(image[0]) + 1))

    def pooled(compute, rows=seen, step=stride):
        return grids.each_window(
            rows, (window, window), lambda w: compute([n for n in grids.flat(w) if n is not None]),
            step,
        )  # fmt: skip

    def mean(numbers):
        return Fraction(sum(numbers), len(numbers))

    modes = {"max": max, "average": mean}
    compute = modes[mode]
    answer = pooled(compute)
    steps = []
    for r, row in enumerate(grids.windows(seen, (window, window), stride), 1):
        for c, cut in enumerate(row, 1):
            numbers = [n for n in grids.flat(cut) if n is not None]
            listed = ", ".join(map(number_text, numbers))
            name = _("maximum") if mode == "max" else _("mean")
            steps.append(f"y({r}, {c}) = {name}({listed}) = {number_text(compute(numbers))}")
    if same:
        steps.insert(
            0, _("With “same”, windows may extend past the edge; Keras ignores what is outside.")
        )
    other = "average" if mode == "max" else "max"
    mistakes = [
        (pooled(modes[other]), _("This is average pooling.") if mode == "max"
         else _("This is max pooling.")),
        (pooled(min), _("This is the minimum of each window.")),
        (pooled(sum), _("This is the sum of each window.")),
        (pooled(compute, step=1), _("The stride was forgotten.")),
    ]  # fmt: skip
    if same:
        zeros = tuple(tuple(n or 0 for n in row) for row in seen)
        mistakes.insert(
            0, (pooled(compute, zeros), _("The zeros of the padding were counted as values."))
        )
        mistakes.insert(
            1, (pooled(compute, image), _("With “same”, windows may extend past the edge."))
        )  # fmt: skip
    text = {
        "max": _("Apply max pooling to the input (window {size}, stride {stride}, {padding}). "
                 "What is the output?", size=f"{window}×{window}", stride=stride,
                 padding=_("padding “same”") if same else _("no padding")),
        "average": _("Apply average pooling to the input (window {size}, stride {stride}, "
                     "{padding}). What is the output?", size=f"{window}×{window}", stride=stride,
                     padding=_("padding “same”") if same else _("no padding")),
    }[mode]  # fmt: skip
    given = {"image": image, "mode": mode, "window": window, "stride": stride, "same": same}
    return Problem(text, answer, steps, mistakes, (Grid(_("input"), image),), given=given)
