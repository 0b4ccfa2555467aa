"""The questions that lectures ask, with their numbers (rows A8, B, C and D3 of the course)."""

from collections.abc import Callable

from kerascnn._text import text as _

from . import (
    convolution,
    parameters,
    pooling,
    receptive_fields,
    shapes,
)
from ._layers import Conv, Pool
from ._question import Problem
from ._registry import exercise

TEN = Conv(10, 5, 1, 2)
ALEXNET_CONV1 = Conv(96, 11, 4)
BINARY = ((1, 1, 1, 0, 0), (0, 1, 1, 1, 0), (0, 0, 1, 1, 1), (0, 0, 1, 1, 0), (0, 1, 1, 0, 0))
CROSS = ((1, 0, 1), (0, 1, 0), (1, 0, 1))
POOLED = ((29, 15, 28, 184), (0, 100, 70, 38), (12, 12, 7, 2), (12, 12, 45, 6))
SECOND = ((1, 1, 2, 4), (5, 6, 7, 8), (3, 2, 1, 0), (1, 2, 3, 4))

QUESTIONS: tuple[Callable[[], Problem], ...] = (
    lambda: shapes.of_layer((32, 32, 3), TEN),
    lambda: parameters.of_layer((32, 32, 3), TEN),
    lambda: shapes.of_layer((32, 32, 3), Conv(6, 5)),
    lambda: shapes.of_layer((50, 50, 3), Conv(1, 5, 3)),
    lambda: shapes.of_layer((50, 50, 3), Conv(64, 5, 3)),
    lambda: shapes.of_layer((7, 7, 1), Conv(1, 3, 2)),
    lambda: shapes.of_layer((7, 7, 1), Conv(1, 3, 3)),
    lambda: shapes.of_layer((227, 227, 3), ALEXNET_CONV1),
    lambda: parameters.of_layer((227, 227, 3), ALEXNET_CONV1),
    lambda: shapes.of_layer((55, 55, 96), Pool("max", 3, 2)),
    lambda: shapes.of_layer((32, 32, 3), Pool("max", 2, 2)),
    lambda: same_padding(7),
    lambda: weights_of_connections(),
    lambda: receptive_fields.behind([(3, 1, 1)] * 3),
    lambda: convolution.by_hand(BINARY, CROSS),
    lambda: pooling.by_hand(POOLED, "max"),
    lambda: pooling.by_hand(POOLED, "average"),
    lambda: pooling.by_hand(SECOND, "max"),
)


@exercise(title="Questions of the lectures", rows=("B7",), fixed=len(QUESTIONS))
def lectures(number: int, level: int) -> Problem:
    """Return a question of the list; the level does not matter."""
    return QUESTIONS[number]()


def same_padding(kernel: int) -> Problem:
    """Ask for the padding that keeps the size, (F − 1) / 2."""
    return Problem(
        _("How much zero padding on each side keeps the size of the input, with a {size} "
          "kernel and stride 1?", size=f"{kernel}×{kernel}"),
        (kernel - 1) // 2,
        [f"(F − 1) / 2 = ({kernel} − 1) / 2 = {(kernel - 1) // 2}"],
        [
            (kernel - 1, _("This is the sum of both sides.")),
            (kernel // 2 + 1, _("The pixel in the center of the kernel needs no padding.")),
            (kernel, _("Then the output is larger than the input.")),
        ],
        given={"kernel": kernel},
    )  # fmt: skip


def weights_of_connections(side: int = 200, units: int = 40_000, kernel: int = 10) -> Problem:
    """Ask for the weights of a locally connected layer, compared with the other kinds."""
    dense, local, shared = side * side * units, kernel * kernel * units, kernel * kernel
    return Problem(
        _("The input is {input}, the hidden layer has {units} units. Each is connected to its own "
          "{kernel} pixels, and weights are not shared. How many weights are there (no biases)?",
          input=f"{side}×{side}", units=f"{units:,}", kernel=f"{kernel}×{kernel}"),
        local,
        [f"{kernel} · {kernel} · {units:,} = {local:,}"],
        [
            (dense, _("This is a dense layer: each unit is connected to all pixels.")),
            (shared, _("This is a convolution: all units share one set of weights.")),
            (units, _("Each unit has as many weights as its window has pixels.")),
        ],
        given={"side": side, "units": units, "kernel": kernel},
    )  # fmt: skip
