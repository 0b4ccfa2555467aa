"""One step of back-propagation through a convolution (row B13 of the course)."""

from random import Random

from kerascnn._text import text as _

from . import _grids as grids
from ._question import Grid, Problem, Rows, value_text
from ._registry import exercise


@exercise(title="Back-propagation through a convolution", rows=("B13",))
def backpropagation(rng: Random, level: int) -> Problem:
    """Ask for the kernel's gradient at level 1, the input's at 2, and either with stride 2 at 3."""
    wanted = {1: "kernel", 2: "input"}.get(level) or rng.choice(("kernel", "input"))
    stride = 2 if level == 3 else 1
    image = grids.draw(rng, 2 + stride, 2 + stride, 0, 3)
    kernel = grids.draw_kernel(rng, 2, -1, 2)
    return of_loss(image, kernel, grids.draw_kernel(rng, 2, -1, 2), wanted, stride)


def of_loss(image: Rows, kernel: Rows, upstream: Rows, wanted: str, stride: int = 1) -> Problem:
    """Ask for the gradient of the loss with respect to the kernel or the input."""
    size = len(kernel)
    spread = grids.spread(upstream, stride)
    around = grids.padded(spread, size - 1)
    if wanted == "kernel":
        answer = grids.correlate(image, spread)  # dL/dW = X ⋆ dL/dY
        steps = [_("Each weight takes part in every output value: dL/dW = input ⋆ dL/dY.")]
        cut = grids.windows(image, (len(spread), len(spread[0])))
        operand = spread
        mistakes = [
            (grids.flipped(answer), _("The result was flipped.")),
            (grids.correlate(image, grids.flipped(spread)),
             _("dL/dY slides over the input as it is, not flipped.")),
            (grids.correlate(image, kernel, stride), _("This is the output of the convolution.")),
        ]  # fmt: skip
    else:
        answer = grids.correlate(around, grids.flipped(kernel))  # dL/dX = pad(dL/dY) ⋆ flip(W)
        steps = [
            _("dL/dX = dL/dY, padded with zeros by {pixels} on each side, ⋆ the flipped kernel.",
              pixels=size - 1)
        ]  # fmt: skip
        cut = grids.windows(around, (size, size))
        operand = grids.flipped(kernel)
        mistakes = [
            (grids.correlate(around, kernel),
             _("The kernel must be flipped in the backward pass.")),
            (grids.correlate(around, grids.transposed(kernel)),
             _("Flipping means rotating by 180 degrees, not swapping rows and columns.")),
            (grids.flipped(answer), _("The result was flipped.")),
        ]  # fmt: skip
    if stride > 1:
        steps.append(
            _("Because of the stride, zeros are inserted between the numbers of dL/dY first.")
        )  # fmt: skip
        dense = grids.padded(upstream, size - 1)
        mistakes.insert(
            0,
            (grids.correlate(image, upstream), _("The stride was forgotten."))
            if wanted == "kernel"
            else (grids.correlate(dense, grids.flipped(kernel)), _("The stride was forgotten.")),
        )
    steps += [
        f"({r}, {c}): {grids.sum_text(window, operand)}"
        for r, row in enumerate(cut, 1)
        for c, window in enumerate(row, 1)
    ]
    question = {
        "kernel": _("The output is the convolution of the input with the kernel (stride {stride}, "
                    "no padding). The gradient of the loss with respect to the output, "
                    "dL/dY, is given. What is the gradient with respect to the kernel, dL/dW?",
                    stride=stride),
        "input": _("The output is the convolution of the input with the kernel (stride {stride}, "
                   "no padding). The gradient of the loss with respect to the output, "
                   "dL/dY, is given. What is the gradient with respect to the input, dL/dX?",
                   stride=stride),
    }[wanted]  # fmt: skip
    return Problem(
        question,
        answer,
        [*steps, f"→ {value_text(answer)}"],
        mistakes,
        (Grid(_("input"), image), Grid(_("kernel"), kernel), Grid("dL/dY", upstream)),
        given={"image": image, "kernel": kernel, "upstream": upstream, "wanted": wanted,
               "stride": stride},
    )  # fmt: skip
