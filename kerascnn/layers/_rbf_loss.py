"""The loss of LeNet-5 (LeCun et al. 1998, Equation 9)."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerascnn")
class RBFLoss(keras.losses.Loss):
    """Loss that decreases the penalty of the correct class and increases those of the others.

        E = y_D + log(e^−j + Σ_i e^−y_i)                          LeCun et al. 1998, Equation 9

    The constant j > 0 represents a "rubbish" class: penalties that are already far above j are not
    increased any further. Without it, the loss would be the cross-entropy of softmax(−y).

    Args:
        j: penalty of the rubbish class, positive. The paper does not specify it.

    Call: integer labels (N,) or (N, 1); predictions (N, classes) float, which are −y as returned by
    `RBFOutput` without an activation. Returns the mean over the batch by default.

    >>> loss = RBFLoss(j=1.0)  # 2 + log(e^-1 + e^-2 + e^-3)
    >>> round(float(loss([0], [[-2.0, -3.0]])), 4)
    1.4076
    """

    def __init__(self, j: float = 1.0, name: str = "rbf_loss", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        if j <= 0:
            raise ValueError(f"j must be above 0, the penalty of the rubbish class; received {j}.")
        self.j = j

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Compute the loss of each image."""
        y_pred = ops.convert_to_tensor(y_pred)
        classes = y_pred.shape[-1]
        labels = ops.cast(ops.reshape(y_true, (-1,)), "int32")
        right = ops.sum(ops.one_hot(labels, classes, dtype=y_pred.dtype) * y_pred, axis=-1)
        rubbish = ops.full_like(y_pred[..., :1], -self.j)
        return -right + ops.logsumexp(ops.concatenate([rubbish, y_pred], axis=-1), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for saving."""
        return {**super().get_config(), "j": self.j}
