"""The variables of a model that is trained: read, written, synchronized and checked."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ._origin import Origin, check_origin


def other_variables(model: keras.Model) -> list[keras.Variable]:
    """List the variables that `save_weights` leaves out: random states, and sums of metrics."""
    saved = {id(weight) for weight in model.weights}
    others = {id(v): v for v in [*model.variables, *model.metrics_variables]}
    return [variable for key, variable in others.items() if key not in saved]


def restore(variables: Sequence[keras.Variable], values: Sequence[np.ndarray]) -> None:
    """Assign saved values to variables.

    Raises:
        ValueError: If the values have other shapes.
    """
    shapes, saved = ([tuple(one.shape) for one in many] for many in (variables, values))
    if shapes != saved:
        raise ValueError(f"expected {len(shapes)} variables; received {len(saved)}, or others")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(np.asarray(value))


def values_of(model: keras.Model, images: Any) -> Any:
    """Return what a model computes in inference mode, and leave its variables as they are.

    Without `training=False`, a random layer passes its own default, `True`, on to the batch
    normalization behind it. One that is called with `training=True` updates its statistics anyway.
    """
    others = [v for v in model.variables if not v.trainable]
    before = [v.numpy().copy() for v in others]
    try:
        return model(images, training=False)
    finally:
        restore(others, before)


def build_metrics(model: keras.Model, batch: Sequence) -> None:
    """Let the metrics create their variables, which otherwise happens at their first use.

    Args:
        model: a compiled model.
        batch: (images, labels), or with weights as a third.
    """
    images, labels, *weights = batch
    weights = weights[0] if weights else None
    outputs = values_of(model, images)
    model.compute_loss(images, labels, outputs, weights)
    model.compute_metrics(images, labels, outputs, weights)


def save_weights_only(model: keras.Model, path: Path) -> None:
    """Save the weights of a compiled model without those of its optimizer: a third of the size."""
    with without_optimizer(model):
        model.save_weights(path)


def load_weights_only(
    model: keras.Model, path: Path, run_id: str | None, epoch: int | None = None
) -> Origin:
    """Load weights that were saved without those of an optimizer, and leave the model's own alone.

    Returns:
        The origin of the file.

    Raises:
        OSError: If the file is damaged, missing, or of another run or epoch.
        ValueError: If the weights are those of another model.
    """
    origin = check_origin(path, run_id, epoch)
    with without_optimizer(model):
        model.load_weights(path)
    return origin


@contextmanager
def without_optimizer(model: keras.Model) -> Iterator[None]:
    """Let Keras read and write the weights of a model without its optimizer, if it has one."""
    if getattr(model, "optimizer", None) is None:
        yield
        return
    optimizer, model.optimizer = model.optimizer, None
    try:
        yield
    finally:
        model.optimizer = optimizer


def rate_of(model: keras.Model) -> float:
    """Return the learning rate of a model, rounded to what float32 distinguishes."""
    rate = np.asarray(model.optimizer.learning_rate)
    return float(str(np.float32(rate)))  # 0.001, not 0.0010000000474974513


def are_finite(weights: Iterable[np.ndarray]) -> bool:
    """Return whether no weight is infinite or NaN."""
    return all(np.isfinite(weight).all() for weight in weights)


def sync(model: keras.Model) -> None:
    """Bring the trained values into the model's variables, which JAX does only when asked."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()
