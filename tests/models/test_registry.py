"""Every architecture: the paper's numbers, and the arguments of keras.applications."""

import ast
import inspect
from pathlib import Path

import keras
import numpy as np
import pytest

import kerascnn as kc

# What nets that are no classifiers give for one image of the paper's size.
MAPS = {
    "fcn32s": (500, 500, 21),
    "fcn16s": (500, 500, 21),
    "fcn8s": (500, 500, 21),
    "unet": {"valid": (388, 388, 2), "same": (512, 512, 2)},
    "fusionnet": (512, 512, 1),
    "yolov1": (7, 7, 30),
}
FREE = {  # nets that take images of any size, top included
    "fcn32s", "fcn16s", "fcn8s", "unet", "fusionnet", "googlenet", "plain18", "plain34",
    *(f"resnet{d}" for d in (18, 34, 50, 101, 152, 20, 32, 44, 56, 110)),
    *(f"plain{d}" for d in (20, 32, 44, 56, 110)),
}  # fmt: skip
NO_RESCALING = {"locally_connected"}  # needs its size without top too
HELPERS = {"build_inception_module", "convolutionalize"}  # public, but no architectures
SIGNATURE = [
    "include_top", "weights", "input_tensor", "input_shape", "pooling", "classes",
    "classifier_activation", "name",
]  # fmt: skip


def random_images(model, n=2):
    shape = [size or 32 for size in model.input_shape[1:]]
    return np.random.default_rng(0).random((n, *shape), "float32")


def test_agrees_with_the_paper(architecture, case, whole):
    model = whole()
    description = kc.describe(model, input_shape=case.input_shape)
    expected = MAPS.get(architecture.name, (architecture.classes,))
    expected = expected[case.variant] if isinstance(expected, dict) else expected
    assert description.layers[-1].output_shape == expected
    assert description.trainable_parameters == case.parameters
    assert description.macs == case.macs
    assert all(record.macs is not None for record in description.layers)
    assert model.name == architecture.name
    fits = zip(model.input_shape[1:], case.input_shape, strict=True)
    assert all(size in (None, paper) for size, paper in fits)


def test_saves_and_loads(architecture, case, small, shake, tmp_path):
    model = shake(small())
    images = random_images(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.name == model.name
    np.testing.assert_array_equal(loaded(images), model(images))


def test_without_top(architecture, case, small, shake):
    maps = shake(small(include_top=False))
    images = random_images(maps)
    values = np.asarray(maps(images))
    assert values.ndim == 4
    assert not any(layer.name in ("predictions", "scores") for layer in maps.layers)
    for pooling, pool in (("avg", np.mean), ("max", np.max)):
        pooled = small(include_top=False, pooling=pooling)
        pooled.set_weights(maps.get_weights())
        assert pooled.output_shape == (None, values.shape[-1])
        np.testing.assert_allclose(pooled(images), pool(values, axis=(1, 2)), rtol=1e-4, atol=1e-5)


def test_size_is_free_without_top(architecture, case, small):
    if architecture.name in NO_RESCALING:
        with pytest.raises(ValueError, match="static"):
            small(include_top=False, input_shape=(None, None, 1))
        return
    channels = case.input_shape[-1]
    model = small(include_top=False, input_shape=(None, None, channels))
    assert model.input_shape == (None, None, None, channels)


def test_takes_an_input_tensor(architecture, case, small):
    shape = small().input_shape[1:]
    images = keras.Input(shape, name="photographs")
    model = small(input_tensor=keras.layers.Rescaling(1 / 255)(images), input_shape=None)
    assert model.input_shape == (None, *shape)
    assert [t.name for t in model.inputs] == ["photographs"]


def test_logits_without_activation(architecture, case, small, shake):
    several = {"classes": 10}  # a softmax over one class is always 1
    probabilities = shake(small(classifier_activation="softmax", **several))
    logits = small(classifier_activation=None, **several)
    logits.set_weights(probabilities.get_weights())
    images = random_images(logits)
    expected, z = probabilities(images), np.asarray(logits(images), "float64")
    if architecture.name == "yolov1":  # its activation sees the cells side by side
        expected, z = np.reshape(expected, (2, -1)), z.reshape(2, -1)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    np.testing.assert_allclose(expected, e / e.sum(axis=-1, keepdims=True), atol=1e-5)


def test_other_channels_classes_and_name(architecture, case, small):
    *sizes, _channels = small(name="paper").input_shape[1:]
    if case.variant == "1998":
        with pytest.raises(ValueError, match="classes must be 10"):
            small(classes=7)
        return
    model = small(input_shape=(*sizes, 4), classes=7, name="mine")
    assert model.name == "mine"
    last = 7 if architecture.name != "yolov1" else 2 * 5 + 7
    assert model(random_images(model, 1)).shape[-1] == last


def test_output_is_float32_in_mixed_precision(architecture, case, small):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = small()
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.output.dtype == "float32"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"weights": "no such set"}, "weights must be"),
        ({"pooling": "sum"}, "pooling must be one of 'avg', 'max'"),
        ({"classes": 0}, "classes must be"),
        ({"classes": 2.5}, "classes must be"),
        ({"input_shape": (64, 64)}, "three integers"),
        ({"input_shape": (64, 64, 3, 1)}, "three integers"),
        ({"input_shape": 64}, "three integers"),
        ({"input_shape": (64.0, 64, 3)}, "three integers"),
        ({"input_shape": (256, 256, None)}, "number of channels"),
        ({"input_tensor": np.zeros((1, 32, 32, 3))}, "input_tensor must be a Keras tensor"),
    ],
)
def test_wrong_arguments(architecture, case, wrong, message):
    with pytest.raises(ValueError, match=message):
        architecture.builder(**case.options, **wrong)


def test_open_sizes_with_top(architecture, case, small):
    shape = (None, None, case.input_shape[-1])
    if architecture.name in FREE:
        assert small(input_shape=shape).input_shape == (None, *shape)
    else:
        with pytest.raises(ValueError, match="static"):
            small(input_shape=shape)


@pytest.mark.parametrize(
    ("name", "smallest"),
    [
        *(("lenet5", 28), ("locally_connected", 28), ("neocognitron", 16), ("alexnet", 67)),
        *((name, 32) for name in ("vgg11", "vgg16", "resnet50", "googlenet", "plain34")),
        *(("resnet20", 4), ("fusionnet", 16), ("yolov1", 64)),
    ],
)
def test_too_small(name, smallest):
    for shape in ((smallest - 1, 512, 3), (512, smallest - 1, 3)):
        with pytest.raises(ValueError, match=f"at least {smallest}x{smallest}"):
            kc.models.build(name, input_shape=shape)


def test_trained_weights_want_softmax_or_none(architecture, case, tmp_path):
    file = tmp_path / "some.weights.h5"
    file.touch()
    with pytest.raises(ValueError, match="classifier_activation"):
        architecture.builder(**case.options, weights=str(file), classifier_activation="relu")


def test_signature_is_that_of_keras_applications(architecture, case):
    signature = inspect.signature(architecture.builder)
    common, own = list(signature.parameters.values())[:8], list(signature.parameters.values())[8:]
    assert [p.name for p in common] == SIGNATURE
    assert signature.parameters["weights"].default is None
    assert signature.parameters["name"].default == architecture.name
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in own)
    if case.variant is not None:
        default = signature.parameters[architecture.variant_option].default
        assert default == architecture.variants[0]


def test_docstring_explains_every_argument(architecture, case):
    for name in inspect.signature(architecture.builder).parameters:
        assert f"\n    {name}: " in architecture.builder.__doc__


@pytest.mark.parametrize("name", ["lenet5", "alexnet", "googlenet", "resnet18", "resnet50"])
def test_unknown_variant(name):
    with pytest.raises(ValueError, match="variant must be one of"):
        kc.models.build(name, variant="no such variant")
    with pytest.raises(ValueError, match="padding must be one of 'valid', 'same'"):
        kc.build_unet(padding="full")


def listed(package):
    """The names that a package's stub imports from its modules."""
    stub = ast.parse(Path(package.__file__).with_suffix(".pyi").read_text("utf-8"))
    imports = [node for node in ast.walk(stub) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports for alias in node.names}


def test_stubs_list_the_registry():
    builders = {f"build_{name}" for name in kc.models.names()} | HELPERS
    registry = {"Architecture", "Case", "architectures", "build", "names"}
    assert listed(kc.models) == builders | registry
    assert {n for n in listed(kc) if n.startswith("build_") or n in HELPERS} == builders
    assert all(getattr(kc, name) is getattr(kc.models, name) for name in builders)


def test_names_are_in_the_order_of_their_years():
    years = [architecture.year for architecture in kc.models.architectures().values()]
    assert years == sorted(years)


def test_build_by_name():
    assert kc.models.build("lenet5", classes=26).output_shape == (None, 26)
    with pytest.raises(ValueError, match="Did you mean 'lenet5'"):
        kc.models.build("lenet")
