"""Every architecture: the paper's numbers, and the arguments of keras.applications."""

import ast
import inspect
from functools import partial
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
    "yolov1": {"paper": (7, 7, 30), "small": (7, 7, 30)},
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


KINDS = (  # one net for each way to begin and to end: what is checked at the door is checked alike
    "locally_connected", "lenet5", "mlp", "yolov1", "resnet20", "unet", "fcn8s",
)  # fmt: skip
SEVERAL = 7  # classes; a softmax over one class is always 1


@pytest.fixture(scope="module")
def whole(architecture, case, no_values):
    """The case's net as it is, in mixed precision, which changes none of its numbers."""
    with no_values():
        keras.config.set_dtype_policy("mixed_float16")
        try:
            return architecture.builder(**case.options)
        finally:
            keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="module")
def description(case, whole, no_values):
    with no_values():
        return kc.describe(whole, input_shape=case.input_shape)


@pytest.fixture(scope="module")
def net(architecture, case, small, small_shape, shake):
    """A small net with four channels and seven classes, of any size where it takes any."""
    keras.utils.set_random_seed(0)
    sizes = (None, None) if architecture.name in FREE else small_shape[:2]
    return shake(
        small(
            input_shape=(*sizes, 4),
            classes=number_of_classes(case),
            classifier_activation="softmax",
            name="mine",
        )
    )


@pytest.fixture(scope="module")
def images(small_shape):
    """Two images for `net`."""
    return np.random.default_rng(0).random((2, *small_shape[:2], 4), "float32")


@pytest.fixture(scope="module")
def outputs(net, images):
    """What `net` says to `images`."""
    return np.asarray(net(images))


def number_of_classes(case):
    return 10 if case.variant == "1998" else SEVERAL


def test_agrees_with_the_paper(architecture, case, whole, description):
    expected = MAPS.get(architecture.name, (architecture.classes,))
    expected = expected[case.variant] if isinstance(expected, dict) else expected
    assert description.layers[-1].output_shape == expected
    assert description.trainable_parameters == case.parameters
    assert description.macs == case.macs
    assert all(record.macs is not None for record in description.layers)
    assert whole.name == architecture.name
    fits = zip(whole.input_shape[1:], case.input_shape, strict=True)
    assert all(size in (None, paper) for size, paper in fits)


def test_output_is_float32_in_mixed_precision(architecture, case, whole):
    assert whole.layers[1].compute_dtype == "float16"
    assert whole.output.dtype == "float32"


def test_diagram(architecture, case, description, check_diagram):
    check_diagram(description)


def test_other_sizes_channels_classes_and_name(architecture, case, small_shape, net, outputs):
    sizes = (None, None) if architecture.name in FREE else small_shape[:2]
    assert net.name == "mine"
    assert net.input_shape == (None, *sizes, 4)
    last = SEVERAL if architecture.name != "yolov1" else 2 * 5 + SEVERAL
    assert outputs.shape[-1] == (last if case.variant != "1998" else 10)


def test_the_codes_of_1998_are_of_ten_classes():
    with pytest.raises(ValueError, match="classes must be 10"):
        kc.build_lenet5(variant="1998", classes=7)


def test_saves_and_loads(net, images, outputs, leads_its_family, call, no_values, tmp_path):
    """What a file holds of the architecture is its JSON; one of each family goes to a file."""
    with no_values():
        again = keras.models.model_from_json(net.to_json())
    assert again.name == net.name
    np.testing.assert_array_equal(call(again, net.weights, images), outputs)
    if leads_its_family:
        net.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(loaded(images), outputs)


def test_logits_behind_an_input_tensor(
    architecture, case, small, small_shape, net, images, outputs, call, no_values
):
    """The net takes another's tensor as its input; its softmax is that of the logits."""
    photographs = keras.Input((*small_shape[:2], 4), name="photographs")
    with no_values():
        logits = small(
            input_tensor=keras.layers.Rescaling(0.5)(photographs),
            input_shape=None,
            classes=number_of_classes(case),
            classifier_activation=None,
        )
    assert logits.input_shape == (None, *small_shape[:2], 4)
    assert [t.name for t in logits.inputs] == ["photographs"]
    z = np.asarray(call(logits, net.weights, 2 * images), "float64")
    if (
        case.variant == "paper" and architecture.name == "yolov1"
    ):  # its activation sees the cells side by side
        outputs, z = outputs.reshape(2, -1), z.reshape(2, -1)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    np.testing.assert_allclose(outputs, e / e.sum(axis=-1, keepdims=True), atol=1e-5)


def test_maps_without_top(architecture, case, small, small_shape, no_values):
    shape = (None, None, case.input_shape[-1])
    if architecture.name in NO_RESCALING:
        with pytest.raises(ValueError, match="static"):
            small(include_top=False, input_shape=shape)
        shape = small_shape
    with no_values():
        maps = small(include_top=False, input_shape=shape)
    assert maps.input_shape == (None, *shape)
    assert len(maps.output_shape) == 4
    assert not any(layer.name in ("predictions", "scores") for layer in maps.layers)


@pytest.mark.parametrize("kind", KINDS)
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
def test_wrong_arguments(kind, wrong, message):
    with pytest.raises(ValueError, match=message):
        kc.models.build(kind, **wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_trained_weights_want_softmax_or_none(kind, tmp_path):
    file = tmp_path / "some.weights.h5"
    file.touch()
    with pytest.raises(ValueError, match="classifier_activation"):
        kc.models.build(kind, weights=str(file), classifier_activation="sigmoid")


@pytest.mark.parametrize("kind", ["mlp", "unet", "resnet20"])
def test_pooled_maps(kind):
    build = partial(kc.models.build, kind, input_shape=(32, 32, 3), include_top=False)
    if kind == "unet":
        build = partial(build, padding="same", width=1 / 32)
    maps = build()
    images = np.random.default_rng(0).random((2, 32, 32, 3), "float32")
    values = np.asarray(maps(images))
    for pooling, pool in (("avg", np.mean), ("max", np.max)):
        pooled = build(pooling=pooling)
        pooled.set_weights(maps.get_weights())
        assert pooled.output_shape == (None, values.shape[-1])
        np.testing.assert_allclose(pooled(images), pool(values, axis=(1, 2)), rtol=1e-4, atol=1e-5)


def test_open_sizes_are_refused_where_layers_fix_them():
    for name, architecture in kc.models.architectures().items():
        for case in architecture.cases if name not in FREE else ():
            with pytest.raises(ValueError, match="static"):
                architecture.builder(**case.options, input_shape=(None, None, 3))


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


def test_unknown_variant():
    for name in ("lenet5", "alexnet", "googlenet", "resnet18", "resnet50", "yolov1"):
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
