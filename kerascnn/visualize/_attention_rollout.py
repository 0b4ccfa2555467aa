"""Attention rollout (Abnar & Zuidema 2020, arXiv:2005.00928)."""

import keras
import numpy as np
from keras import ops

from kerascnn._errors import unknown
from kerascnn._graph import Tensor

from ._engine.attention import Token, row_of, token_matrices
from ._engine.axes import graph_of
from ._engine.images import Images, check_images
from ._engine.question import Question
from ._engine.scores import PREDICTED
from ._engine.tokens import Reshape

HEADS = {"mean": ops.mean, "max": ops.max, "min": ops.min}


def attention_rollout(
    model: keras.Model,
    images: Images,
    *,
    token: Token,
    reshape: Reshape = None,
    heads: str = "mean",
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Follow the attention of a token through all layers of a transformer, back to the input.

    The attention of each layer, mixed half and half with the identity for its shortcut, is
    multiplied with that of the layers below.

    Limitations: it says nothing of a class, and ignores what the network does with what it attends
    to: values, dense layers and signs.

    Args:
        model: any functional or sequential `keras.Model` with `MultiHeadAttention` or
            `GroupQueryAttention` from all tokens to all tokens.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        token: index of the token that the scores are computed from, such as 0 for a class token in
            front; or "mean" for a network that averages all tokens.
        reshape: height and width of the image in patches, such as (14, 14), of which the last
            14 · 14 tokens are the patches, row by row; or a function, as for `grad_cam`; `None`:
            one value per token.
        heads: how the heads of a layer are combined: "mean", as in the paper, "max" or "min".
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, T) float32, non-negative, which sum to 1 over the T tokens; (N, h, w) with `reshape`.

    Raises:
        TypeError, ValueError: If arguments do not fit the model, or if it has no such attention.

    >>> import keras, numpy as np, kerascnn as kc
    >>> tokens = keras.Input((9, 4))
    >>> mixed = keras.layers.MultiHeadAttention(2, 2)(tokens, tokens)
    >>> model = keras.Model(tokens, keras.layers.Dense(3)(mixed[:, 0]))
    >>> x = np.random.default_rng(0).random((1, 9, 4))
    >>> kc.visualize.attention_rollout(model, x, token=0, reshape=(3, 3)).shape
    (1, 3, 3)
    """
    if heads not in HEADS:
        raise unknown("heads", heads, HEADS)
    graph, arrays = graph_of(model), check_images(model, images)
    nobody = np.full(len(arrays[0]), PREDICTED, "int32")  # no class is asked for
    question = Question(model, graph, tuple(arrays), nobody, None)

    def rolled(maps: list[Tensor], _gradients: list) -> Tensor:
        rollout = None
        for A in maps:
            A = HEADS[heads](A, axis=1)
            identity = ops.eye(A.shape[-1] or ops.shape(A)[-1], dtype=A.dtype)
            A = 0.5 * A + 0.5 * identity  # the shortcut: section 3
            A = A / ops.sum(A, axis=-1, keepdims=True)
            rollout = A if rollout is None else ops.matmul(A, rollout)  # Eq. 1
        return rollout

    matrix = token_matrices(
        question, f"attention rollout, {heads}", rolled,
        gradients=False, batch_size=batch_size, verbose=verbose,
    )  # fmt: skip
    return row_of(matrix, token, reshape, "attention")
