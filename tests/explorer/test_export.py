"""What a page holds, what is refused before anything is written, and how large it is."""

import base64
import io
import json
import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import kerascnn as kc
from kerascnn.explorer import _export
from kerascnn.explorer._export import page_data
from kerascnn.explorer._layers import ROWS
from kerascnn.explorer._weights import coded, decoded
from kerascnn.training._kept_weights import kept_file
from kerascnn.training._origin import Origin, sign

WORDS = "<img src=x onerror=alert(1)></script>\u2028"


@pytest.fixture(scope="module")
def lenet():
    return kc.build_lenet5(weights="mnist")


@pytest.fixture(scope="module")
def digits():
    images, labels = kc.datasets.load("digits").test
    return images[:20], labels[:20]


def model_of(page):
    """The data of a page."""
    (found,) = re.findall(r'<script type="application/json" id="model">(.*?)</script>', page)
    return json.loads(found)


def test_the_page_of_lenet_is_small_and_holds_its_weights(lenet, digits, tmp_path):
    path = kc.explorer.export(lenet, tmp_path / "lenet.html", samples=digits)
    assert path.stat().st_size <= 600_000
    data = model_of(path.read_text("utf-8"))
    for entry, weights in zip(data["arrays"], lenet.get_weights(), strict=True):
        np.testing.assert_array_equal(decoded(entry), weights)
    assert data["outputs"][0] | {"classes": None} == {
        "name": "predictions", "node": 8, "head": 8, "activation": "softmax", "classes": None,
        "pixels": False,
    }  # fmt: skip
    assert list(tmp_path.iterdir()) == [path]


def test_parameters_are_counted_as_in_keras():
    """What the page needs of a layer, such as Rescaling's scale, is no parameter."""
    steps = [layers.Rescaling(1 / 255), layers.Normalization(), layers.Conv2D(2, 3)]
    model = keras.Sequential([keras.Input((5, 5, 3)), *steps, layers.BatchNormalization()])
    data = page_data(model)
    # Normalization has a mean and a variance for each channel, and a count of examples.
    assert [node["parameters"] for node in data["nodes"]] == [0, 0, 7, 56, 8]
    assert data["parameters"] == model.count_params() == 71


def test_the_page_of_resnet20_is_small(tmp_path):
    path = kc.explorer.export(kc.build_resnet20(), tmp_path / "resnet.html")
    assert path.stat().st_size <= 2_200_000


def test_samples_are_pictures_with_their_classes(lenet, digits):
    images, labels = digits
    names = [f"digit {n}" for n in range(10)]
    data = page_data(lenet, samples=digits, class_names=names)
    for entry, image, label in zip(data["samples"], images, labels, strict=True):
        kind, _, text = entry["data"].partition(",")
        assert kind == "data:image/png;base64"
        seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
        np.testing.assert_allclose(seen / 255, image[..., 0], atol=0.5 / 255 + 1e-6)
        assert (entry["class"], entry["label"]) == (label, names[label])


def test_inputs_say_how_a_picture_becomes_what_the_network_sees():
    x = keras.Input((32, 32, 3))
    rescales = keras.Model(x, layers.Conv2D(2, 3)(layers.Rescaling(1 / 255)(x)))
    (one,) = page_data(rescales)["inputs"]
    assert (one["kind"], one["scale"], one["offset"]) == ("image", [255.0], [0.0])
    (one,) = page_data(kc.build_resnet20(), preprocessing="caffe")["inputs"]
    assert one["bgr"]
    assert one["offset"] == pytest.approx([-103.939, -116.779, -123.68])
    (one,) = page_data(kc.build_lenet5(), class_names=[f"class {n}" for n in range(10)])["inputs"]
    assert one["kind"] == "image"  # these are no digits
    (one,) = page_data(kc.build_lenet5(variant="1998"))["inputs"]
    assert (one["kind"], one["height"]) == ("digit", 32)
    vector = keras.Input((3,))
    (one,) = page_data(keras.Model(vector, layers.Dense(2)(vector)))["inputs"]
    assert one["kind"] == "numbers"


def test_samples_of_several_inputs_are_lists():
    x, y = keras.Input((4, 4, 3)), keras.Input((2,))
    features = layers.Concatenate()([layers.Flatten()(x), y])
    model = keras.Model([x, y], layers.Dense(2)(features))
    images, numbers = np.full((1, 4, 4, 3), 255, "uint8"), np.array([[0.5, -2.0]])
    (entry,) = page_data(model, samples=[images, numbers])["samples"]
    assert entry["data"][1] == [0.5, -2.0]
    assert entry["data"][0].startswith("data:image/png")


def test_a_nested_model_that_gets_integers():
    x = keras.Input((2, 2, 3), dtype="uint8")
    own = keras.Input((2, 2, 3))
    inner = keras.Model(own, layers.Rescaling(1 / 255)(own), name="inner")
    data = page_data(keras.Model(x, layers.Dense(2)(layers.Flatten()(inner(x)))))
    assert [node["type"] for node in data["nodes"]][:3] == ["InputLayer", "Identity", "Affine"]
    assert data["inputs"][0]["scale"] == [255.0]  # pictures in [0, 1] become 0 … 255


def test_samples_in_the_range_that_a_model_rescales():
    x = keras.Input((2, 2, 3))
    model = keras.Model(x, layers.Flatten()(layers.Rescaling(1 / 255)(x)))
    levels = np.array([0, 51, 128, 255] * 3).reshape(1, 2, 2, 3)
    expected = page_data(model, samples=levels.astype("uint8"))["samples"]
    for same in (levels.astype("float32"), levels / 255):
        assert page_data(model, samples=same)["samples"] == expected
    for beyond, most in ((levels + 1.0, "256"), (levels - 1.0, "254"), (levels / 250, "1.02")):
        with pytest.raises(ValueError, match=rf"in \[0, 255\], or uint8; received .* to {most}"):
            page_data(model, samples=beyond)


def test_a_smaller_type_states_what_it_changes(lenet, digits):
    images, _ = digits
    for dtype, share in (("float16", 0.5), ("int8", 0.25)):
        data = page_data(lenet, samples=images, dtype=dtype)
        copy = keras.models.clone_model(lenet)
        copy.set_weights([decoded(entry) for entry in data["arrays"]])
        change = abs(np.asarray(copy(images)) - np.asarray(lenet(images))).max()
        measured = data["measured"][dtype]
        assert 0 < measured["largest_change"] == pytest.approx(change, rel=1e-3)
        assert (measured["same_answer"], measured["pictures"]) == (1.0, 20)
        whole = page_data(lenet)["arrays"]
        sizes = [sum(len(entry["data"]) for entry in each) for each in (data["arrays"], whole)]
        assert sizes[0] == pytest.approx(share * sizes[1], rel=0.02)


@pytest.mark.parametrize(("dtype", "bound"), [("float16", 5e-4), ("int8", 4e-3), ("int16", 2e-5)])
def test_codes_are_as_near_as_their_steps(dtype, bound, rng):
    array = rng.normal(size=(3, 3, 2, 5)) * 10.0 ** np.arange(-2, 3)
    array[..., 0] = 0
    read = decoded(coded(array.astype("float32"), dtype))
    largest = abs(array).max(axis=(0, 1, 2))
    assert (abs(read - array).max(axis=(0, 1, 2)) <= bound * largest).all()


@pytest.fixture(scope="module")
def kept(lenet, tmp_path_factory):
    """A run that kept three epochs, whose weights come nearer to those of LeNet-5."""
    folder, rng = tmp_path_factory.mktemp("run"), np.random.default_rng(0)
    (folder / "epochs").mkdir()
    copy, weights = keras.models.clone_model(lenet), []
    for epoch, far in enumerate((1.0, 0.1, 0.0)):
        weights.append([w + far * rng.normal(size=w.shape) * 0.1 for w in lenet.get_weights()])
        copy.set_weights(weights[-1])
        copy.save_weights(kept_file(folder, epoch))
        sign(kept_file(folder, epoch), Origin("this run", epoch, epoch, ""))
    (folder / "config.json").write_text('{"run_id": "this run"}')
    (folder / "history.csv").write_text("epoch,loss,accuracy\n1,0.5,0.75\n2,0.25,1.0\n")
    return folder, weights


@pytest.mark.node
def test_every_checkpoint_equals_keras(lenet, digits, kept, script, compare):
    folder, weights = kept
    data = page_data(lenet, checkpoints=folder)
    assert [each["epoch"] for each in data["checkpoints"]] == [0, 1, 2]
    metrics = [each["metrics"] for each in data["checkpoints"]]
    assert metrics[0] == {}
    assert metrics[1:] == [
        {"loss": 0.5, "accuracy": 0.75},
        {"loss": 0.25, "accuracy": 1.0},
    ]
    assert data["checkpoints"][2]["arrays"] == {}  # nothing differs
    image, copy = digits[0][0], keras.models.clone_model(lenet)
    for nth, values in enumerate(weights):
        copy.set_weights(values)
        ours = script(
            """const net = KerasCNN.load(given.model);
            net.restore(given.nth);
            return net.forward([given.image]).values""",
            model=data,
            image=image,
            nth=nth,
        )
        theirs, _slopes = compare.by_keras(copy, [image], 0)
        for mine, other, node in zip(ours, theirs, data["nodes"], strict=True):
            compare.assert_close(mine, other, 1e-4, f"{node['name']} after epoch {nth}")


def test_an_epoch_that_was_interrupted_has_no_metrics(lenet, kept, tmp_path):
    folder = shutil.copytree(kept[0], tmp_path / "run")
    (folder / "history.csv").write_text("epoch,loss,accuracy\n1,0.5,0.75\n")
    shutil.copy(kept_file(folder, 1), folder / "epochs" / "0001 copy.weights.h5")
    epochs = page_data(lenet, checkpoints=folder)["checkpoints"]
    assert [each["metrics"] for each in epochs] == [{}, {"loss": 0.5, "accuracy": 0.75}, {}]


@pytest.mark.filterwarnings("ignore:Skipping nested container")  # by Keras, before its error
def test_epochs_that_cannot_be_shown_are_refused(lenet, kept, tmp_path):
    folder = shutil.copytree(kept[0], tmp_path / "run")
    copy = keras.models.clone_model(lenet)
    copy.set_weights([np.full_like(weights, np.nan) for weights in lenet.get_weights()])
    copy.save_weights(kept_file(folder, 1))
    sign(kept_file(folder, 1), Origin("this run", 1, 1, ""))
    with pytest.raises(ValueError, match=r"NaN or infinity in .*0001.* leave epoch 1 out"):
        page_data(lenet, checkpoints=folder)
    shutil.copy(kept_file(folder, 2), kept_file(folder, 1))
    with pytest.raises(OSError, match=r"epoch 1, cannot be read \(it is of epoch 2, not 1\)"):
        page_data(lenet, checkpoints=folder)
    kept_file(folder, 1).write_bytes(b"damaged")
    with pytest.raises(OSError, match="the weights of epoch 1, cannot be read"):
        page_data(lenet, checkpoints=folder)
    with pytest.raises(ValueError, match="do not fit"):
        page_data(kc.build_lenet5(classes=4), checkpoints=folder)


def test_texts_cannot_leave_their_place(tmp_path):
    """Names of classes, layers and the title are data, whatever they contain."""
    x = keras.Input((4, 4, 1))
    flat = layers.Flatten(name="a<b>&'\"")(x)
    model = keras.Model(x, layers.Dense(2, activation="softmax", name="c d<script>")(flat))
    path = kc.explorer.export(model, tmp_path / "p.html", class_names=[WORDS, "b"], title=WORDS)
    page = path.read_text("utf-8")
    assert "<img src=x" not in page
    assert "\u2028" not in page.partition('id="model">')[2].partition("</script>")[0]
    data = model_of(page)
    assert data["outputs"][0]["classes"][0] == WORDS == data["title"]
    assert kc.explorer.show(model, title=WORDS)._repr_html_().count("<") == 2


def refused():
    """What is refused, and with which words."""
    x = keras.Input((8, 8, 4))

    def model(*made):
        return keras.Sequential([x, *made])

    class Other(layers.Conv2D):
        def call(self, inputs):
            return 2 * super().call(inputs)

    class Half(layers.Activation):
        def call(self, inputs):
            return 0.5 * super().call(inputs)

    class Add(keras.Operation):  # the name of another
        def call(self, a, b):
            return a + 2 * b

        def compute_output_spec(self, a, b):
            return keras.KerasTensor(a.shape)

    odd = lambda a: a * a  # noqa: E731
    mask = keras.Input((8, 8, 4), dtype="bool")
    return {
        "custom": (model(Other(2, 3, name="mine")), "'mine' (Other): no kernel for it"),
        "attention": (model(layers.Reshape((64, 4)), layers.LSTM(2, name="l")), "'l' (LSTM)"),
        "function": (model(layers.Dense(2, activation=odd, name="d")), "the activation '<lambda>'"),
        "first": (
            model(layers.Conv2D(2, 1, data_format="channels_first", name="f")),
            "'f' (Conv2D): channels_first",
        ),
        "cubic": (
            model(layers.UpSampling2D(2, interpolation="bicubic", name="u")),
            "the interpolation 'bicubic'",
        ),
        "open": (
            keras.Sequential([keras.Input((None, 8, 4)), layers.Conv2D(2, 1)]),
            "without None",
        ),
        "activation": (model(layers.Dense(2, activation=Half("relu"))), "the activation 'Half'"),
        "operation": (keras.Model(x, Add(name="a")(x, x)), "'a' (Add): no kernel for it"),
        "mask": (
            keras.Model([x, mask], layers.Softmax(name="s")(x, mask=mask)),
            "'s' (Softmax): a tensor besides its input",
        ),
        "zero": (keras.Model(x, x / 0.0), "division by zero"),
    }


REFUSED = ("custom", "attention", "function", "first", "cubic", "open", "activation", "operation",
           "mask", "zero")  # fmt: skip


@pytest.fixture(scope="module")
def refusals():
    return refused()


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_page_lacks_is_refused_before_anything_is_written(name, refusals, tmp_path):
    model, words = refusals[name]
    with pytest.raises(ValueError, match=re.escape(words)) as error:
        kc.explorer.export(model, tmp_path / "page.html")
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.node
def test_a_subclass_that_changes_nothing_is_its_base(compare, shuffled):
    class Named(layers.Dense):
        def __init__(self, units, **options):
            super().__init__(units, **options)
            self.label = "mine"

    x = keras.Input((3,))
    compare(shuffled(keras.Model(x, Named(2, activation="softmax")(x))))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"lang": "fr"}, "lang must be one of"),
        ({"dtype": "int4"}, "dtype must be one of"),
        ({"class_names": ["a"]}, "class_names must be 10"),
        ({"class_names": "abc"}, "must be a sequence of names"),
        ({"class_names": {"other": ["a"]}}, "names of outputs, 'predictions'; received 'other'"),
        ({"samples": np.zeros((2, 9, 9, 1))}, "samples must be (N, 28, 28, 1)"),
        ({"samples": np.full((2, 28, 28, 1), 255.0)}, "in [0, 1], or uint8"),
        ({"samples": (np.zeros((2, 28, 28, 1)), np.zeros(3, int))}, "as many everywhere"),
        ({"samples": (np.zeros((2, 28, 28, 1)), np.zeros((2, 10)))}, "class indices"),
        ({"samples": (np.zeros((2, 28, 28, 1)), np.array([0, 10]))}, "labels from 0 to 9"),
        ({"samples": [np.zeros((28, 28, 1)), np.zeros((9, 9, 1))]}, "all have the same shape"),
        ({"preprocessing": "vgg"}, "preprocessing must be one of"),
        ({"preprocessing": 3}, "preprocessing must be one of"),
        ({"preprocessing": "caffe"}, "(28, 28, 1); received 'caffe', which is for 3 channels"),
        ({"checkpoints": "nowhere"}, "keep_every=1"),
    ],
)
def test_arguments_are_refused_in_one_line(options, line, lenet):
    with pytest.raises(ValueError, match=re.escape(line)) as error:
        page_data(lenet, **options)
    assert "\n" not in str(error.value)


def test_numbers_of_samples_are_finite():
    x = keras.Input((2,))
    with pytest.raises(ValueError, match="finite numbers"):
        page_data(keras.Model(x, layers.Dense(2)(x)), samples=np.array([[1.0, np.nan]]))


def test_an_output_that_appears_twice_has_names_each_time():
    x, y = keras.Input((3,)), keras.Input((3,))
    shared = layers.Dense(2, activation="softmax")
    data = page_data(keras.Model([x, y], [shared(x), shared(y)]), class_names=["a", "b"])
    assert [output["classes"] for output in data["outputs"]] == [["a", "b"]] * 2


def test_labels_of_pictures_without_classes_are_shown_as_they_are():
    x = keras.Input((4, 4, 1))
    samples = np.zeros((1, 4, 4, 1)), np.array([7])
    (entry,) = page_data(keras.Model(x, layers.Conv2D(1, 1)(x)), samples=samples)["samples"]
    assert entry["label"] == "7"


def test_the_list_of_layers_is_that_of_the_page():
    text = (Path(__file__).parents[2] / "docs" / "explorer.md").read_text("utf-8")
    listed = set(re.findall(r"`(\w+)`", text.partition("## Layers")[2].partition("##")[0]))
    kinds = {kind.__name__ for kind in ROWS} - {"InputLayer"}
    assert listed - {"glu", "sparsemax", "threshold"} == kinds


def test_a_page_that_is_too_large_is_refused_with_advice(lenet, kept, monkeypatch):
    monkeypatch.setattr(_export, "LIMIT", 0.2)  # MiB
    with pytest.raises(ValueError, match=r"61,706 weights take 0 MiB .* Use dtype='float16'"):
        page_data(lenet)
    page_data(lenet, dtype="float16")
    with pytest.raises(ValueError, match="Keep fewer epochs"):
        page_data(lenet, dtype="float16", checkpoints=kept[0])
    monkeypatch.setattr(_export, "LIMIT", 0.01)
    with pytest.raises(ValueError, match="a smaller network"):
        page_data(lenet)


def test_weights_that_are_no_numbers_are_refused():
    model = kc.build_perceptron()
    model.weights[1].assign([np.nan])
    with pytest.raises(ValueError, match="NaN or infinity in 'predictions/bias'"):
        page_data(model)


def test_a_slow_page_is_warned_of(monkeypatch):
    monkeypatch.setattr(_export, "FAST", 1e5)
    with pytest.warns(UserWarning, match="about 4 s in a browser"):
        page_data(kc.build_lenet5())


def test_an_unwritable_path_is_said_in_one_line(lenet, tmp_path):
    with pytest.raises(OSError, match="it is a folder"):
        kc.explorer.export(lenet, tmp_path)
