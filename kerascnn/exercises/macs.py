"""The multiply-accumulate operations of a convolution (rows B10 and B12 of the course)."""

from random import Random

from kerascnn._text import text as _

from ._layers import Conv, Shape, draw_conv, named, size_steps
from ._question import Problem, number_text
from ._registry import exercise


@exercise(title="Multiply-accumulate operations", rows=("B12", "B10"))
def macs(rng: Random, level: int) -> Problem:
    """Draw a convolution."""
    return of_layer(*draw_conv(rng, level))


def of_layer(shape: Shape, layer: Conv) -> Problem:
    """Ask for the MACs of a convolution for one image."""
    height, width, filters = layer.output(shape)
    seen = shape[2] // layer.groups
    window = layer.kernel * layer.kernel * seen
    answer = layer.macs(shape)
    padded = layer.padding != 0
    steps = [
        *size_steps(shape, layer),
        _("One value of the output: {sum} MACs",
          sum=f"{layer.kernel} · {layer.kernel} · {seen} = {window:,}"),
        _("All values: {sum}", sum=f"{height} · {width} · {filters} · {window:,} = "
          f"{number_text(answer)}"),
    ]  # fmt: skip
    if padded:
        steps.append(_("Products with the zeros of the padding count as well."))
    mistakes = [
        (shape[0] * shape[1] * filters * window,
         _("The kernel is applied once for each output value, not for each input value.")),
        (answer // seen, _("A filter is as deep as its input.")),
        (window * filters, _("These are the MACs at a single position.")),
        (2 * answer, _("A multiplication and its addition are one MAC.")),
    ]  # fmt: skip
    if layer.groups > 1:
        mistakes.insert(0, (answer * layer.groups, _("The groups were forgotten.")))
    return Problem(
        _("Input volume: {input}. Layer: {layer}. How many multiply-accumulate operations (MACs) "
          "does it need for one image?", input=named(shape), layer=layer.text),
        answer,
        steps,
        mistakes,
        given={"input": shape, "layer": layer},
    )  # fmt: skip
