"""Gradient ascent: the optimization loop behind all generated images.

A method provides the gradient of its objective. `ascend` takes the steps by an update rule, `Adam`
or `NormalizedGradient`; `climb_lbfgs` uses L-BFGS.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from keras import ops

from kerascnn._graph import Tensor

from .finite import warn_of_not_finite

TINY = 1e-12  # avoids division by zero for zero gradients


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma & Ba 2014, arXiv:1412.6980), Algorithm 1 for ascent, ordered as in section 2."""

    learning_rate: float
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def start(self, point):
        """Return both moments, 0."""
        return ops.zeros_like(point), ops.zeros_like(point)

    def __call__(self, point, gradient, moments, step):
        """Take step number `step`, counted from 1."""
        m, v = moments
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * gradient * gradient
        rate = self.learning_rate * (1 - self.beta_2**step) ** 0.5 / (1 - self.beta_1**step)
        return point + rate * m / (ops.sqrt(v) + self.epsilon), (m, v)


@dataclass(frozen=True)
class NormalizedGradient:
    """Steps of the same mean size for any gradient: g / mean|g| (google/deepdream notebook)."""

    step_size: float

    def start(self, point):
        """Return an empty state."""
        return ()

    def __call__(self, point, gradient, nothing, step):
        """Take a step; each image of the batch has its own mean."""
        axes = tuple(range(1, len(gradient.shape)))
        size = ops.mean(ops.abs(gradient), axis=axes, keepdims=True)
        return point + self.step_size * gradient / (size + TINY), nothing


def ascend(
    gradient: Callable,
    point: Tensor,
    rule: Adam | NormalizedGradient,
    steps: int,
    *,
    project: Callable | None = None,
    watch: Callable | None = None,
) -> Tensor:
    """Maximize an objective by gradient ascent.

    Args:
        gradient: `gradient(point, step)` returns the values of the objective and their gradient.
        point: a tensor with one item per image.
        rule: update rule.
        steps: number of steps; they are counted from 1.
        project: `project(point, step, slope)` projects the point to the valid range; the slope is
            the gradient before the step.
        watch: `watch(step, point, values)` is called after each step, with the values before it.

    Returns:
        The final point.
    """
    memory = rule.start(point)
    for step in range(1, steps + 1):
        values, slope = gradient(point, step)
        point, memory = rule(point, slope, memory, step)
        if project is not None:
            point = project(point, step, slope)
        if watch is not None:
            watch(step, point, values)
    warn_of_not_finite([ops.convert_to_numpy(point)], kind="generated images")
    return point


def climb_lbfgs(
    gradient: Callable, point: Tensor, steps: int, *, watch: Callable | None = None
) -> Tensor:
    """Maximize an objective within [0, 1] by L-BFGS-B (Byrd et al. 1995).

    Args: as for `ascend`.

    Returns:
        The final point, possibly after fewer than `steps` steps if the objective converges.
    """
    from scipy.optimize import Bounds, minimize

    if steps == 0:  # SciPy would take one step
        return point
    shape, done, values = tuple(point.shape), 0, None

    def tensor(x: np.ndarray) -> Tensor:
        return ops.convert_to_tensor(x.reshape(shape), "float32")

    def descent(x: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal values
        values, slope = gradient(tensor(x), done + 1)
        return -float(ops.sum(values)), -ops.convert_to_numpy(slope).ravel().astype("float64")

    def taken(x: np.ndarray) -> None:  # called right after its values are computed
        nonlocal done
        done += 1
        if watch is not None:
            watch(done, tensor(x), values)

    start = ops.convert_to_numpy(point).ravel().astype("float64")
    options = {
        "maxiter": steps,
        "maxfun": 2 * steps + 20,  # a step rarely evaluates more than one point
        "gtol": 0,  # SciPy's tolerances are absolute: small losses would stop immediately
        "ftol": 0,
    }
    found = minimize(
        descent, start, jac=True, method="L-BFGS-B", bounds=Bounds(0, 1), callback=taken,
        options=options,
    )  # fmt: skip
    warn_of_not_finite([found.x.reshape(shape)], kind="generated images")
    return tensor(found.x)
