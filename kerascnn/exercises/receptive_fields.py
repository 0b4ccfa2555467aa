"""The receptive field of a unit after several layers (rows B11 and B16 of the course)."""

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from operator import mul
from random import Random

from kerascnn import arithmetic
from kerascnn._text import text as _

from ._question import Problem
from ._registry import exercise

Window = tuple[int, int, int]  # kernel, stride, dilation


@exercise(title="Receptive fields", rows=("B16", "B11"))
def receptive_field(rng: Random, level: int) -> Problem:
    """Draw a stack of windows."""
    layers = []
    for _nth in range(level + 1):
        if level > 1 and rng.random() < 0.4:
            layers.append(rng.choice(((2, 2, 1), (3, 2, 1))))  # pooling, most of the time
        elif level > 2 and rng.random() < 0.4:
            layers.append((3, 1, rng.choice((2, 4))))
        else:
            layers.append((rng.choice((3, 3, 5, 7)), rng.choice((1, 1, 2)), 1))
    return behind(layers)


def behind(layers: Sequence[Window]) -> Problem:
    """Ask for the receptive field after layers with these windows."""
    answer = arithmetic.receptive_field(layers)
    kernels = [dilation * (kernel - 1) + 1 for kernel, _stride, dilation in layers]
    strides = [stride for _kernel, stride, _dilation in layers]
    steps = [
        _("At the input, the receptive field is r = 1 and neighboring units are j = 1 pixel apart.")
    ]
    field, jump = 1, 1
    for extent, stride in zip(kernels, strides, strict=True):
        steps.append(
            f"r = {field} + ({extent} − 1) · {jump} = {field + (extent - 1) * jump}, "
            f"j = {jump} · {stride} = {jump * stride}"
        )
        field, jump = field + (extent - 1) * jump, jump * stride
    if any(dilation > 1 for *_window, dilation in layers):
        steps.insert(1, _("A kernel k with dilation d covers d · (k − 1) + 1 pixels."))
    own = accumulate(strides, mul)  # counted with the layer's own stride
    mistakes = [
        (1 + sum(extent - 1 for extent in kernels), _("The strides were forgotten.")),
        (1 + sum((extent - 1) * jump for extent, jump in zip(kernels, own, strict=True)),
         _("A layer's stride only affects the layers after it.")),
        (arithmetic.receptive_field([(k, s) for k, s, _d in layers]),
         _("The dilation was forgotten.")),
        (sum(kernels), _("Neighboring windows overlap: a layer adds (k − 1) · j, not k.")),
        (prod(kernels), _("Receptive fields add up; they do not multiply.")),
        (kernels[-1], _("This is only what the last layer sees of the layer before it.")),
    ]  # fmt: skip
    words = [
        _("kernel {size}", size=f"{kernel}×{kernel}")
        + ", "
        + _("stride {stride}", stride=stride)
        + (", " + _("dilation {dilation}", dilation=dilation) if dilation > 1 else "")
        for kernel, stride, dilation in layers
    ]
    return Problem(
        _("How many pixels wide is the receptive field of a unit after these layers: {layers}?",
          layers="; ".join(words)),
        answer,
        steps,
        mistakes,
        given={"layers": tuple(layers)},
    )  # fmt: skip
