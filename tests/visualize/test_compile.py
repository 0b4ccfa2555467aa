"""A computation is compiled again when, and only when, the model has changed."""

import functools
import gc
import warnings
import weakref
from collections import deque

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerascnn as kc
from kerascnn.visualize._engine.compile import _compiled, trace_count

FACTORS = {"of a global": 1.0}


@keras.saving.register_keras_serializable("test_compile")
class Scaled(layers.Layer):
    """A layer with an attribute of any kind, and what calling it changes."""

    def __init__(self, value, **kwargs):
        super().__init__(**kwargs)
        self.value, self.calls, self.last = value, 0, None

    def call(self, x):
        self.calls, self.last = self.calls + 1, x  # as some layers do for debugging
        value = self.value
        value = value() if callable(value) else getattr(value, "factor", value)
        return x * ops.sum(ops.convert_to_tensor(value, "float32"))


class Helped(layers.Layer):
    """A layer whose `call` reaches its factors by a method, in its class and in a global one."""

    factor = 1.0

    def call(self, x):
        return self.scaled(x)

    def scaled(self, x):
        return x * self.factor * Settings.factor


class Inheriting(Helped):
    def call(self, x):
        return super().call(x) + 1


class OfKernel(layers.Dense):
    """A layer without `call`, with a kernel that Keras's uses."""

    @property
    def kernel(self):
        return super().kernel * Settings.factor


class Settings:
    factor = 1.0


class Options:
    """Options of a layer, compared as NumPy compares: without an answer."""

    __hash__ = None

    def __init__(self, factor):
        self.factor = factor

    def __eq__(self, other):
        return np.ones(2) == np.ones(2)


def scale_by_global(x):
    return x * FACTORS["of a global"]


def normalization():
    layer = layers.Normalization(name="n")
    layer.adapt(np.random.default_rng(1).random((9, 6, 6, 2)))
    return layer


def adapt(layer):
    layer.adapt(np.random.default_rng(1).random((9, 6, 6, 2)) / 5)


def closure(layer=None, factor=[1.0]):  # noqa: B006 - a cell that is changed in place
    if layer is not None:
        factor[0] = 3.0
    return layers.Lambda(lambda x: x * factor[0], name="n")


def set_to(**values):
    def change(layer):
        for name, value in values.items():
            setattr(layer, name, value)

    return change


CHANGES = {
    "Normalization": (normalization, adapt),
    "Rescaling": (lambda: layers.Rescaling(2.0), set_to(scale=3.0)),
    "LeakyReLU": (lambda: layers.LeakyReLU(0.1), set_to(negative_slope=0.9)),
    "ReLU": (lambda: layers.ReLU(), set_to(max_value=0.1)),
    "BatchNormalization": (lambda: layers.BatchNormalization(), set_to(epsilon=2.0)),
    "padding": (lambda: layers.Conv2D(2, 3), set_to(padding="same")),
    "dilation": (lambda: layers.Conv2D(2, 2), set_to(dilation_rate=(2, 2))),
    "dtype": (
        lambda: layers.ReLU(dtype="float32"),
        set_to(dtype_policy=keras.DTypePolicy("bfloat16")),
    ),
    "in a wrapper": (
        lambda: layers.TimeDistributed(layers.LeakyReLU(0.1)),
        lambda layer: set_to(negative_slope=0.9)(layer.layer),
    ),
    "number": (lambda: Scaled(1), set_to(value=2)),
    "list in place": (lambda: Scaled([1.0, 2.0]), lambda layer: layer.value.append(3.0)),
    "dict": (
        lambda: layers.Lambda(lambda x, by: x * by, arguments={"by": 2.0}),
        lambda layer: layer.arguments.update({"by": 3.0}),
    ),
    "array": (lambda: Scaled(np.ones(3)), set_to(value=np.ones(3) * 2)),
    "array in place": (
        lambda: Scaled(np.ones(3)),
        lambda layer: np.multiply(layer.value, 2, layer.value),
    ),
    "large array": (lambda: Scaled(np.full(1000, 1e-3)), set_to(value=np.full(1000, 2e-3))),
    "tensor": (lambda: Scaled(ops.ones(3)), set_to(value=ops.ones(3) * 2)),
    "object": (lambda: Scaled(Options(1)), lambda layer: setattr(layer.value, "factor", 2)),
    "partial": (
        lambda: Scaled(functools.partial(float, 1)),
        set_to(value=functools.partial(float, 2)),
    ),
    "function": (lambda: layers.Lambda(lambda x: x), set_to(function=lambda x: x * 2)),
    "closure": (closure, closure),
    "class attribute": (Helped, lambda layer: setattr(Helped, "factor", 3 * Helped.factor)),
    "global class": (Helped, lambda layer: setattr(Settings, "factor", 3 * Settings.factor)),
    "parent": (Inheriting, lambda layer: setattr(Settings, "factor", 3 * Settings.factor)),
    "property": (
        lambda: OfKernel(2),
        lambda layer: setattr(Settings, "factor", 3 * Settings.factor),
    ),
    "deque": (
        lambda: Scaled(functools.partial(sum, deque([1.0]))),
        lambda layer: layer.value.args[0].append(3.0),
    ),
    "global": (
        lambda: layers.Lambda(scale_by_global),
        lambda layer: FACTORS.update({"of a global": 3.0}),
    ),
    "global of a function that a function calls": (
        lambda: layers.Lambda(lambda x: scale_by_global(x)),
        lambda layer: FACTORS.update({"of a global": 3.0}),
    ),
}  # fmt: skip


def model_with(layer):
    keras.utils.set_random_seed(0)
    image = keras.Input((6, 6, 2))
    maps = layers.Activation("tanh", name="maps")(layer(image))
    return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(maps)))


def functions(model):
    return [step.function for step in _compiled[model].values()]


@pytest.mark.parametrize("name", CHANGES)
def test_compiled_again_only_if_a_layer_has_changed(name, monkeypatch):
    monkeypatch.setitem(FACTORS, "of a global", 1.0)
    make, change = CHANGES[name]
    layer = make()
    model = model_with(layer)
    images = np.random.default_rng(0).random((2, 6, 6, 2), "float32") - 0.5

    first, compiled = kc.visualize.saliency(model, images, 0), functions(model)
    np.testing.assert_array_equal(kc.visualize.saliency(model, images, 0), first)
    assert functions(model) == compiled  # the very same
    change(layer)
    after = kc.visualize.saliency(model, images, 0)
    same_layers = keras.Model(model.inputs, model.outputs)  # nothing is known of this model yet
    np.testing.assert_allclose(after, kc.visualize.saliency(same_layers, images, 0), rtol=1e-6)
    assert np.abs(after - first).max() > 1e-5
    assert len(functions(model)) == len(compiled)


def test_what_a_call_changes_is_no_change_of_the_model():
    """A layer that counts its calls would be compiled for each one."""
    model, images = model_with(Scaled(1)), np.ones((1, 6, 6, 2), "float32")

    def explain():
        kc.visualize.saliency(model, images, 0)
        kc.visualize.grad_cam(model, images, 0, "maps")
        kc.visualize.grad_cam(model, images, lambda y: y[:, 0], "maps")  # not compiled

    explain()
    compiled = functions(model)
    explain()
    assert functions(model) == compiled
    assert len(compiled) == 2


class Counting(layers.Layer):
    """A layer with a weight that each call changes, also at inference."""

    def __init__(self, *, by_chance=False):
        super().__init__()
        self.by_chance, self.seed_generator = by_chance, keras.random.SeedGenerator(1)

    def build(self, _shape):
        self.count = self.add_weight(name="count", initializer="zeros", trainable=False)

    def call(self, x):
        if self.by_chance:  # which changes the state of the generator
            return x + keras.random.normal(ops.shape(x), seed=self.seed_generator)
        self.count.assign_add(1.0)
        return x * self.count


def test_a_layer_that_changes_its_weights_is_named():
    images = np.ones((1, 6, 6, 2), "float32")
    with pytest.warns(UserWarning, match=r"changes its weight 'counting\w*/count'") as told:
        kc.visualize.saliency(model_with(Counting()), images, 0)
    assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kc.visualize.saliency(model_with(Counting(by_chance=True)), images, 0)
        kc.visualize.saliency(model_with(layers.BatchNormalization()), images, 0)


@pytest.mark.parametrize(
    "mixing",
    [
        layers.Softmax(axis=0),
        layers.UnitNormalization(axis=[0, 1]),
        lambda x: ops.cumsum(x, axis=-4),
        lambda x: x - ops.mean(x, axis=0, keepdims=True),
        lambda x: x / ops.max(x),
    ],
)
@pytest.mark.parametrize("target", [1, lambda y: y[:, 1]])
def test_a_layer_that_mixes_images_is_named(mixing, target):
    """Saliency of an image would depend on the other images of its batch."""
    inputs = keras.Input((4, 4, 2))
    model = keras.Model(inputs, layers.Dense(3)(layers.Flatten()(mixing(inputs))))
    with pytest.warns(UserWarning, match="computes with all images of a batch together"):
        kc.visualize.saliency(model, np.ones((2, 4, 4, 2), "float32"), target)


def test_other_axes_mix_no_images():
    inputs = keras.Input((4, 4, 2))
    within = ops.softmax(inputs, axis=-1) / ops.max(inputs, axis=[1, 2, 3], keepdims=True)
    turned = ops.softmax(ops.transpose(within, (1, 0, 2, 3)), axis=0)
    pooled = ops.sum(ops.transpose(turned, (1, 0, 2, 3)), axis=[1, 2])
    model = keras.Model(inputs, layers.Dense(3)(pooled))
    kc.visualize.saliency(model, np.ones((2, 4, 4, 2), "float32"), 1)  # warnings are errors here


def test_attributes_keep_no_model_alive():
    layer = Scaled(Options(1))
    model = model_with(layer)
    layer.value.model = model  # a circle, and an object that cannot be hashed
    kc.visualize.saliency(model, np.zeros((1, 6, 6, 2), "float32"), 0)
    assert trace_count(model) == 1
    gone = weakref.ref(model)
    del model, layer
    gc.collect()
    assert gone() is None
