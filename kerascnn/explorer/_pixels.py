"""Outputs that classify each pixel, and which part of the inputs maps cover."""

from __future__ import annotations

from typing import Any

import keras

from kerascnn._describe.borders import Lines, lines_along, placed_lines
from kerascnn._describe.describe_model import Field, receptive_fields
from kerascnn._graph import Graph

Frame = list[float]  # top, left, bottom and right edge, in pixels of an input


def describe_pixels(data: dict[str, Any], model: keras.Model, graph: Graph) -> None:
    """Tell of each output whether it classifies pixels, and where maps lie on each input.

    Maps of other nodes cover the inputs, unless it is told where they lie.

    Args:
        data: the inputs, outputs and nodes of the page, with the names of classes.
        model: of the page.
        graph: of the model.
    """
    shapes = [graph.maker(key).shapes[0][1:] for key in graph.inputs]
    every = list(shapes) if len(shapes) > 1 else shapes[0]
    fields = [
        receptive_fields(model, every, only=nth) if len(shape) == 3 else None
        for nth, shape in enumerate(shapes)
    ]
    for output in data["outputs"]:
        output["pixels"] = _classifies_pixels(output, data["nodes"])
        if output["pixels"]:
            output["frames"] = _frames(data["nodes"][output["node"]], fields, shapes)
    for node in data["nodes"]:
        if len(node["shape"]) == 3:
            frames = _where_placed(node, fields, shapes)
            if any(frames):
                node["frames"] = frames


def _classifies_pixels(output: dict[str, Any], nodes: list[dict]) -> bool:
    """Whether the highest value over the channels of a map is the class of a pixel.

    It is for a softmax, a single sigmoid, which stands for two classes, and logits with names;
    not for pictures, several sigmoids, or unnamed numbers.
    """
    *places, units = nodes[output["node"]]["shape"]
    if len(places) != 2 or places == [1, 1]:
        return False
    head = output["node"] if output["head"] is None else output["head"]
    after = nodes[head + 1 : output["node"] + 1]
    if any(node["type"] != "Identity" for node in after):  # pixels may have changed their places
        return False
    if units == 1:
        return output["activation"] == "sigmoid"
    named = output["classes"] is not None
    return output["activation"] == "softmax" or (output["activation"] == "linear" and named)


def _where_placed(
    node: dict[str, Any], fields: list[dict[str, Field] | None], shapes: list[tuple]
) -> list[Frame | None]:
    """Find what a map covers of each input; `None` if it is stretched over all of it."""
    frames: list[Frame | None] = []
    for shape, of_input in zip(shapes, fields, strict=True):
        field = of_input.get(node["name"]) if of_input else None
        lines = placed_lines(field, node["shape"][:2], shape)
        frames.append(_frame(lines) if lines else None)
    return frames


def _frames(
    node: dict[str, Any], fields: list[dict[str, Field] | None], shapes: list[tuple]
) -> list[Frame | None]:
    """Find what a map covers of each input by the fields of its pixels; `None` for other inputs."""
    frames: list[Frame | None] = []
    for shape, of_input in zip(shapes, fields, strict=True):
        if of_input is None:
            frames.append(None)
            continue
        lines = lines_along(of_input[node["name"]], node["shape"][:2], shape)
        frames.append(_frame(lines) if lines else [0.0, 0.0, float(shape[0]), float(shape[1])])
    return frames


def _frame(lines: Lines) -> Frame:
    return [line.edges[end] for end in (0, 1) for line in lines]
