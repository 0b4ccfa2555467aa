"""A transposed convolution by hand (row B17 of the course)."""

from collections.abc import Callable
from random import Random

from kerascnn._text import text as _

from . import _grids as grids
from ._question import Grid, Number, Problem, Rows, value_text
from ._registry import exercise


def add(old: Number, new: Number) -> Number:
    """Explain what happens where copies of the kernel overlap."""
    return old + new


@exercise(title="Transposed convolution by hand", rows=("B17",))
def transposed_convolution(rng: Random, level: int) -> Problem:
    """Draw an input and a kernel; copies overlap at level 2 and are cropped at level 3."""
    size, stride = {1: (2, 2), 2: rng.choice(((2, 1), (3, 2))), 3: (3, 2)}[level]
    image = grids.draw(rng, 2, 2, 1, 4)
    return by_hand(image, grids.draw_kernel(rng, size, 0, 2), stride, same=level == 3)


def by_hand(image: Rows, kernel: Rows, stride: int, *, same: bool = False) -> Problem:
    """Ask for the output of a transposed convolution."""
    size = len(kernel)

    def out(
        kernel: Rows = kernel,
        combine: Callable[[Number, Number], Number] = add,
        before: int = (size - stride) // 2,
    ) -> Rows:
        whole = grids.stamped(image, kernel, stride, combine)
        if not same:
            return whole
        sides = len(image) * stride, len(image[0]) * stride
        return tuple(row[before : before + sides[1]] for row in whole[before : before + sides[0]])

    answer = out()
    steps = [
        _("The first input value adds {first} · kernel to the output, the next one {next} · "
          "kernel, shifted to the right by {stride}, and so on.",
          first=image[0][0], next=image[0][1], stride=stride)
    ]  # fmt: skip
    if stride < size:
        steps.append(_("Values add up where the copies overlap."))
    if same:
        steps.append(
            _("“same” crops the result from {whole} to {height}×{width}: the first {before} and "
              "the last {after} rows and columns are removed.", height=len(answer),
              width=len(answer[0]),
              whole=f"{(len(image) - 1) * stride + size}×{(len(image[0]) - 1) * stride + size}",
              before=(size - stride) // 2, after=size - stride - (size - stride) // 2)
        )  # fmt: skip
    steps.append(f"→ {value_text(answer)}")
    mistakes = [
        (out(combine=lambda _old, new: new), _("Values add up where the copies overlap.")),
        (out(kernel=grids.flipped(kernel)), _("The kernel is added as it is, not flipped.")),
        (out(kernel=grids.transposed(kernel)), _("Rows and columns of the kernel were swapped.")),
    ]
    if same:
        mistakes.insert(
            0, (out(before=size - stride - (size - stride) // 2),
                _("The wrong side was cropped."))
        )  # fmt: skip
    elif stride > 1:
        mistakes.insert(
            1, (grids.stamped(image, kernel, 1, lambda a, b: a + b), _("The stride was forgotten."))
        )
    return Problem(
        _("Apply a transposed convolution to the input (stride {stride}, {padding}, no bias). "
          "What is the output?", stride=stride,
          padding=_("padding “same”") if same else _("no padding")),
        answer,
        steps,
        mistakes,
        (Grid(_("input"), image), Grid(_("kernel"), kernel)),
        given={"image": image, "kernel": kernel, "stride": stride, "same": same},
    )  # fmt: skip
