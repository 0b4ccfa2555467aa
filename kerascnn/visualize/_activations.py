"""The activations of layers: their outputs for given images."""

from collections.abc import Sequence
from typing import Literal, overload

import keras
import numpy as np

from kerascnn._describe import passes_on
from kerascnn._errors import warn
from kerascnn._graph import Graph

from ._engine.answers import outputs_of
from ._engine.axes import graph_of
from ._engine.images import Images, check_images
from ._engine.layers import LayerLike, select_layer


@overload
def activations(
    model: keras.Model,
    images: Images,
    layer: Literal["all"] | list | tuple,
    *,
    batch_size: int = ...,
    verbose: bool | str = ...,
) -> dict[str, np.ndarray]: ...
@overload
def activations(
    model: keras.Model,
    images: Images,
    layer: LayerLike = None,
    *,
    batch_size: int = ...,
    verbose: bool | str = ...,
) -> np.ndarray: ...
def activations(
    model: keras.Model,
    images: Images,
    layer: LayerLike | Sequence[LayerLike] = None,
    *,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> np.ndarray | dict[str, np.ndarray]:
    """Compute the outputs of one or several layers in one forward pass.

    The network runs in inference mode, and only up to the last of the layers.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        layer: a layer or its name; `None`: the last feature maps before the final pooling; a list
            of layers; or "all": every layer except the inputs and those that pass on another
            layer's values, such as Flatten and Dropout.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        For one layer, its output, (N, h, w, K) or (N, K), float32. For several layers, a dict that
        maps their names to their outputs, in the order of the list or of the computation.

    Raises:
        TypeError, ValueError: If images or layers do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> maps = kc.visualize.activations(kc.build_lenet5(), np.zeros((1, 28, 28, 1)), ["c1", "c3"])
    >>> {name: m.shape for name, m in maps.items()}
    {'c1': (1, 28, 28, 6), 'c3': (1, 10, 10, 16)}
    """
    graph = graph_of(model)
    if isinstance(layer, str) and layer == "all":
        layer = _all_layers(graph)
    several = isinstance(layer, (list, tuple))
    names = [select_layer(graph, one).name for one in (layer if several else [layer])]
    if not names:
        raise ValueError("layer must name at least one layer; received an empty list.")
    arrays = check_images(model, images)
    outputs = outputs_of(model, graph, arrays, names, batch_size=batch_size, verbose=verbose)
    return dict(zip(names, outputs, strict=True)) if several else outputs[0]


def _all_layers(graph: Graph) -> list[str]:
    """Name all layers that compute values of their own.

    A layer with several outputs is shown by the layers behind it that pass them on; there is a
    warning if they do not.
    """
    apart = [node for node in graph.nodes if not graph.means_first(node)]
    parts = {key for node in apart for key in node.outputs}
    shown = [
        node
        for node in graph.nodes
        if node not in apart
        and not node.is_input
        and not (passes_on(node) and parts.isdisjoint(node.inputs))
    ]
    parts.difference_update(*(node.inputs for node in shown if passes_on(node)))
    layers = [n for n in apart if isinstance(n.operation, keras.Layer)]  # not a split into parts
    if left_out := [repr(node.name) for node in layers if not parts.isdisjoint(node.outputs)]:
        warn(
            f"the outputs of {', '.join(left_out)} are left out, since each layer shows one. Build "
            "the model with keras.layers.Identity(name=...) behind each output."
        )
    return [node.name for node in shown]
