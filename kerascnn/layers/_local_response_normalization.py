"""Local response normalization (Krizhevsky et al. 2012, section 3.3)."""

import keras
import numpy as np
from keras import ops

from kerascnn._checks import is_whole
from kerascnn._errors import unknown

CONVENTIONS = ("paper", "caffe")


@keras.saving.register_keras_serializable(package="kerascnn")
class LocalResponseNormalization(keras.layers.Layer):
    """Divide each activation by the strength of the neighbouring channels at its position.

    With a the activation of channel i and the sum over the `size` channels around i
    (Krizhevsky et al. 2012, section 3.3; channels beyond the ends count as zero):

        b_i = a_i / (k + alpha · Σ_j a_j²)^beta

    Caffe reads it with alpha / size instead of alpha, and with k = 1 by default: BVLC's AlexNet
    and GoogLeNet are `LocalResponseNormalization(k=1.0, convention="caffe")`. PyTorch divides too.
    `tf.nn.local_response_normalization` has the paper's alpha, and takes a radius: size // 2.

    Args:
        size: number of channels in the sum, odd: the paper's n.
        k: constant in the denominator, above zero.
        alpha: factor of the sum.
        beta: exponent.
        convention: "paper", or "caffe" for alpha / size.

    Input and output: (N, ..., C) float.

    >>> layer = LocalResponseNormalization(size=3, k=1.0, alpha=1.0, beta=1.0)
    >>> b = layer(ops.array([[1.0, 2.0, 3.0]]))  # 1 / (1 + 1 + 4) ...
    >>> [round(float(value), 4) for value in b[0]]
    [0.1667, 0.1333, 0.2143]
    """

    def __init__(self, size=5, k=2.0, alpha=1e-4, beta=0.75, convention="paper", **kwargs):
        super().__init__(**kwargs)
        if convention not in CONVENTIONS:
            raise unknown("convention", convention, CONVENTIONS)
        if not is_whole(size, 1) or size % 2 == 0:
            raise ValueError(f"size must be an odd number of channels; received {size!r}.")
        if not k > 0:
            raise ValueError(f"k must be above 0, or silent channels divide by 0; received {k!r}.")
        self.size = int(size)
        self.k = k
        self.alpha = alpha
        self.beta = beta
        self.convention = convention

    def call(self, a):
        """Normalize activations (N, ..., C)."""
        alpha = self.alpha / self.size if self.convention == "caffe" else self.alpha
        i = np.arange(a.shape[-1])
        near = abs(i[:, None] - i) <= self.size // 2  # as a product the sums are fast
        sums = ops.matmul(ops.square(a), ops.cast(near, a.dtype))
        # In half precision k + alpha · Σ would be k: 2.0001 is 2.
        sums = ops.cast(sums, keras.backend.result_type(a.dtype, "float32"))
        return a * ops.cast((self.k + alpha * sums) ** -self.beta, a.dtype)

    def compute_output_shape(self, input_shape):
        """The shape stays."""
        return input_shape

    def macs(self, input_shapes, output_shape):
        """None: as everywhere in the literature, of a normalization."""
        return 0

    def receptive_field(self, fields):
        """See one position: it sums over channels."""
        return fields[0]

    def get_config(self):
        """Return the arguments, for saving."""
        names = ("size", "k", "alpha", "beta", "convention")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
