"""A run is loaded with its size, range and classes; its weights are told by where they lie."""

import json
import shutil
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

import kerascnn as kc
from kerascnn.datasets import from_directory

CLASSES = ("dark", "light")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes of pictures of 20x24."""
    path = tmp_path_factory.mktemp("data") / "pictures"
    rng = np.random.default_rng(0)
    for name, level in zip(CLASSES, (40, 200), strict=True):
        (path / name).mkdir(parents=True)
        for i in range(6):
            picture = level + rng.integers(0, 40, (20, 24, 3))
            Image.fromarray(picture.astype(np.uint8)).save(path / name / f"{i}.png")
    return path


def net(size):
    return kc.build_mlp(hidden=(4,), input_shape=(*size, 3), classes=2)


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    """A run on them at 10x12, and its model."""
    path = tmp_path_factory.mktemp("runs") / "run"
    model = net((10, 12))
    data = from_directory(folder, image_size=(10, 12))
    kc.train(model, data, epochs=1, batch_size=4, run_dir=path, verbose=0)
    return SimpleNamespace(path=path, model=model, data=data)


def test_a_run_is_loaded_as_it_was_trained(run):
    loaded = kc.trained.load(run.path)
    assert loaded.class_names == CLASSES
    assert loaded.preprocessing.name == "unit"
    assert "images are resized to 10x12x3, as in training" in loaded.note
    for ours, theirs in zip(loaded.model.get_weights(), run.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("recipe", ["alexnet", "adam"])
def test_a_run_of_cropped_images_sees_the_middle(folder, tmp_path, recipe):
    """As the validation images in training: resized to 20x20 first, not to the model's 16x16."""
    files = from_directory(folder, image_size=(20, 20)).train
    images, labels = np.asarray(files[0]), files[1]
    data = (images, labels), (images, labels)
    options = {"recipe": recipe, "augment": "crop_flip", "epochs": 1, "batch_size": 4, "verbose": 0}
    options |= {"dropout": 0.0} if recipe == "alexnet" else {}
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.Conv2D(2, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    kc.train(model, data, run_dir=tmp_path / "run", **options)
    loaded = kc.trained.load(tmp_path / "run")
    assert "images are resized to 20x20x3, cropped to 16x16, as in training" in loaded.note
    with Image.open(files[0].paths[0]) as image:
        picture = np.asarray(image)
    np.testing.assert_array_equal(loaded.fitted(picture), images[0][2:-2, 2:-2])
    again = kc.trained.load(kc.trained.save(loaded, tmp_path / "run.keras"))
    for net in (loaded, again):
        np.testing.assert_array_equal(net.prepared(images[:1]), images[:1][:, 2:-2, 2:-2])
        found = net.explain(picture)
        assert found.image.shape == (16, 16, 3)  # of the middle 20x20 of the picture
        np.testing.assert_allclose(
            found.probabilities, model.predict(images[:1][:, 2:-2, 2:-2], verbose=0)[0], rtol=1e-5
        )


def test_a_photo_is_seen_as_the_pictures_of_the_training(run):
    """To the last bit, so that a picture gets the same answer in both."""
    images, _labels = run.data.train
    loaded = kc.trained.load(run.path)
    with Image.open(images.paths[0]) as image:
        picture = np.asarray(image)
    np.testing.assert_array_equal(loaded.fitted(picture), images[0])
    expected = run.model.predict(images[:1], verbose=0)[0]
    np.testing.assert_allclose(loaded.explain(picture, "saliency").probabilities, expected, 1e-5)


def test_a_network_of_any_size_sees_photos_at_the_size_of_the_training(tmp_path):
    """All of a photo would be another question than the training's."""
    inputs = keras.Input((None, None, 3))
    maps = keras.layers.Conv2D(2, 3, padding="same")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    model = keras.Model(inputs, keras.layers.Softmax()(pooled))
    data = np.zeros((8, 6, 6, 3), np.float32), np.arange(8) % 2
    kc.train(model, data, epochs=1, batch_size=4, run_dir=tmp_path, verbose=0)
    loaded = kc.trained.load(tmp_path)
    assert loaded.fitted(np.zeros((40, 60, 3), np.uint8)).shape == (6, 6, 3)
    assert loaded.names == ("class 0", "class 1")


@pytest.mark.parametrize("source", [None, "mlp"])
@pytest.mark.parametrize("file", ["best", "last"])
def test_weights_alone_are_known_by_the_run_beside_them(source, file, run):
    options = {} if source is None else {"hidden": (4,), "classes": 2}
    loaded = kc.trained.load(source, weights=run.path / f"{file}.weights.h5", **options)
    assert loaded.class_names == CLASSES
    assert f"{file}.weights.h5 of '{run.path}'" in loaded.note
    assert loaded.fitted(np.zeros((40, 60, 3), np.uint8)).shape == (10, 12, 3)


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("lenet5", {}),
        ("mlp", {}),
        ("mlp", {"hidden": (4,), "classes": 3}),
        ("mlp", {"hidden": (4,), "input_shape": (12, 10, 3)}),
    ],
)
def test_another_network_than_the_runs_is_refused(source, options, run):
    with pytest.raises(ValueError, match=r"contains mlp for images \(10, 12, 3\)"):
        kc.trained.load(source, weights=run.path / "best.weights.h5", **options)


def test_a_run_keeps_the_range_of_its_images(run, tmp_path):
    for range_, name in (((0, 255), "0-255"), ((-1, 1), "signed"), ((0, 2), "0 to 2")):
        images = np.linspace(*range_, 8 * 300, dtype="float32").reshape(8, 10, 10, 3)
        path = tmp_path / name
        options = {"epochs": 1, "batch_size": 4, "verbose": 0, "input_range": range_}
        options["run_dir"] = path
        kc.train(net((10, 10)), (images, np.arange(8) % 2), **options)
        loaded = kc.trained.load(path)
        assert loaded.preprocessing.name == name
        white = loaded.inputs(loaded.fitted(np.full((5, 5, 3), 255, np.uint8)))
        np.testing.assert_allclose(white, range_[1])


def test_digits_have_the_form_of_mnist_in_a_run_too(tmp_path):
    model = kc.build_logistic_regression()
    digits = kc.datasets.load("digits")
    kc.train(model, digits, epochs=1, run_dir=tmp_path, verbose=0)
    loaded = kc.trained.load(tmp_path)
    images, _labels = digits.test
    paper = 1 - images[0].repeat(3, axis=-1)
    expected = kc.datasets.to_mnist_convention(images[:1])[0]
    np.testing.assert_allclose(loaded.fitted(paper), expected, atol=0.06)


def test_names_that_are_not_those_of_the_outputs_are_left_out(tmp_path):
    """As of a detector; names that the user gives are compared with the outputs."""
    data = SimpleNamespace(
        train=(np.zeros((8, 10, 10, 3), np.float32), np.arange(8) % 2),
        validation=None,
        class_names=("a", "b", "c"),
    )
    kc.train(net((10, 10)), data, epochs=1, batch_size=4, run_dir=tmp_path, verbose=0)
    assert kc.trained.load(tmp_path).names == ("class 0", "class 1")
    with pytest.raises(ValueError, match="class_names must be 2 names, one for each class"):
        kc.trained.load(tmp_path, class_names=["a", "b", "c"])


def test_a_run_without_weights_or_network_says_so(run, tmp_path):
    path = tmp_path / "copy"
    shutil.copytree(run.path, path)
    for name in ("best", "last"):
        (path / f"{name}.weights.h5").unlink()
    with pytest.raises(OSError, match="has finished no epoch yet"):
        kc.trained.load(path)
    with pytest.raises(OSError, match=r"must be 'best', 'last' or a file; received 'worst'"):
        kc.trained.load(path, weights="worst")
    (path / "model.json").unlink()
    with pytest.raises(OSError, match=r"with config\.json and model\.json; they cannot be read"):
        kc.trained.load(path)


def test_layers_of_the_users_are_named(run, tmp_path):
    path = tmp_path / "copy"
    shutil.copytree(run.path, path)
    config = json.loads((path / "model.json").read_text("utf-8"))
    config["config"]["layers"][-1] |= {"class_name": "Mine", "module": None}
    (path / "model.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"must describe layers of Keras and kerascnn.*Mine"):
        kc.trained.load(path)


class Own(keras.Model):
    """Says nothing of itself."""

    def __init__(self):
        super().__init__()
        self.flat, self.dense = keras.layers.Flatten(), keras.layers.Dense(2, "softmax")

    def call(self, x):
        return self.dense(self.flat(x))

    def get_config(self):
        raise NotImplementedError


def test_a_model_that_keras_cannot_describe_trains_all_the_same(tmp_path):
    model = Own()
    model(np.zeros((1, 4, 4, 3), "float32"))
    data = np.zeros((8, 4, 4, 3), np.float32), np.arange(8) % 2
    kc.train(model, data, epochs=1, run_dir=tmp_path, loss="sparse_categorical_crossentropy",
             batch_size=4, verbose=0)  # fmt: skip
    assert (tmp_path / "best.weights.h5").exists()
    assert not (tmp_path / "model.json").exists()
