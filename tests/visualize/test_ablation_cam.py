"""Ablation-CAM, Eigen-CAM and Finer-CAM against their equations, and the part behind a layer."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn._graph import flatten
from kerascnn.visualize import ablation_cam, activations, eigen_cam, finer_cam, grad_cam
from kerascnn.visualize._engine.answers import gradients_at
from kerascnn.visualize._engine.question import ask
from kerascnn.visualize._engine.tail import tail_of


@pytest.fixture(scope="module")
def shared():
    """With a shortcut around the layer "conv", so that what it brings must be kept."""
    inputs = keras.Input((12, 8, 2))
    start = layers.Conv2D(5, 3, activation="relu", name="start")(inputs)
    x = layers.Conv2D(5, 3, activation="relu", padding="same", name="conv")(start)
    x = layers.GlobalAveragePooling2D()(layers.Add(name="add")([x, start]))
    x = layers.Dense(6, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(4, activation="softmax", name="head")(x))


def logits(model, maps, start):
    """What the layers behind "conv" compute."""
    x = (maps + start).mean(axis=(1, 2))
    for layer in model.layers[-2:]:
        w, b = layer.get_weights()
        x = x @ w + b
        x = np.maximum(x, 0) if layer.name != "head" else x
    return x


def test_ablation_cam_by_its_equations(model, images):
    maps, start = (activations(model, images, name) for name in ("conv", "start"))
    ours = ablation_cam(model, images, [0, 1, 2], "conv", batch_size=4)
    each = range(3)
    whole = logits(model, maps, start)[each, [0, 1, 2]]
    weights = []
    for k in range(5):
        without = maps * (np.arange(5) != k)
        drop = whole - logits(model, without, start)[each, [0, 1, 2]]
        weights.append(drop / np.abs(whole))  # a map whose loss costs score counts for the class
    expected = np.maximum(np.einsum("kn,nhwk->nhw", weights, maps), 0)
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-5 * expected.max())
    called = ablation_cam(model, images, lambda y: [y[i, i] for i in range(3)], "conv")
    np.testing.assert_allclose(called, ours, rtol=1e-4, atol=1e-6)


def test_a_negative_score_keeps_the_sign_of_the_evidence(model, images):
    """A bias shifts all scores alike, so it only changes the scale: that of 1 / |S|."""
    maps, start = (activations(model, images, name) for name in ("conv", "start"))
    whole = logits(model, maps, start)[:, 1]
    w, b = model.get_layer("head").get_weights()
    found = []
    for sign in (-1, 1):
        scores = whole - whole.mean() + sign
        assert (sign * scores > 0).all()
        model.get_layer("head").set_weights([w, b - whole.mean() + sign])
        found.append(ablation_cam(model, images, 1, "conv") * np.abs(scores)[:, None, None])
    assert found[0].max() > 0.001
    np.testing.assert_allclose(*found, rtol=1e-2, atol=1e-3 * found[0].max())


def test_the_part_behind_a_layer(model):
    """Nothing before the layer is left, but what the shortcut brings."""
    graph = flatten(model)
    tail = tail_of(graph, graph.node("conv").outputs[0])
    assert [graph.maker(key).name for key in tail.inputs] == ["conv", "start"]
    assert next(n.name for n in tail.nodes if not n.is_input) == "add"
    with pytest.raises(ValueError, match="layer must affect the outputs; 'head' does not"):
        tail_of(graph, graph.node("head").outputs[0])


def test_outputs_beside_the_layer(rng):
    """An output that does not depend on the layer is computed from the images."""
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(3, 3, name="one", activation="relu")(inputs)
    y = layers.Conv2D(3, 3, activation="relu")(inputs)
    ends = [layers.Dense(2, "softmax")(layers.Flatten()(each)) for each in (x, y)]
    model = keras.Model(inputs, ends)
    images = rng.random((2, 8, 8, 1), "float32")
    alone = ablation_cam(keras.Model(inputs, ends[0]), images, 1, "one")
    np.testing.assert_allclose(ablation_cam(model, images, 1, "one"), alone, rtol=1e-4, atol=1e-6)
    both = ablation_cam(model, images, lambda y: y[0][:, 1] + 0 * y[1][:, 0], "one")
    np.testing.assert_allclose(both, alone, rtol=1e-4, atol=1e-6)


def test_eigen_cam(model, images):
    """A V₁ of each image's own maps, by a singular value decomposition."""
    maps = activations(model, images, "conv")
    ours = eigen_cam(model, images, layer="conv")
    for own, heatmap in zip(maps, ours, strict=True):
        rows = own.reshape(-1, 5)
        _u, _s, v = np.linalg.svd(rows, full_matrices=False)
        expected = (rows @ v[0]).reshape(own.shape[:2])
        expected *= np.sign(expected.sum())
        np.testing.assert_allclose(heatmap, expected, atol=1e-4 * expected.max())
    assert ours.min() > -1e-6


def test_finer_cam_by_its_equations(model, images):
    maps, start = (activations(model, images, name) for name in ("conv", "start"))
    scores = logits(model, maps, start)
    grads = [gradients_at(ask(model, images, c), "conv")[1] for c in range(4)]
    ours = finer_cam(model, images, 1, "conv", references=2, strength=0.7)
    for n in range(3):
        others = sorted({0, 2, 3}, key=lambda d, n=n: abs(scores[n, d] - scores[n, 1]))[:2]
        p = np.exp(scores[n, others])
        g = grads[1][n] - 0.7 * sum(
            w * grads[d][n] for w, d in zip(p / p.sum(), others, strict=True)
        )
        expected = np.maximum((g.mean(axis=(0, 1)) * maps[n]).sum(axis=-1), 0)
        np.testing.assert_allclose(ours[n], expected, rtol=1e-3, atol=1e-6)
    plain = finer_cam(model, images, 1, "conv", strength=0)
    np.testing.assert_allclose(plain, grad_cam(model, images, 1, "conv"), rtol=1e-4, atol=1e-7)
    with pytest.raises(TypeError, match="target must be a class index"):
        finer_cam(model, images, lambda y: y[:, 0])


def test_finer_cam_of_two_classes(rng):
    """A single sigmoid: the other class is the negative of the logit, so the map is twice."""
    inputs = keras.Input((6, 6, 1))
    x = layers.Conv2D(3, 3, activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(1, "sigmoid")(layers.GlobalAveragePooling2D()(x)))
    images = rng.random((2, 6, 6, 1), "float32")
    for klass in (0, 1):
        np.testing.assert_allclose(
            finer_cam(model, images, klass), 2 * grad_cam(model, images, klass), rtol=1e-4
        )
