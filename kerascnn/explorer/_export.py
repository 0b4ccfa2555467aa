"""`export`: a Keras model as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerascnn._checks import check_choice
from kerascnn._class_names import names_of
from kerascnn._describe.macs import macs_of
from kerascnn._errors import warn
from kerascnn._files import must_be_writable, write_atomically
from kerascnn._graph import Graph, flatten
from kerascnn._heads import is_binary
from kerascnn._text import LANGUAGES
from kerascnn.training._train_result import Training
from kerascnn.weights import Preprocessing

from ._checkpoints import as_read, checkpoints_of, read_run
from ._graph import Arrays, read
from ._inputs import describe_inputs, prepared
from ._measured import PICTURES, Answers
from ._page import page
from ._pixels import describe_pixels
from ._samples import check_samples, entries
from ._weights import TYPES, coded, decoded, size_of

LIMIT = 32  # MiB of a page, which browsers still open at once
FAST = 1e9  # MACs in about a second of a browser's time


def export(
    model: keras.Model,
    path: str | PathLike,
    *,
    class_names: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    samples: Any = None,
    checkpoints: Training | str | PathLike | None = None,
    title: str | None = None,
    lang: str = "en",
    dtype: str = "float32",
    preprocessing: str | Preprocessing | None = None,
    digits: bool | None = None,
) -> Path:
    """Write a model as one HTML page, which opens with a double-click and works offline.

    The page computes the network itself, for pictures that are drawn, chosen, dropped or filmed. It
    shows the maps of all layers, how each number is computed, and where the answer comes from;
    filters can be switched off, and the training can be replayed.

    Args:
        model: Any functional or sequential model of layers that the page computes, which its
            guide lists: with branches, shared layers, nested models, several inputs and outputs.
            All sizes must be known.
        path: The HTML file to write.
        class_names: The names of the first output's classes, or of several outputs by the outputs'
            names. `None`: those that the model was trained or named with.
        samples: Pictures to choose from, `(N, H, W, C)` float in [0, 1] or uint8, or a pair of
            these and class indices `(N,)`. For several inputs a list with an array for each. For a
            model that begins by rescaling 0 … 255, floats in this range, too.
        checkpoints: A run of `kerascnn.train` with `keep_every=`, or its directory: the page
            replays it. The weights of the epochs are stored as differences from the model's.
        title: The page's title; `None`: the model's name.
        lang: The language that the page starts in: "en", "ko" or "es".
        dtype: What weights are stored in: "float32"; "float16", which halves the page; or "int8",
            with a scale for each filter. The page states how much this changes its answers.
        preprocessing: How a picture in [0, 1] becomes the network's input: a `Preprocessing`, or
            the name of one in `kerascnn.weights.MODES`. `None`: "0-255" for a model that begins by
            rescaling these values, else "unit".
        digits: Whether a drawing is converted to MNIST's format. `None`: for pictures of 28x28 or
            32x32, in gray, unless the classes have other names.

    Returns:
        The path.

    Raises:
        TypeError, ValueError: If the page cannot compute a layer, the model is too large, or an
            argument does not fit. Nothing is written in this case.
        OSError: If the file cannot be written, or weights of the run cannot be read.

    >>> import tempfile, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> images, labels = kc.datasets.load("digits").test
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = export(model, f"{folder}/lenet.html", samples=(images[:20], labels[:20]))
    ...     path.stat().st_size < 700_000
    True
    """
    path = Path(path).expanduser()
    data = page_data(
        model,
        class_names=class_names,
        samples=samples,
        checkpoints=checkpoints,
        title=title,
        lang=lang,
        dtype=dtype,
        preprocessing=preprocessing,
        digits=digits,
    )
    with must_be_writable(path):
        write_atomically(path, page(data).encode())
    return path


def page_data(
    model: keras.Model,
    *,
    class_names: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    samples: Any = None,
    checkpoints: Training | str | PathLike | None = None,
    title: str | None = None,
    lang: str = "en",
    dtype: str = "float32",
    preprocessing: str | Preprocessing | None = None,
    digits: bool | None = None,
) -> dict[str, Any]:
    """Collect everything that the page knows of a model, as JSON has it; see `export`."""
    check_choice("lang", lang, LANGUAGES)
    check_choice("dtype", dtype, TYPES)
    graph = flatten(model)
    arrays = Arrays()
    data = read(graph, arrays)
    kept = None if checkpoints is None else read_run(checkpoints, model)
    small = "int8" if dtype == "int8" else "int16"
    _check_size(model, graph, arrays, dtype, small, 0 if kept is None else len(kept.weights))
    _name_classes(data["outputs"], graph, class_names)
    describe_pixels(data, model, graph)
    names, classes = data["outputs"][0]["classes"], _count_classes(data["outputs"][0], graph)
    inputs = describe_inputs(graph, preprocessing, digits, names)
    shapes = [graph.maker(key).shapes[0][1:] for key in graph.inputs]
    given = None if samples is None else check_samples(samples, inputs, shapes)
    for one, described in zip(data["inputs"], inputs, strict=True):
        one |= described

    stored = [coded(array, dtype) for array in arrays.values()]
    base = [decoded(entry) for entry in stored]
    epochs = None if kept is None else checkpoints_of(kept, model, arrays, base, small)
    measured = {}
    if dtype != "float32" or epochs:
        answers = Answers(model, arrays, _pictures(given, inputs, shapes))
        if dtype != "float32":
            measured[dtype] = answers.change(None, base)
        if kept is not None and epochs:
            changes = [answers.change(kept.weights[e["epoch"]], as_read(e, base)) for e in epochs]
            measured["checkpoints"] = max(changes, key=lambda change: change["largest_change"])
    return {
        "format": 1,
        "name": model.name,
        "title": title or model.name,
        "language": lang,
        **data,
        "parameters": model.count_params(),
        "arrays": stored,
        "checkpoints": epochs,
        "history": None if kept is None else kept.history,
        "samples": [] if given is None else entries(given, inputs, names, classes),
        "measured": measured or None,
    }


def _check_size(
    model: keras.Model, graph: Graph, arrays: Arrays, dtype: str, small: str, epochs: int
) -> None:
    """Refuse a page that is too large, and warn of one that is slow.

    Raises:
        ValueError: with the size, and what to do.
    """
    values = arrays.values()
    size = {kind: sum(size_of(a, kind) for a in values) for kind in (*TYPES, small)}
    total = size[dtype] + epochs * size[small]
    if total > LIMIT * 2**20:
        kept = f" and those of {epochs} epochs" * bool(epochs)
        smaller = [kind for kind in TYPES if size[kind] <= LIMIT * 2**20]
        advice = "Use a smaller network, such as one with width=0.25 or fewer dense units"
        if smaller:
            advice = "Keep fewer epochs" if epochs else f"Use dtype={smaller[0]!r}"
        raise ValueError(
            f"model must fit a page of {LIMIT} MiB; its {model.count_params():,} weights{kept} "
            f"take {total / 2**20:.0f} MiB as {dtype}. {advice}, or kerascnn.visualize."
        )
    shapes = graph.shapes
    macs = sum(
        macs_of(n.operation, [shapes[k] for k in n.inputs], n.shapes[0], n.slots) or 0
        for n in graph.nodes
    )
    if macs > FAST:
        warn(
            f"the page computes {macs / 1e9:.1f} billion MACs for each picture, about "
            f"{macs / FAST:.0f} s in a browser: a smaller input or network follows a drawing."
        )


def _name_classes(
    outputs: list[dict], graph: Graph, names: Sequence[str] | Mapping[str, Sequence[str]] | None
) -> None:
    """Give the outputs the names of their classes.

    Raises:
        ValueError: names for another number of classes, or of an unknown output.
    """
    if isinstance(names, str):
        raise ValueError(f"class_names must be a sequence of names; received {names!r}.")
    if names is None:
        names = names_of(graph)
    by_output = names if isinstance(names, Mapping) else {outputs[0]["name"]: names}
    known = {output["name"]: None for output in outputs}
    for name in by_output:
        if name not in known:
            raise ValueError(
                f"class_names must be by the names of outputs, {', '.join(map(repr, known))}; "
                f"received {name!r}."
            )
    for output in outputs:  # those of a shared layer have the same name, and the same classes
        own = by_output.get(output["name"])
        if own is None:
            continue
        units = graph.nodes[output["node"]].shapes[0][-1]
        classes = 2 if units == 1 and output["activation"] == "sigmoid" else units
        if len(own) != classes:
            raise ValueError(
                f"class_names must be {classes}, one for each class of {output['name']!r}; "
                f"received {len(own)}."
            )
        output["classes"] = [str(each) for each in own]


def _count_classes(output: dict, graph: Graph) -> int | None:
    """Count the classes of the first output; `None` for maps whose classes have no names."""
    if output["classes"] is not None:
        return len(output["classes"])
    _batch, *places, units = graph.nodes[output["node"]].shapes[0]
    if places:
        return None
    return 2 if is_binary(graph) else units


def _pictures(given: Any, inputs: list[dict], shapes: list[tuple]) -> list[np.ndarray]:
    """Pictures to measure with, as the network sees them: the samples, or noise."""
    if given is not None and len(given[0][0]):
        pictures = given[0]
    else:
        rng = np.random.default_rng(0)
        pictures = [rng.random((PICTURES, *shape), "float32") for shape in shapes]
    return [prepared(each, one) for each, one in zip(pictures, inputs, strict=True)]
