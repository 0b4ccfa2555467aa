"""Local response normalization (Krizhevsky et al. 2012, section 3.3)."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerascnn._checks import is_whole
from kerascnn._errors import unknown

CONVENTIONS = ("paper", "caffe")


@keras.saving.register_keras_serializable(package="kerascnn")
class LocalResponseNormalization(keras.layers.Layer):
    """Normalize each activation by the activations of neighboring channels at its position.

    With a_i the activation of channel i, and the sum over the `size` channels around i
    (Krizhevsky et al. 2012, section 3.3; channels past the ends count as zero):

        b_i = a_i / (k + alpha · Σ_j a_j²)^beta

    Caffe uses alpha / size instead of alpha, and k = 1 by default: in BVLC's AlexNet and GoogLeNet,
    the layer is `LocalResponseNormalization(k=1.0, convention="caffe")`. PyTorch uses alpha / size,
    too. `tf.nn.local_response_normalization` uses the paper's alpha, with a radius of size // 2.

    Args:
        size: number of channels in the sum, odd; the paper's n.
        k: constant in the denominator, positive.
        alpha: factor of the sum.
        beta: exponent.
        convention: "paper", or "caffe" for alpha / size.

    Input and output: (N, ..., C) float.

    >>> layer = LocalResponseNormalization(size=3, k=1.0, alpha=1.0, beta=1.0)
    >>> b = layer(ops.array([[1.0, 2.0, 3.0]]))  # 1 / (1 + 1 + 4) ...
    >>> [round(float(value), 4) for value in b[0]]
    [0.1667, 0.1333, 0.2143]
    """

    def __init__(
        self,
        size: int = 5,
        k: float = 2.0,
        alpha: float = 1e-4,
        beta: float = 0.75,
        convention: str = "paper",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if convention not in CONVENTIONS:
            raise unknown("convention", convention, CONVENTIONS)
        if not is_whole(size, 1) or size % 2 == 0:
            raise ValueError(f"size must be an odd number of channels; received {size!r}.")
        if not k > 0:
            raise ValueError(
                f"k must be above 0, since activations of 0 would divide by 0; received {k!r}."
            )
        self.size = int(size)
        self.k = k
        self.alpha = alpha
        self.beta = beta
        self.convention = convention

    def call(self, a: Any) -> Any:
        """Normalize the activations (N, ..., C)."""
        alpha = self.alpha / self.size if self.convention == "caffe" else self.alpha
        i = np.arange(a.shape[-1])
        near = abs(i[:, None] - i) <= self.size // 2  # a matrix product is a fast way to sum
        # In half precision, squares overflow, and k + alpha · Σ rounds to k: 2.0001 becomes 2.
        wide = ops.cast(a, keras.backend.result_type(a.dtype, "float32"))
        sums = self.k + alpha * ops.matmul(ops.square(wide), ops.cast(near, wide.dtype))
        if self.beta == 0.75:  # roots take a fraction of the time of a power
            factors = ops.rsqrt(sums) * ops.rsqrt(ops.sqrt(sums))
        else:
            factors = sums**-self.beta
        return a * ops.cast(factors, a.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(N, ..., C) -> (N, ..., C)."""
        return input_shape

    def macs(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Return 0: the literature does not count the MACs of normalization layers."""
        return 0

    def receptive_field(self, fields: Sequence[Any]) -> Any:
        """Return the field of the input, since the sum is over channels at one position."""
        return fields[0]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        names = ("size", "k", "alpha", "beta", "convention")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
