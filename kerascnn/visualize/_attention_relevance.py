"""Relevance of tokens by attention and its gradients (Chefer et al. 2021, arXiv:2103.15679)."""

import keras
import numpy as np
from keras import ops

from kerascnn._graph import Tensor

from ._engine.attention import Token, row_of, token_matrices
from ._engine.images import Images
from ._engine.question import ask
from ._engine.targets import Target
from ._engine.tokens import Reshape, check_gradients


def attention_relevance(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    token: Token,
    reshape: Reshape = None,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Follow the attention that supports a class through all layers of a transformer.

    As `attention_rollout`, but for a class: each head counts where its attention and the gradient
    of the class's score with respect to it are positive together.

    Limitations: evidence against the class does not show, nor what happens outside attention.

    Args:
        model: any functional or sequential `keras.Model` with `MultiHeadAttention` or
            `GroupQueryAttention` from all tokens to all tokens.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: as for `saliency`; `None`: the predicted class.
        token: index of the token that the scores are computed from, such as 0 for a class token in
            front; or "mean" for a network that averages all tokens.
        reshape: as for `attention_rollout`.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, T) float32, non-negative, for T tokens; (N, h, w) with `reshape`.

    Raises:
        TypeError, ValueError: If arguments do not fit the model, if it has no such attention, or if
            no attention supports the class in any image (without `reshape`, a warning).

    >>> import keras, numpy as np, kerascnn as kc
    >>> tokens = keras.Input((9, 4))
    >>> mixed = keras.layers.MultiHeadAttention(2, 2)(tokens, tokens)
    >>> model = keras.Model(tokens, keras.layers.Dense(3)(mixed[:, 0]))
    >>> x = np.random.default_rng(0).random((1, 9, 4))
    >>> kc.visualize.attention_relevance(model, x, 1, token=0, reshape=(3, 3)).shape
    (1, 3, 3)
    """
    question = ask(model, images, target)
    matrix = token_matrices(
        question, "attention relevance", relevance,
        gradients=True, batch_size=batch_size, verbose=verbose,
    )  # fmt: skip
    identity = np.eye(matrix.shape[-1], dtype="float32")
    check_gradients(matrix - identity, reshape, "attention")
    return row_of(matrix, token, reshape, "attention")


def relevance(maps: list[Tensor], gradients: list[Tensor]) -> Tensor:
    """Compute R, (N, T, T), from attention maps and their gradients, (N, heads, T, T)."""
    R = None
    for A, g in zip(maps, gradients, strict=True):
        A_bar = ops.mean(ops.maximum(g * A, 0), axis=1)  # Eq. 5
        if R is None:
            identity = ops.eye(A.shape[-1] or ops.shape(A)[-1], dtype=A.dtype)
            R = ops.zeros_like(A_bar) + identity  # Eq. 1
        R = R + ops.matmul(A_bar, R)  # Eq. 6
    return R
