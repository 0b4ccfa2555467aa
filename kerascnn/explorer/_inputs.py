"""The inputs of a page: which pictures they take, and how these become what the network sees."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerascnn._errors import unknown
from kerascnn._graph import Graph
from kerascnn._rescaling import rescaling_of
from kerascnn.weights import MODES, Preprocessing

DIGITS = ((28, 28, 1), (32, 32, 1))  # shapes of pictures of digits: MNIST's, and LeNet-5's of 1998
PICTURES = (1, 3)  # channels, grey and RGB


def describe_inputs(
    graph: Graph,
    preprocessing: str | Preprocessing | None,
    digits: bool | None,
    class_names: list[str] | None,
) -> list[dict[str, Any]]:
    """Describe each input.

    Args:
        graph: of the model.
        preprocessing: from a picture in [0, 1] to the network's input, or its name; `None`: 0 … 255
            if the network rescales these itself, else as it is.
        digits: whether pictures must have the form of MNIST's digits; `None`: if they have the
            size of these, and the classes no other names.
        class_names: of the first output.

    Raises:
        ValueError: an unknown preprocessing, or one for another number of channels.
    """
    if preprocessing not in (None, *MODES) and not isinstance(preprocessing, Preprocessing):
        raise unknown("preprocessing", preprocessing, MODES)
    if digits is None:
        digits = class_names in (None, [str(digit) for digit in range(10)])
    described = []
    for key in graph.inputs:
        shape = graph.maker(key).shapes[0][1:]
        if len(shape) != 3 or shape[-1] not in PICTURES:
            described.append({"kind": "numbers"})
            continue
        mode = preprocessing
        if mode is None:
            mode = "0-255" if rescaling_of(graph, key) else "unit"
        if isinstance(mode, str):
            mode = MODES[mode]
        numbers = max(np.size(mode.scale), np.size(mode.offset))
        if numbers not in (1, shape[2]):
            raise ValueError(
                f"preprocessing must fit an input of {shape}; received {mode.name!r}, which is "
                f"for {numbers} channels."
            )
        described.append(
            {
                "kind": "digit" if digits and shape in DIGITS else "image",
                "height": shape[0],
                "width": shape[1],
                "channels": shape[2],
                "scale": np.ravel(mode.scale).tolist(),
                "offset": np.ravel(mode.offset).tolist(),
                "bgr": mode.bgr,
            }
        )
    return described


def prepared(pictures: np.ndarray, described: dict[str, Any]) -> np.ndarray:
    """Bring pictures in [0, 1] to what the network sees; numbers stay as they are."""
    if described["kind"] == "numbers":
        return pictures
    numbers = (described[name] for name in ("scale", "offset", "bgr"))
    return Preprocessing("of the page", *numbers)(pictures)
