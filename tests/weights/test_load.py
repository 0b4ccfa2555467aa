import hashlib
import json
import pickle
import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras.src.applications import resnet, vgg16, vgg19

import kerascnn as kc
from kerascnn.weights import _shipped

APPLICATIONS = {
    "vgg16": keras.applications.VGG16,
    "vgg19": keras.applications.VGG19,
    "resnet50": keras.applications.ResNet50,
    "resnet101": keras.applications.ResNet101,
    "resnet152": keras.applications.ResNet152,
}


def small(filters=4, classes=3, name="small"):
    """A net with a convolution, batch normalization and dense layers."""
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(filters, 3, name="conv1"),
            keras.layers.BatchNormalization(name="bn1"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dropout(0.5, name="dropout"),
            keras.layers.Dense(5, name="fc1"),
            keras.layers.Dense(classes, name="predictions"),
        ],
        name=name,
    )


@pytest.fixture
def saved(tmp_path, randomize, save_legacy):
    """A small model and its weight file, in the format that the suffix asks for."""

    def make(suffix, **options):
        model = randomize(small(**options))
        path = tmp_path / f"file{suffix}"
        if suffix == ".h5":
            save_legacy(model, path)
        elif suffix == ".keras":
            model.save(path)
        else:
            model.save_weights(path)
        return model, path

    return make


@pytest.fixture
def refused(refused):
    """What must be refused, by a small net unless another is given."""
    return lambda path, kind, match, model=None: refused(path, kind, match, model or small())


# Keras's own nets


@pytest.fixture
def narrow(monkeypatch):
    """Make the nets of keras.applications with a sixteenth of the filters and hidden units."""
    whole = resnet.layers

    class Narrow:
        def __getattr__(self, name):
            return getattr(whole, name)

        def Conv2D(self, filters, *args, **options):  # noqa: N802
            return whole.Conv2D(filters // 16, *args, **options)

        def Dense(self, units, *args, name, **options):  # noqa: N802
            units = units if name == "predictions" else units // 16
            return whole.Dense(units, *args, name=name, **options)

    for module in (resnet, vgg16, vgg19):
        monkeypatch.setattr(module, "layers", Narrow())


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vgg16", {"include_top": False}),
        ("vgg16", {}),
        ("vgg19", {"include_top": False, "input_shape": (36, 40, 3)}),
        ("vgg19", {}),
        ("resnet50", {"include_top": False, "pooling": "max"}),
        pytest.param(
            "resnet50", {"classes": 10, "classifier_activation": None}, marks=pytest.mark.slow
        ),
        pytest.param("resnet101", {}, marks=pytest.mark.slow),
        pytest.param("resnet152", {}, marks=pytest.mark.slow),
    ],
)
def test_a_legacy_file_of_keras_applications_gives_the_same_outputs(
    name, options, tmp_path, rng, randomize, save_legacy, agree, narrow
):
    """Every layer under its name and in its order; how many filters each has changes neither."""
    options = {"input_shape": (64, 64, 3), **options}
    theirs = randomize(APPLICATIONS[name](weights=None, **options))
    path = save_legacy(theirs, tmp_path / "weights.h5")
    images = rng.uniform(-128, 128, (2, *options["input_shape"])).astype("float32")
    ours = kc.models.build(name, weights=path, width=1 / 16, **options)
    agree(ours(images), theirs(images), 1e-5)


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5", ".keras"])
def test_every_format_gives_the_saved_weights(saved, suffix):
    model, path = saved(suffix)
    other = small()
    assert kc.weights.load(other, path) is other
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_a_model_that_was_trained_gives_its_weights(saved, suffix, tmp_path, rng):
    model, _ = saved(".h5")
    model.compile("adam", "mse", run_eagerly=True)
    model.train_on_batch(rng.random((4, 6, 6, 1)), rng.random((4, 3)))
    path = tmp_path / f"trained{suffix}"
    model.save(path) if suffix == ".keras" else model.save_weights(path)
    other = kc.weights.load(small(), path)  # not compiled: the optimizer's part is left alone
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


def test_a_legacy_file_of_a_whole_model_and_of_other_names(saved, save_legacy, tmp_path):
    model, _ = saved(".h5")
    whole = save_legacy(model, tmp_path / "whole.h5", group="model_weights")
    renamed = save_legacy(model, tmp_path / "names.h5", rename={"predictions": "probs"})
    all_renamed = save_legacy(
        model, tmp_path / "all.h5", rename={layer.name: f"{layer.name}_x" for layer in model.layers}
    )
    for path in (whole, renamed, all_renamed):
        np.testing.assert_array_equal(
            kc.weights.load(small(), path).get_weights()[-1], model.get_weights()[-1]
        )


def test_names_that_keras_split_over_several_attributes(saved):
    model, path = saved(".h5")
    with h5py.File(path, "a") as file:
        names = list(file.attrs["layer_names"])
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:2], names[2:]
    loaded = kc.weights.load(small(), path)
    np.testing.assert_array_equal(loaded.get_weights()[-1], model.get_weights()[-1])


def test_keras_writes_legacy_files_that_are_read(saved, tmp_path):
    model, _ = saved(".h5")
    path = tmp_path / "by_keras.h5"
    model.save(path)
    loaded = kc.weights.load(small(), path)
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def nested(filters=4):
    inner = keras.Sequential([keras.layers.Dense(filters, name="inner")], name="part")
    return keras.Sequential([keras.Input((2,)), inner, keras.layers.Dense(1, name="outer")])


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_layers_inside_layers_are_loaded_too(tmp_path, randomize, refused, suffix):
    model, path = randomize(nested()), tmp_path / f"nested{suffix}"
    model.save(path) if suffix == ".keras" else model.save_weights(path)
    loaded = kc.weights.load(nested(), path)
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    refused(path, ValueError, "Nothing was loaded", nested(filters=5))


def test_bfloat16_is_loaded_too(tmp_path):
    def make():
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype="bfloat16")])

    model, path = make(), tmp_path / "half.weights.h5"
    model.save_weights(path)
    ours, theirs = kc.weights.load(make(), path).weights[0], model.weights[0]
    assert np.array_equal(*(keras.ops.cast(w, "float32") for w in (ours, theirs)))


# Files that are refused


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5", ".keras"])
@pytest.mark.parametrize(
    ("options", "match"),
    [
        (
            {"filters": 7},
            r"'conv1', with \(3, 3, 1, 4\) and \(4,\) in the model and "
            r"\(3, 3, 1, 7\) and \(7,\) in the file",
        ),
        (
            {"classes": 10},
            r"'predictions', with \(5, 3\) and \(3,\) in the model and "
            r"\(5, 10\) and \(10,\) in the file",
        ),
    ],
)
def test_a_file_of_another_net_names_the_first_layer_that_differs(
    saved, refused, suffix, options, match
):
    refused(saved(suffix, **options)[1], ValueError, match)


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5", ".keras"])
def test_more_and_fewer_layers_are_refused(saved, refused, suffix):
    _, path = saved(suffix)
    whole = small()
    shorter = keras.Model(whole.inputs, whole.get_layer("fc1").output, name="shorter")
    outputs = keras.layers.Dense(2, name="extra")(whole.outputs[0])
    longer = keras.Model(whole.inputs, outputs, name="longer")
    refused(path, ValueError, r"also has '\w+', with \(5, 3\) and \(3,\), which", shorter)
    refused(path, ValueError, r"'extra', with \(3, 2\) and \(2,\) .* and no weights in", longer)


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5", ".keras"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_or_empty_file_is_refused(saved, refused, suffix, share):
    _, path = saved(suffix)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refused(path, OSError, "cannot be read: .* Nothing was loaded")


def test_a_changed_byte_in_an_archive_is_refused(saved, refused):
    _, path = saved(".keras")
    with zipfile.ZipFile(path) as archive:
        inside = archive.getinfo("model.weights.h5")
    data = bytearray(path.read_bytes())
    data[inside.header_offset + inside.file_size // 2] ^= 1
    path.write_bytes(data)
    refused(path, OSError, "the checksum of model.weights.h5 in the archive is wrong")


def test_damage_that_shows_only_when_the_data_are_read_leaves_the_model_alone(
    saved, refused, tmp_path
):
    _, path = saved(".weights.h5")
    packed = tmp_path / "packed.weights.h5"
    with h5py.File(path) as old, h5py.File(packed, "w") as new:

        def copy(name, item):
            if isinstance(item, h5py.Dataset) and item.shape:
                new.create_dataset(name, data=item[()], chunks=item.shape, fletcher32=True)

        old.visititems(copy)
        last = new["layers/dense_1/vars/0"]
        offset = last.id.get_chunk_info(0).byte_offset
    kc.weights.load(small(), packed)
    data = bytearray(packed.read_bytes())
    data[offset] ^= 1
    packed.write_bytes(data)
    refused(packed, OSError, "cannot be read")


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5", ".keras"])
def test_what_is_no_weight_file_is_refused(tmp_path, refused, suffix):
    text = tmp_path / f"text{suffix}"
    text.write_text("not weights")
    refused(text, OSError, "cannot be read")
    empty = tmp_path / f"other{suffix}"
    with h5py.File(empty, "w") as file:
        file["numbers"] = np.arange(3)
    refused(empty, OSError, "cannot be read")


def test_a_file_of_words_is_refused(saved, refused):
    _, path = saved(".h5")
    with h5py.File(path, "a") as file:
        del file["conv1/conv1/bias:0"]
        file["conv1/conv1/bias:0"] = np.array([b"a", b"b", b"c", b"d"])
    refused(path, OSError, "must contain numbers")


def test_no_file_and_other_suffixes_are_refused(tmp_path, refused):
    refused(tmp_path / "none.h5", OSError, "does not exist")
    refused(tmp_path, OSError, "is a directory")
    other = tmp_path / "weights.npz"
    other.write_bytes(b"")
    refused(other, ValueError, r"ends in \.weights\.h5, .*\.pth")


def test_a_builder_refuses_before_it_builds(tmp_path):
    for weights in (tmp_path / "none.h5", tmp_path, "mnits"):
        with pytest.raises(ValueError, match="'mnist', None or the path to an existing file"):
            kc.build_lenet5(weights=weights)
    other = tmp_path / "weights.npz"
    other.write_bytes(b"")
    with pytest.raises(ValueError, match="ends in"):
        kc.build_lenet5(weights=other)


def test_a_model_that_is_not_built_is_refused(saved):
    _, path = saved(".h5")
    with pytest.raises(ValueError, match="model must be built"):
        kc.weights.load(keras.Sequential([keras.layers.Dense(3)]), path)


def test_a_pickle_under_another_suffix_is_not_run(tmp_path, refused):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was run",))

    path = tmp_path / "trap.h5"
    path.write_bytes(pickle.dumps(Trap()))
    refused(path, OSError, "cannot be read")


# The shipped set


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The folder of shipped sets, copied to where it may be changed."""
    folder = tmp_path / "shipped"
    shutil.copytree(_shipped.FOLDER, folder)
    monkeypatch.setattr(_shipped, "FOLDER", folder)
    _shipped.shipped.cache_clear()
    yield folder
    _shipped.shipped.cache_clear()


def test_the_shipped_lenet5_reads_handwriting():
    model = kc.build_lenet5(weights="mnist")
    images, labels = kc.datasets.load("digits").test
    accuracy = (np.argmax(model(images), axis=-1) == labels).mean()
    assert accuracy >= 0.93
    card = kc.weights.available("lenet5")[0].card
    assert accuracy == pytest.approx(card["accuracy"]["digits_test"], abs=1e-3)
    assert card["accuracy"]["mnist_test"] >= 0.99


def test_the_card_says_how_the_set_came_to_be():
    found, _of_1998 = kc.weights.available("lenet5")
    assert found.path.stat().st_size < 1_000_000
    assert len(found.card["sha256"]) == 64
    assert {"recipe", "seed", "epochs", "accuracy", "licence", "command"} <= found.card.keys()
    assert found.parameters == {61_706: "the whole model", 50_692: "without the top"}
    assert found.classes == 10


def test_a_shipped_set_also_fits_the_net_without_its_top():
    whole = kc.build_lenet5(weights="mnist")
    bare = kc.build_lenet5(weights="mnist", include_top=False)
    for theirs, ours in zip(whole.get_weights(), bare.get_weights(), strict=False):
        np.testing.assert_array_equal(ours, theirs)
    assert len(bare.get_weights()) == 6


def test_a_set_of_a_smaller_net_brings_the_builders_arguments(tmp_path, monkeypatch):
    small = {"width": 1 / 64, "hidden": 128, "input_shape": [32, 32, 3], "classes": 10}
    net = kc.build_vgg16(**small)
    net.save_weights(tmp_path / "vgg16_toy.weights.h5")
    bare = kc.build_vgg16(include_top=False, width=1 / 64)
    card = {
        "sha256": hashlib.sha256((tmp_path / "vgg16_toy.weights.h5").read_bytes()).hexdigest(),
        "build": small,
        "class_names": list("0123456789"),
        "parameters": net.count_params(),
        "without_top": bare.count_params(),
        "preprocessing": "unit",
        "accuracy": {"toy_test": 0.5},
        "licence": "MIT",
    }
    (tmp_path / "vgg16_toy.json").write_text(json.dumps(card))
    monkeypatch.setattr(_shipped, "FOLDER", tmp_path)
    _shipped.shipped.cache_clear()
    try:
        loaded = kc.build_vgg16(weights="toy")
        for name in ("block1_conv1", "predictions"):
            ours, theirs = loaded.get_layer(name), net.get_layer(name)
            np.testing.assert_array_equal(ours.get_weights()[0], theirs.get_weights()[0])
        assert loaded.input_shape == (None, 32, 32, 3)
        bare = kc.build_vgg16(weights="toy", include_top=False)
        assert bare.output_shape == (None, None, None, 8)
        with pytest.raises(ValueError, match="classes must be 10"):
            kc.build_vgg16(weights="toy", classes=5)
        with pytest.raises(ValueError, match="Check its variant, input_shape, classes and width"):
            kc.build_vgg16(weights="toy", width=1 / 32)
    finally:
        _shipped.shipped.cache_clear()


@pytest.mark.parametrize("position", [0, 1000, -1])
def test_a_changed_byte_in_a_shipped_set_is_refused(copied, position):
    path = copied / "lenet5_mnist.weights.h5"
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    with pytest.raises(OSError, match=r"SHA-256 .* reinstall kerascnn"):
        kc.build_lenet5(weights="mnist")


def test_a_shipped_set_without_its_file_is_refused(copied):
    (copied / "lenet5_mnist.weights.h5").unlink()
    with pytest.raises(OSError, match="Reinstall kerascnn"):
        kc.build_lenet5(weights="mnist")


def test_a_card_with_another_hash_is_refused(copied):
    path = copied / "lenet5_mnist.json"
    card = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**card, "sha256": "0" * 64}), "utf-8")
    with pytest.raises(OSError, match="must have the SHA-256 000000000000…"):
        kc.build_lenet5(weights="mnist")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"classes": 5}, "classes must be 10"),
        ({"classifier_activation": "relu"}, "classifier_activation must be 'softmax' or None"),
        ({"input_shape": (32, 32, 3)}, r"\(without the top\); this model has 62,006"),
    ],
)
def test_arguments_that_a_shipped_set_does_not_fit(options, match):
    with pytest.raises(ValueError, match=match):
        kc.build_lenet5(weights="mnist", **options)


def test_logits_of_the_shipped_set(rng, agree):
    images = rng.random((2, *kc.build_lenet5().input_shape[1:])).astype("float32")
    logits = kc.build_lenet5(weights="mnist", classifier_activation=None)(images)
    shares = kc.build_lenet5(weights="mnist")(images)
    agree(keras.ops.softmax(logits), shares, 1e-5)


def test_a_file_with_more_layers_says_what_may_be_the_cause(tmp_path, no_values):
    options = {"input_shape": (80, 80, 3), "classes": 4}
    path = tmp_path / "heads.weights.h5"
    kc.build_googlenet(auxiliary=True, **options).save_weights(path)
    more = r"64 layers with weights, the model 58: .*auxiliary heads"
    with no_values(), pytest.raises(ValueError, match=more):
        kc.build_googlenet(weights=path, **options)


def test_a_set_by_name_needs_the_architecture_of_a_renamed_model():
    model = kc.build_lenet5(name="mine")
    with pytest.raises(ValueError, match=r"architecture must be given.*'mine'.*set of lenet5"):
        kc.weights.load(model, "mnist")
    kc.weights.load(model, "mnist", architecture="lenet5")


@pytest.mark.parametrize("weights", [3, True, b"mnist"])
def test_what_is_no_name_and_no_path_is_refused(weights):
    with pytest.raises(ValueError, match="weights must be None, the name of a set or the path"):
        kc.build_lenet5(weights=weights)


def test_numpy_integers_are_welcome():
    model = kc.build_vgg16(
        input_shape=tuple(np.array([32, 32, 3])), classes=np.int64(7), width=1 / 32
    )
    assert model.output_shape == (None, 7)


def test_preprocessing_of_no_architecture():
    with pytest.raises(ValueError, match=r"architecture must be one of 'alexnet'.*received 'mlp'"):
        kc.weights.preprocessing("mlp", "imagenet")


def test_nested_models_keep_their_weights_if_keras_fails_half_way(tmp_path):
    """Keras itself loads them, layer by layer; here the last one does not fit."""

    def nested(units):
        inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)], name="inner")
        return keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(units)], name="outer")

    file = tmp_path / "nested.weights.h5"
    nested(5).save_weights(file)
    model = nested(2)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"Nothing was loaded\. For other classes"):
        kc.weights.load(model, file)
    for now, own in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, own)


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
@pytest.mark.parametrize("names", [("left", "right"), ("conv2d_7", "conv2d_8")])
def test_branches_of_equal_shapes_keep_their_names(tmp_path, suffix, names):
    def branches(order):
        image = keras.Input((8, 8, 1))
        both = {name: keras.layers.Conv2D(4, 3, name=name) for name in names}
        made = {name: both[name](image) for name in order}
        return keras.Model(image, keras.layers.Concatenate()([made[name] for name in order]))

    saved, loaded = branches(names), branches(names[::-1])
    assert [layer.name for layer in saved.layers] != [layer.name for layer in loaded.layers]
    path = tmp_path / f"a{suffix}"
    (saved.save if suffix == ".keras" else saved.save_weights)(path)
    kc.weights.load(loaded, path)
    for name in names:
        ours, theirs = (model.get_layer(name).kernel for model in (loaded, saved))
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("nested", [False, True])
def test_weights_that_are_not_finite_are_told(tmp_path, nested):
    layers = [keras.Input((3,)), keras.layers.Dense(2, name="one"), keras.layers.Dense(2)]
    model = keras.Sequential(layers)
    if nested:
        model = keras.Sequential([keras.Input((3,)), model])
    weights = model.get_weights()
    weights[2][0, 0] = np.nan
    model.set_weights(weights)
    model.save_weights(tmp_path / "a.weights.h5")
    with pytest.warns(
        UserWarning, match=r"a\.weights\.h5' contains NaN or infinity, first in '.*ker"
    ):
        kc.weights.load(model, tmp_path / "a.weights.h5")


def test_a_name_is_no_model(tmp_path):
    with pytest.raises(TypeError, match=r"model must be a keras.Model; received str"):
        kc.weights.load("lenet5", tmp_path / "a.weights.h5")
