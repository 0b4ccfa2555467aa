"""The loop on functions whose gradients and maxima are known."""

import keras
import numpy as np
import pytest
from keras import ops

from kerascnn.visualize._engine.ascent import Adam, NormalizedGradient, ascend, climb_lbfgs

GOAL = np.linspace(-0.5, 1.5, 12, dtype="float32").reshape(1, 2, 2, 3)


def bowl(point, step):
    """Values and gradient of -‖x - goal‖²."""
    return -ops.sum((point - GOAL) ** 2, axis=(1, 2, 3)), -2 * (point - GOAL)


def test_adam_equals_keras():
    start = np.zeros((1, 2, 2, 3), "float32")
    ours = ascend(bowl, ops.convert_to_tensor(start), Adam(0.1), 7)
    variable = keras.Variable(start)
    optimizer = keras.optimizers.Adam(0.1, epsilon=1e-8)
    optimizer.build([variable])
    for step in range(1, 8):
        optimizer.apply([-bowl(variable.value, step)[1]])
    np.testing.assert_allclose(ours, variable.numpy(), rtol=1e-4)


def test_normalized_steps_have_one_mean_size(rng):
    point = ops.zeros((2, 4, 3, 1))
    slope = ops.convert_to_tensor(
        rng.normal(size=(2, 4, 3, 1)) * [[[[1.0]]], [[[100.0]]]], "float32"
    )
    moved, _ = NormalizedGradient(0.5)(point, slope, (), 1)
    np.testing.assert_allclose(np.abs(moved).mean(axis=(1, 2, 3)), 0.5, rtol=1e-5)
    np.testing.assert_array_equal(np.sign(moved), np.sign(slope))


def test_a_flat_place_is_not_left():
    """A gradient of zero gives neither a step nor NaN."""
    flat = lambda point, step: (ops.zeros(1), ops.zeros_like(point))  # noqa: E731
    for rule in (Adam(0.1), NormalizedGradient(1.0)):
        np.testing.assert_array_equal(ascend(flat, ops.ones((1, 2, 2, 1)), rule, 3), 1)


def test_steps_are_projected_and_watched():
    seen = []
    ascend(
        bowl,
        ops.convert_to_tensor(GOAL),
        Adam(0.1),
        3,
        project=lambda point, step, slope: ops.clip(point, 0, 1),
        watch=lambda step, point, values: seen.append((step, np.array(point), float(values[0]))),
    )
    assert [step for step, _, _ in seen] == [1, 2, 3]
    assert seen[0][2] == 0  # the value before the first step: at the goal
    assert all(point.min() >= 0 and point.max() <= 1 for _, point, _ in seen)


def test_lbfgs_finds_the_nearest_point_in_range():
    seen = []
    found = climb_lbfgs(
        bowl, ops.full(GOAL.shape, 0.5), 30, watch=lambda step, point, values: seen.append(step)
    )
    np.testing.assert_allclose(found, np.clip(GOAL, 0, 1), atol=1e-4)
    assert seen == list(range(1, len(seen) + 1))
    assert 1 <= len(seen) <= 30


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_lbfgs_stops_after_its_steps(steps):
    start = np.full(GOAL.shape, 0.5, "float32")
    wavy = lambda x, step: (ops.sum(ops.sin(9 * x), axis=(1, 2, 3)), 9 * ops.cos(9 * x))  # noqa: E731
    seen = []
    found = climb_lbfgs(
        lambda x, step: tuple(a + b for a, b in zip(bowl(x, step), wavy(x, step), strict=True)),
        ops.convert_to_tensor(start), steps, watch=lambda step, *_: seen.append(step),
    )  # fmt: skip
    assert len(seen) <= steps
    assert np.array_equal(found, start) == (steps == 0)
