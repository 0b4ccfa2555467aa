"""Eigen-CAM (Muhammad & Yeasin 2020, arXiv:2008.00299)."""

import keras
import numpy as np

from ._engine.answers import outputs_of
from ._engine.axes import graph_of
from ._engine.images import Images, check_images
from ._engine.layers import LayerLike, select_maps
from ._engine.placing import warn_of_border
from ._engine.targets import Target
from ._engine.tokens import Reshape, as_maps


def eigen_cam(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: LayerLike = None,
    *,
    reshape: Reshape = None,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Project a layer's feature maps on their first principal component, without a class.

    It shows what dominates the layer, usually the largest object. It takes one forward pass, up to
    the layer.

    Limitations: it says nothing of a class, so it explains no decision.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: not used, since the map is the same for all classes; so `eigen_cam` can stand in for
            its sisters.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        reshape: for tokens (N, T, K), as for `grad_cam`.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, h, w) float32 at the layer's resolution, neither resized nor normalized. Its sign is
        chosen so that its sum is not negative; for outputs of a ReLU, it is never negative.

    Raises:
        TypeError, ValueError: If images or layer do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.eigen_cam(model, np.eye(28)[None, :, :, None], layer="c3").shape
    (1, 10, 10)
    """
    graph = graph_of(model)
    arrays = check_images(model, images)
    node = select_maps(graph, layer, tokens=reshape is not None)
    (maps,) = outputs_of(model, graph, arrays, [node.name], batch_size=batch_size, verbose=verbose)
    warn_of_border(model, graph, node, arrays, maps.shape[1:3])
    maps = as_maps(maps, reshape, node.name)
    rows = maps.reshape(len(maps), -1, maps.shape[-1])
    finite = np.array([np.isfinite(of_image).all() for of_image in rows])
    rows = np.where(finite[:, None, None], rows, 0)
    # Eq. 3 and 4: A = U Σ Vᵀ, L = A V_1. V_1 is the eigenvector of AᵀA of the largest eigenvalue.
    _values, vectors = np.linalg.eigh(rows.swapaxes(1, 2).astype("float64") @ rows)
    projection = (rows @ vectors[:, :, -1:])[..., 0]
    projection *= np.where(projection.sum(axis=1, keepdims=True) < 0, -1, 1)
    projection = np.where(finite[:, None], projection, np.nan)
    return projection.reshape(maps.shape[:-1]).astype("float32")
