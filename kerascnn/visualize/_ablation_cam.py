"""Ablation-CAM (Desai & Ramaswamy 2020, doi:10.1109/WACV45572.2020.9093360)."""

import keras
import numpy as np
from keras import ops

from kerascnn._graph import Graph, Tensor
from kerascnn._progress import progress

from ._engine.answers import with_predicted_classes
from ._engine.batches import in_batches
from ._engine.images import Images
from ._engine.layers import LayerLike, select_maps
from ._engine.placing import warn_of_border
from ._engine.question import ask
from ._engine.scores import asked, scores_at
from ._engine.tail import masked, tail_of, values_of
from ._engine.targets import Target
from ._engine.tokens import Reshape, as_maps


def ablation_cam(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: LayerLike = None,
    *,
    reshape: Reshape = None,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Weigh a layer's feature maps by how much the score drops without each, without gradients.

    The network runs once up to the layer; what follows runs once for each map that is not 0, with
    that map set to 0.

    Limitations: maps that carry the same evidence hide each other's drop. Weights are relative to
    the score, so that values of an image whose score is about 0 are large.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: class index, one index per image, or a callable from the logits (N, classes) to
            scores (N,), which is called once per feature map; `None`: the predicted class.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        reshape: for tokens (N, T, K), as for `grad_cam`.
        batch_size: number of copies of the maps per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, h, w) float32 at the layer's resolution, non-negative, neither resized nor normalized.

    Raises:
        TypeError, ValueError: If images, target or layer do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.ablation_cam(model, np.eye(28)[None, :, :, None], 7, layer="c3").shape
    (1, 10, 10)
    """
    question = ask(model, images, target)
    node = select_maps(question.graph, layer, question.score, tokens=reshape is not None)
    key, name, score = node.outputs[0], node.name, question.score
    tail = tail_of(asked(question.graph, score), key)
    question = with_predicted_classes(question, batch_size)
    values = values_of(question, tail.inputs, batch_size)
    maps, count, channels = values[0], len(question), values[0].shape[-1]
    warn_of_border(question.model, question.graph, node, question.images, maps.shape[1:3])
    joined = len(tail.inputs)
    # Without a map that is 0, nothing changes. A callable takes all images at once.
    needed = np.any(maps.reshape(count, -1, channels), axis=1)
    if score is not None:
        needed = np.broadcast_to(needed.any(axis=0), needed.shape)
    channel, image = np.nonzero(needed.T)
    rows = np.concatenate([np.arange(count), image])
    without = np.concatenate([np.full(count, channels), channel]).astype("int32")

    def scores(graph: Graph, *tensors: Tensor) -> list:
        maps, *others = tensors[:joined]
        *masks, without, classes = tensors[joined:]
        behind = tail_of(asked(graph, score), graph.node(name).outputs[0])
        kept = ops.cast(ops.arange(maps.shape[-1], dtype="int32") != without[:, None], maps.dtype)
        kept = ops.reshape(kept, (-1, *(1 for _ in maps.shape[1:-1]), maps.shape[-1]))
        inputs = masked([maps * kept, *others], masks)
        return [scores_at(behind, inputs, classes, score)[1]]

    arrays = [*values, without[:1], question.classes]
    step = question.step(("ablation_cam", name), scores, arrays)
    with progress("Ablation-CAM", len(rows), verbose) as advance:

        def step_and_count(indices: Tensor) -> list:
            indices = np.array(indices)
            own = rows[indices]
            batch = [*(v[own] for v in values), without[indices], question.classes[own]]
            advance(len(indices))
            return step(*map(ops.convert_to_tensor, batch))

        at_once = question.at_once(batch_size)
        found = in_batches(step_and_count, [np.arange(len(rows))], at_once, image=rows)[0]
    whole = found[:count]
    alone = np.tile(whole[:, None], channels)
    alone[image, channel] = found[count:]
    # DEVIATION: the size of the score, since a negative one would invert the evidence.
    size = np.where(whole == 0, 1, np.abs(whole))[:, None]
    weights = (whole[:, None] - alone) / size  # Eq. 2: the slope, relative to the score
    maps = as_maps(maps, reshape, name).astype("float32")
    return np.maximum(np.einsum("nk,n...k->n...", weights, maps), 0)  # Eq. 3
