"""Guided Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391, section 3.2)."""

import keras

from kerascnn._graph import Node

from ._engine.axes import check_channels_last, has_channels
from ._engine.images import Images, OneOrAll, check_sees
from ._engine.layers import LayerLike, select_maps
from ._engine.placing import lines_of, placed, upsampled
from ._engine.question import Question, ask
from ._engine.targets import Target
from ._grad_cam import grad_cam
from ._guided_backprop import guided_backprop


def guided_grad_cam(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: LayerLike = None,
    *,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> OneOrAll:
    """Multiply guided backpropagation by Grad-CAM, for fine detail that supports a class.

    The location comes from `grad_cam`, upsampled to the images as by `upsample`; the detail
    comes from `guided_backprop`, whose limitation applies here too: it hardly depends on the
    weights.

    Args:
        model: any functional or sequential `keras.Model` with a ReLU.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: as for `grad_cam`; `None`: the predicted class.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W, C) float32, signed, not normalized. For several inputs, a list of arrays,
        or a dict if the model takes one.

    Raises:
        TypeError, ValueError: If images, target or layer do not fit the model, if it has no ReLU,
            or if the layer does not see one of several images.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.guided_grad_cam(model, np.zeros((2, 28, 28, 1)), target=7).shape
    (2, 28, 28, 1)
    """
    question = ask(model, images, target)
    node = _check_images(question, layer)
    with placed():
        heatmaps = grad_cam(
            model, images, target, node.name, batch_size=batch_size, verbose=verbose
        )
    details = guided_backprop(model, images, target, batch_size=batch_size, verbose=verbose)
    products, shapes = [], [x.shape[1:] for x in question.images]
    for place, detail in enumerate(keras.tree.flatten(details)):
        if detail.ndim == 4:
            lines = lines_of(model, question.graph, node, shapes, place, heatmaps.shape[1:])
            detail = detail * upsampled(heatmaps, lines, detail.shape[1:3])[..., None]
        products.append(detail)
    return keras.tree.pack_sequence_as(details, products)


def _check_images(question: Question, layer: LayerLike) -> Node:
    """Check that the inputs are images, and that the layer has feature maps of all of them.

    Returns:
        The node of the layer.

    Raises:
        ValueError: If they are sequences or volumes, if their channels are not on the last axis, or
            if the layer does not see one of them.
    """
    graph = question.graph
    images = [
        key
        for key in graph.inputs
        if len(graph.maker(key).shapes[0]) == 4 and has_channels(graph, key)
    ]
    if images:
        check_channels_last(graph, images)
    node = select_maps(graph, layer, question.score, overlaid=True, maps_only=True)
    if not images or len(node.shapes[0]) != 4:
        raise ValueError(
            "model must take images (N, H, W, C), and layer must have maps (N, h, w, K), which are "
            f"upsampled; received maps of {node.shapes[0]}. Use grad_cam and guided_backprop "
            "separately."
        )
    for key in images:
        place = graph.inputs.index(key)
        check_sees(graph, node, place, "grad_cam and guided_backprop separately")
    return node
