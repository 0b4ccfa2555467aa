"""The size of a layer's output (row B7 of the course)."""

from collections.abc import Callable
from fractions import Fraction
from math import ceil
from random import Random

from kerascnn._text import text as _

from ._layers import Conv, Pool, Shape, draw_conv, named, size_steps
from ._question import Problem
from ._registry import exercise


@exercise(title="Output sizes", rows=("B5", "B6", "B7"))
def shapes(rng: Random, level: int) -> Problem:
    """Draw a convolution or, from level 2 on, a pooling layer."""
    if level > 1 and rng.random() < 0.3:
        window, stride = rng.choice(((2, 2), (3, 2), (3, 3)))
        layer = Pool(rng.choice(("max", "average")), window, stride, "valid")
        if level > 2:
            layer = Pool(layer.mode, window, 2, "same")
        height = rng.randint(13, 64)
        return of_layer((height, height if level == 2 else 28, rng.choice((16, 32, 64))), layer)
    return of_layer(*draw_conv(rng, level))


def of_layer(shape: Shape, layer: Conv | Pool) -> Problem:
    """Ask for the output of a layer."""
    answer = layer.output(shape)
    if isinstance(layer, Conv):
        depth = _("Depth: one map for each of the {count} filters.", count=layer.filters)
    else:
        depth = _("Depth: pooling keeps all {count} channels.", count=shape[2])
    return Problem(
        _("Input volume: {input}. Layer: {layer}. What is the size of the output volume?",
          input=named(shape), layer=layer.text),
        answer,
        [*size_steps(shape, layer), depth, f"→ {named(answer)}"],
        list(_mistakes(shape, layer, answer)),
        given={"input": shape, "layer": layer},
    )  # fmt: skip


def _mistakes(shape: Shape, layer: Conv | Pool, answer: Shape):
    """Compute the results of common mistakes, if they are valid sizes."""
    kernel = layer.kernel if isinstance(layer, Conv) else layer.window
    extent = getattr(layer, "dilation", 1) * (kernel - 1) + 1
    padding = layer.padding if isinstance(layer.padding, int) else 0

    def sides(
        extent: int = extent,
        stride: int = layer.stride,
        padded: int = 2 * padding,
        more: int = 1,
        rounded: Callable[[Fraction], int] = int,
    ) -> tuple[int, ...]:
        return *(rounded(Fraction(n + padded - extent, stride)) + more for n in shape[:2]), (
            answer[2]
        )

    found = []
    if extent != kernel:
        found.append((sides(extent=kernel), _("The dilation was forgotten.")))
    if layer.padding == "same":
        found.append((sides(), _("The padding was forgotten.")))
        found.append(((*shape[:2], answer[2]), _("“same” keeps the size only with stride 1.")))
        found.append((tuple(n // layer.stride for n in shape[:2]) + answer[2:],
                      _("“same” rounds up, not down.")))  # fmt: skip
    else:
        if padding:
            found.append((sides(padded=padding), _("The padding was counted on one side only.")))
            found.append((sides(padded=0), _("The padding was forgotten.")))
        found.append((sides(rounded=ceil), _("The size was rounded up, not down.")))
        found.append((sides(more=0), _("The + 1 was forgotten.")))
    found.append((sides(stride=1), _("The stride was forgotten.")))
    if isinstance(layer, Conv):
        found.append(((*answer[:2], shape[2]), _("The depth is the number of filters.")))
    else:
        found.append(((*answer[:2], shape[2] // layer.stride), _("Pooling keeps all channels.")))
    return ((value, mistake) for value, mistake in found if min(value) > 0)
