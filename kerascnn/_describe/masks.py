"""Masks among the inputs of layers: they say which steps of a sequence count.

Keras gives a layer the mask of its input by name, as if the user had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import keras
from keras import layers

from kerascnn._graph import Node, Slot, flatten, has_graph


def content(items: Sequence, slots: tuple[tuple, dict]) -> list:
    """Return what belongs to the tensors of a call that are not given by name as a mask.

    Args:
        items: one for each tensor in the arguments of the call.
        slots: these arguments.
    """
    args, kwargs = slots
    if not any(map(_is_mask, kwargs)):  # as almost always; to flatten takes longer
        return [*items]
    named = [(_is_mask(name), kwargs[name]) for name in sorted(kwargs)]
    masks = [
        is_mask
        for is_mask, given in [(False, args), *named]
        for item in keras.tree.flatten(given)
        if isinstance(item, Slot)
    ]
    return [item for item, is_mask in zip(items, masks, strict=True) if not is_mask]


def _is_mask(name: str) -> bool:
    return name.endswith("mask")


def without_idle_mask(node: Node) -> Node:
    """Return a node without the mask of its input if its layer ignores that at inference."""
    args, kwargs = node.slots
    if "mask" not in kwargs or not _ignores_mask(node.operation):
        return node
    kept = {name: given for name, given in kwargs.items() if name != "mask"}
    return replace(node, inputs=tuple(content(node.inputs, node.slots)), slots=(args, kept))


def _ignores_mask(layer: keras.Operation) -> bool:
    if has_graph(layer):
        return all(_ignores_mask(node.operation) for node in flatten(layer).nodes)
    if type(layer) is layers.TimeDistributed:
        return _ignores_mask(layer.layer)
    if type(layer) is layers.Lambda:
        return not layer._fn_expects_mask_arg
    if not isinstance(layer, layers.Layer):  # an operation computes with all that it is given
        return False
    takes = getattr(layer, "_call_has_mask_arg", False)
    return not takes or type(layer) is layers.BatchNormalization
