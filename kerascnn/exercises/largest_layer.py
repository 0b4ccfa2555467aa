"""Which layer of a network has most of something? (row D5 of the course)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._layers import Conv, Dense, Pool, Shape
from ._question import Problem
from ._registry import exercise


@exercise(title="Which layer is the largest?", rows=("D5",))
def largest_layer(rng: Random, level: int) -> Problem:
    """Draw a network; parameters at level 1, values at level 2, MACs at level 3."""
    side, channels = rng.choice((32, 64, 96, 128)), rng.choice((1, 3))
    kernel = rng.choice((3, 5))
    filters = rng.choice((8, 16, 32))
    layers = [("conv1", Conv(filters, kernel, 1, "same")), ("pool1", Pool("max", 2, 2))]
    more = rng.choice((2, 4, 8))
    layers += [("conv2", Conv(more * filters, 3, 1, "same")), ("pool2", Pool("max", 2, 2))]
    if level > 1:
        layers += [("conv3", Conv(2 * more * filters, 3, 1, "same")), ("pool3", Pool("max", 2, 2))]
    if rng.random() < 0.5:  # global pooling leaves few weights to the dense layers
        rest = side // 2 ** (len(layers) // 2)
        layers.append(("pool", Pool("average", rest, rest)))
    layers += [("dense1", Dense(rng.choice((32, 64, 128)))), ("dense2", Dense(10))]
    return of_network((side, side, channels), layers, ("parameters", "values", "macs")[level - 1])


@dataclass(frozen=True)
class _Row:
    name: str
    text: str
    output: Shape
    counts: dict[str, int]


def of_network(shape: Shape, layers: list, what: str) -> Problem:
    """Ask which layer has most parameters, values of its output, or MACs."""
    volume, rows = shape, []
    for name, layer in layers:
        output = layer.output(volume)
        macs = 0
        if isinstance(layer, Conv):
            macs = layer.macs(volume)
        elif isinstance(layer, Dense):
            macs = layer.parameters(volume) - layer.units
        height, width, depth = output
        counts = {
            "parameters": layer.parameters(volume),
            "values": height * width * depth,
            "macs": macs,
        }
        rows.append(_Row(name, layer.text, output, counts))
        volume = output
    ranked = sorted(rows, key=lambda row: -row.counts[what])
    question = {
        "parameters": _("The input is {input}. Which layer has the most parameters?\n{layers}",
                        input=shape_text(shape), layers=_listed(rows)),
        "values": _("The input is {input}. Which layer's output needs the most memory?\n{layers}",
                    input=shape_text(shape), layers=_listed(rows)),
        "macs": _("The input is {input}. Which layer needs the most multiply-accumulate operations "
                  "(MACs)?\n{layers}", input=shape_text(shape), layers=_listed(rows)),
    }[what]  # fmt: skip
    said = {row.name: _said(row, what) for row in rows}
    ties = ranked[0].counts[what] == ranked[1].counts[what]
    return Problem(
        question,
        ranked[0].name,
        list(said.values()),
        [] if ties else [(row.name, said[row.name]) for row in ranked[1:]],
        given={"input": shape, "layers": tuple(layers), "what": what},
    )


def _listed(rows: list[_Row]) -> str:
    return "\n".join(f"{row.name}: {row.text}" for row in rows)


def _said(row: _Row, what: str) -> str:
    count = f"{row.counts[what]:,}"
    if what == "values" and row.output[:2] == (1, 1):
        return _("{layer} outputs {count} values.", layer=row.name, count=count)
    output = shape_text(row.output)
    return {
        "parameters": _("{layer} has {count} parameters.", layer=row.name, count=count),
        "values": _("{layer} outputs {output} = {count} values.", layer=row.name, output=output,
                    count=count),
        "macs": _("{layer} needs {count} MACs.", layer=row.name, count=count),
    }[what]  # fmt: skip
