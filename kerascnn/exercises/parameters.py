"""The number of a layer's parameters (row B7 of the course)."""

from random import Random

from kerascnn._text import text as _

from ._layers import Conv, Dense, Shape, draw_conv, named
from ._question import Problem, number_text
from ._registry import exercise


@exercise(title="Numbers of parameters", rows=("B7", "B14", "A8"))
def parameters(rng: Random, level: int) -> Problem:
    """Draw a convolution or a dense layer."""
    if rng.random() < 0.3:
        side = rng.choice((4, 5, 7) if level < 3 else (6, 7, 8))
        units = rng.choice((10, 100) if level == 1 else (84, 120, 256, 1000))
        return of_layer((side, side, rng.choice((4, 16, 32))), Dense(units))
    return of_layer(*draw_conv(rng, level))


def of_layer(shape: Shape, layer: Conv | Dense) -> Problem:
    """Ask for the parameters of a layer, biases included."""
    answer = layer.parameters(shape)
    question = _(
        "Input volume: {input}. Layer: {layer}. How many parameters does it have, biases included?",
        input=named(shape),
        layer=layer.text,
    )
    given = {"input": shape, "layer": layer}
    if isinstance(layer, Dense):
        height, width, channels = shape
        weights = height * width * channels * layer.units
        steps = [
            _("Weights: one for each input and unit: {sum}",
              sum=f"{height} · {width} · {channels} · {layer.units:,} = {weights:,}"),
            _("Biases: one for each unit: {count}", count=f"{layer.units:,}"),
            f"{weights:,} + {layer.units:,} = {number_text(answer)}",
        ]  # fmt: skip
        mistakes = [
            (weights, _("The biases were forgotten.")),
            (channels * layer.units + layer.units,
             _("A dense layer has a weight for every value of the volume, not only for every "
               "channel.")),
            (weights + 1, _("Each unit has its own bias.")),
        ]  # fmt: skip
        return Problem(question, answer, steps, mistakes, given=given)
    kernel, filters, seen = layer.kernel, layer.filters, shape[2] // layer.groups
    weights = kernel * kernel * seen * filters
    steps = [
        _("A filter has {sum} weights: it sees all channels of its input.",
          sum=f"{kernel} · {kernel} · {seen} = {kernel * kernel * seen:,}")
        if layer.groups == 1 else
        _("A filter has {sum} weights: it sees the channels of its group, {channels} / {groups}.",
          sum=f"{kernel} · {kernel} · {seen} = {kernel * kernel * seen:,}", channels=shape[2],
          groups=layer.groups),
        _("Weights: {sum}", sum=f"{kernel * kernel * seen:,} · {filters} = {weights:,}"),
        _("Biases: one for each filter: {count}", count=filters),
        f"{weights:,} + {filters} = {number_text(answer)}",
    ]  # fmt: skip
    height, width, _filters = layer.output(shape)
    mistakes = [
        (weights, _("The biases were forgotten.")),
        (kernel * kernel * filters + filters, _("A filter is as deep as its input.")),
        (height * width * (weights + filters),
         _("All positions share the same weights; they are counted once.")),
        (weights + 1, _("Each filter has its own bias.")),
    ]  # fmt: skip
    if layer.groups > 1:
        mistakes.insert(0, (weights * layer.groups + filters, _("The groups were forgotten.")))
    return Problem(question, answer, steps, mistakes, given=given)
