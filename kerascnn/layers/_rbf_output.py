"""LeNet-5's output layer: Euclidean radial basis functions (LeCun et al. 1998, Equation 7)."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike


@keras.saving.register_keras_serializable(package="kerascnn")
class RBFOutput(keras.layers.Layer):
    """Output layer that computes the squared distance of its input to the code of each class.

        y_i = Σ_j (x_j − w_ij)²                                   LeCun et al. 1998, Equation 7

    DEVIATION: the layer returns −y, so that the largest value is the prediction, as with the logits
    of other classifiers. The softmax of −y is the likelihood of the paper. `RBFLoss` expects −y.

    Args:
        codes: the centers w, (classes, units); not trainable.
        activation: activation function, applied to −y.

    Input: (N, units) float. Output: (N, classes).

    >>> import numpy as np
    >>> layer = RBFOutput([[1, 1], [-1, -1]])
    >>> np.array(layer(np.array([[1.0, 0.0]]))).tolist()
    [[-1.0, -5.0]]
    """

    def __init__(
        self, codes: ArrayLike, activation: str | Callable | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        shape = np.shape(codes)
        if len(shape) != 2:
            raise ValueError(
                "codes must be two-dimensional, with a row of numbers for each class; "
                f"received an array of shape {shape}."
            )
        self.codes = np.asarray(codes).tolist()
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: Any) -> None:
        """Create the fixed weights."""
        classes, units = np.shape(self.codes)
        if input_shape[-1] != units:
            raise ValueError(
                f"codes must have {input_shape[-1]} numbers for each class, as many as the input "
                f"has units; received {units}."
            )
        self.centres = self.add_weight(
            shape=(classes, units),
            initializer=lambda shape, dtype: ops.cast(self.codes, dtype),
            trainable=False,
            name="centres",
        )

    def call(self, x: Any) -> Any:
        """Compare the units (N, units) with the codes."""
        differences = ops.expand_dims(x, 1) - ops.cast(self.centres, x.dtype)
        return self.activation(-ops.sum(ops.square(differences), axis=-1))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(N, units) -> (N, classes)."""
        return (*input_shape[:-1], len(self.codes))

    def macs(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Count one squared difference for each number of each code."""
        return math.prod(np.shape(self.codes))

    def connections(self, input_shapes: Sequence[tuple], output_shape: tuple) -> int:
        """Count the connections of each class to each unit: LeNet-5's output has 840."""
        return self.macs(input_shapes, output_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        return {
            **super().get_config(),
            "codes": self.codes,
            "activation": keras.activations.serialize(self.activation),
        }
