"""`kerascnn gradcam`, `dream` and `style` as a user calls them, on a photo."""

import hashlib
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import kerascnn as kc
from kerascnn import cli
from kerascnn.trained import Trained, _architecture, load
from kerascnn.trained._layers import (
    STYLE_TO_CONTENT,
    content_layers,
    style_layers,
    style_weight,
)
from kerascnn.visualize import _style_transfer
from kerascnn.weights import _available, _official

LENET5 = ("--model", "lenet5", "--weights", "mnist")


@pytest.fixture(scope="module", autouse=True)
def built_once():
    """Commands share a net, and what is compiled of it, where its weights are the same."""
    build, built = _architecture._build, {}

    def shared(architecture, name, found, include_top, options, any_size):
        data = Path(name).read_bytes() if Path(name).is_file() else name
        key = architecture, data, found and found.name, include_top, str(options), any_size
        if key not in built:
            built[key] = build(architecture, name, found, include_top, options, any_size)
        return built[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_architecture, "_build", shared)
        yield


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save ResNet-20 with random weights, once for all tests; gives the file's bytes."""
    files = {}

    def save(**options):
        if str(options) not in files:
            path = tmp_path_factory.mktemp("nets") / "a.weights.h5"
            keras.utils.set_random_seed(0)
            kc.build_resnet20(**options).save_weights(path)
            files[str(options)] = path.read_bytes()
        return files[str(options)]

    return save


@pytest.fixture
def kerascnn(tmp_path, monkeypatch):
    """Call the command in a folder with two photos, without network and without a cache."""
    Image.fromarray(kc.datasets.photo("chelsea")).save(tmp_path / "cat.jpg")
    Image.fromarray(kc.datasets.photo("coffee")[::4, ::4]).save(tmp_path / "coffee.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "cache"))
    for source in _official.URLS:
        monkeypatch.setitem(_official.URLS, source, "http://127.0.0.1:9/")
    return lambda *arguments: CliRunner().invoke(cli.main, arguments)


def read(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_gradcam_prints_five_classes_and_draws(kerascnn, tmp_path):
    result = kerascnn("gradcam", "cat.jpg", "--model", "vgg16", "--weights", "cifar10")
    assert result.exit_code == 0, result.output
    *classes, path = result.stdout.splitlines()
    assert len(classes) == 5
    names = [line.split()[0] for line in classes]
    shares = [float(line.split()[-1].rstrip("%")) for line in classes]
    assert set(names) < {
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    }  # fmt: skip
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 100.1
    assert path == "cat_gradcam.png"
    assert read(tmp_path / path).std() > 10


@pytest.mark.slow
def test_gradcam_of_a_class_by_its_name(kerascnn, tmp_path):
    options = ["--model", "vgg16", "--weights", "cifar10"]
    for target, out in (("dog", "dog.png"), ("5", "five.png"), ("ship", "ship.png")):
        assert kerascnn("gradcam", "cat.jpg", *options, "--class", target, "-o", out).exit_code == 0
    np.testing.assert_array_equal(read(tmp_path / "dog.png"), read(tmp_path / "five.png"))
    assert (read(tmp_path / "dog.png") != read(tmp_path / "ship.png")).any()


def test_gradcam_explains_the_class_that_was_asked_for(kerascnn, monkeypatch):
    asked, grad_cam = [], kc.visualize.grad_cam

    def recorded(model, images, target, *more):
        asked.append(target)
        return grad_cam(model, images, target, *more)

    monkeypatch.setattr(kc.visualize, "grad_cam", recorded)
    for target in ("5", "8"):
        assert kerascnn("gradcam", "cat.jpg", *LENET5, "--class", target).exit_code == 0
    assert asked == [5, 8]


def test_gradcam_of_a_net_that_sees_grey(kerascnn, tmp_path):
    result = kerascnn("gradcam", "cat.jpg", *LENET5)
    assert result.exit_code == 0, result.output
    assert {line.split()[0] for line in result.stdout.splitlines()[:5]} < set("0123456789")
    assert (tmp_path / "cat_gradcam.png").stat().st_size


def test_without_network_a_shipped_network_does_it_and_says_so(kerascnn):
    result = kerascnn("gradcam", "cat.jpg", "--model", "resnet18")
    assert result.exit_code == 0, result.output
    assert "resnet18/imagenet is not available" in result.stderr
    assert "using vgg16/cifar10 from the package" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.slow
def test_weights_that_are_at_hand_are_taken(kerascnn, saved, tmp_path):
    (tmp_path / "mine.weights.h5").write_bytes(saved(classes=3))
    result = kerascnn("gradcam", "cat.jpg", "--model", "resnet20", "--weights", "mine.weights.h5")
    assert result.exit_code == 2
    assert "mine.weights.h5" in result.stderr  # of three classes, and ResNet-20 has ten
    mine = ["--model", "resnet20", "--weights", "mine.weights.h5", "--option", "classes=3"]
    result = kerascnn("gradcam", "cat.jpg", *mine)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("class ")
    assert result.stdout.count("class ") == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        "resnet20/mine.weights.h5: images are resized to 32x32x3; change it with"
    )
    assert "preprocessing unit is assumed; " in line
    assert "--preprocessing" in line
    small = ["--size", "48", "--octaves", "1", "--steps", "1"]
    result = kerascnn("dream", "cat.jpg", *mine, *small)  # of the whole net it takes what it needs
    assert result.exit_code == 0, result.output


@pytest.fixture
def a_file(saved, tmp_path, monkeypatch):
    """A file of ResNet-20; `publish` makes it the official one."""
    path, letters = tmp_path / "mine.weights.h5", tuple("abcdefghij")

    def save(**options):
        path.write_bytes(saved(**options))
        return path.name

    def publish(algorithm, digits):
        digest = hashlib.new(algorithm, path.read_bytes()).hexdigest()[:digits]
        row = _official.imagenet(
            architecture="resnet20", source="Keras", size=1.0, score=0.5, licence="MIT",
            preprocessing="caffe", parameters={1: "the whole net"},
            files={1: ("folder/official.h5", "0" * 32), 2: ("folder/official.h5", digest)},
            class_names=letters,
        )  # fmt: skip
        monkeypatch.setattr(_available, "OFFICIAL", (row,))

    return save, publish


@pytest.mark.parametrize(("algorithm", "digits"), [("md5", 32), ("sha256", 8)])
def test_an_official_file_is_known_by_its_hash(kerascnn, a_file, algorithm, digits):
    save, publish = a_file
    file = save()

    def net(preprocessing=None):
        return load("resnet20", weights=file, preprocessing=preprocessing)

    unknown, said = net(), net("caffe")
    assert (unknown.name, unknown.preprocessing.name) == ("resnet20/mine.weights.h5", "unit")
    assert unknown.note.startswith("images are resized to 32x32x3; ")
    assert "preprocessing unit is assumed; " in unknown.note
    assert said.preprocessing.name == "caffe"
    assert said.note.endswith("; preprocessing caffe, as specified")
    assert said.names[:2] == ("class 0", "class 1")
    publish(algorithm, digits)
    known, overruled = net(), net("torch")
    assert (known.name, known.preprocessing.name) == ("resnet20/imagenet", "caffe")
    assert known.note == "mine.weights.h5 has the hash of Keras's file; preprocessing caffe"
    assert known.class_names == overruled.class_names == tuple("abcdefghij")
    assert overruled.preprocessing.name == "torch"


def test_gradcam_gives_an_official_file_its_own_input_and_names(kerascnn, a_file, tmp_path):
    save, publish = a_file
    file = save()
    publish("md5", 32)
    result = kerascnn("gradcam", "coffee.png", "--model", "resnet20", "--weights", file)
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith("resnet20/imagenet: mine.weights.h5 has the hash of")
    net = load("resnet20", weights=file)
    picture = net.fitted(read(tmp_path / "coffee.png") / np.float32(255))
    scores = net.probabilities(kc.weights.MODES["caffe"](picture[None]))
    first = result.stdout.splitlines()[0].split()
    assert first == ["abcdefghij"[scores.argmax()], f"{scores.max():.1%}"]


@pytest.mark.slow
@pytest.mark.parametrize("command", [["dream", "cat.jpg"], ["style", "cat.jpg", "coffee.png"]])
def test_dreams_and_styles_know_the_input_of_a_file(command, kerascnn, a_file, tmp_path):
    save, publish = a_file
    options = ["--model", "resnet20", "--weights", save(include_top=False), "--size", "64"]

    def picture(out, *more):
        result = kerascnn(*command, *options, "--steps", "2", "-o", out, *more)
        assert result.exit_code == 0, result.output
        return read(tmp_path / out)

    unit, caffe = picture("a.png"), picture("b.png", "--preprocessing", "caffe")
    assert (unit != caffe).any()
    publish("md5", 32)
    np.testing.assert_array_equal(picture("c.png"), caffe)


def test_a_file_of_other_classes_is_refused(kerascnn, a_file):
    save, _publish = a_file
    with pytest.raises(ValueError, match=r"\(64, 10\) and \(10,\) in the model and \(64, 3\)"):
        load("resnet20", weights=save(classes=3), include_top=False)


@pytest.mark.parametrize("official", [True, False])
def test_of_the_file_of_a_whole_net_the_top_is_left_out(kerascnn, a_file, official):
    save, publish = a_file
    file = save()
    whole = kc.build_resnet20(weights=file)
    if official:
        publish("md5", 32)
    model = load("resnet20", weights=file, include_top=False).model
    assert model.output_shape == (None, None, None, 64)
    for ours, theirs in zip(model.get_weights(), whole.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_dream_in_the_size_of_the_photo(kerascnn, tmp_path):
    result = kerascnn("dream", "cat.jpg", "--octaves", "2", "--steps", "2", "--size", "120")
    assert result.exit_code == 0, result.output
    assert "using vgg16/cifar10 from the package" in result.stderr
    dreamt = read(tmp_path / "cat_dream.png")
    small = Image.open(tmp_path / "cat.jpg").resize((120, 80))
    assert dreamt.shape == (80, 120, 3)
    difference = np.abs(dreamt.astype(float) - np.asarray(small)).mean()
    assert 1 < difference < 60  # changed, and still the photo


def test_a_dream_of_named_layers_and_of_a_guide(kerascnn, tmp_path):
    small = ["--octaves", "1", "--steps", "2", "--size", "64", "--weights", "cifar10"]
    for more in (["-o", "a.png"], ["-o", "b.png", "--guide", "coffee.png"]):
        result = kerascnn("dream", "cat.jpg", "--layers", "block2_conv1", *small, *more)
        assert result.exit_code == 0, result.output
        assert result.stderr.splitlines()[0] == "vgg16/cifar10"
    assert (read(tmp_path / "a.png") != read(tmp_path / "b.png")).any()


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_style(kerascnn, tmp_path, optimizer):
    result = kerascnn(
        "style", "cat.jpg", "coffee.png", "--steps", "3", "--size", "64", "--optimizer", optimizer
    )
    assert result.exit_code == 0, result.output
    assert read(tmp_path / "cat_coffee.png").shape == (43, 64, 3)


def change(one, other):
    return np.abs(one.astype(float) - other).mean()


@pytest.mark.parametrize("network", ["vgg16", pytest.param("resnet20", marks=pytest.mark.slow)])
def test_the_style_is_seen(network, kerascnn, tmp_path):
    """In the colours of coffee, and still the cat."""
    Image.open(tmp_path / "cat.jpg").resize((64, 48)).save(tmp_path / "small.png")
    options = ["--model", network, "--weights", "cifar10", "--steps", "25", "--size", "64"]

    def painted(*more):
        result = kerascnn("style", "small.png", "coffee.png", *options, "-o", "out.png", *more)
        assert result.exit_code == 0, result.output
        return read(tmp_path / "out.png")

    content, style, default = read(tmp_path / "small.png"), read(tmp_path / "coffee.png"), painted()
    faint = painted("--style-weight", "0.1")  # enough for VGG19 and ImageNet, not for these
    assert change(default, content) > max(12, 1.5 * change(faint, content))
    colors = [change(picture.mean((0, 1)), style.mean((0, 1))) for picture in (default, content)]
    assert colors[0] < 2 / 3 * colors[1]
    assert np.corrcoef(default.mean(-1).ravel(), content.mean(-1).ravel())[0, 1] > 0.5
    np.testing.assert_array_equal(painted("--style-weight", "0"), content)


def test_layers_of_a_style_by_name(kerascnn):
    options = ["--model", "vgg16", "--weights", "cifar10", "--steps", "1", "--size", "64"]
    layers = ["--content-layers", "block3_pool", "--style-layers", "block1_conv2, block2_pool"]
    result = kerascnn("style", "cat.jpg", "coffee.png", *options, *layers, "--style-weight", "2.5")
    assert result.exit_code == 0, result.output
    told = "content block3_pool, style block1_conv2,block2_pool, style weight 2.5"
    assert result.stderr.splitlines()[1] == told


def net_of(model):
    return Trained(model=model, name="a/b", preprocessing=kc.weights.MODES["unit"])


def test_layers_as_deep_as_the_papers():
    vgg = kc.build_vgg19(include_top=False)
    assert tuple(content_layers(vgg)) == _style_transfer.CONTENT_LAYERS
    assert tuple(style_layers(vgg)) == _style_transfer.STYLE_LAYERS
    alexnet = kc.build_alexnet(include_top=False)
    assert content_layers(alexnet) == ["conv2"]
    assert style_layers(alexnet) == ["conv1", "conv2", "conv3"]
    resnet = load("resnet20", weights="cifar10", include_top=False).model
    assert content_layers(resnet) == ["conv3_block1_2_conv"]
    stages = ["conv1_conv", "conv3_block1_1_conv", "conv4_block1_1_conv"]
    assert style_layers(resnet) == stages


def test_the_weight_of_the_style_by_hand():
    """½·1² for the content; G = ¼ in 3 x 3 places, so 9 · ¼² / (4 · 3²) for the style."""
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 1, name="one")])
    model.set_weights([np.eye(3)[None, None], np.zeros(3)])
    content, style = np.ones((1, 4, 6, 3)), np.full((1, 5, 5, 3), 0.5)
    weight = style_weight(net_of(model), content, style, ["one"], ["one"])
    assert weight == pytest.approx(STYLE_TO_CONTENT * (1 / 2) / (9 / 16 / 36), rel=1e-5)
    assert np.isfinite(style_weight(net_of(model), content, 0 * style, ["one"], ["one"]))


def test_a_network_without_convolutions_has_no_style(kerascnn, tmp_path):
    net = kc.models.build("mlp", include_top=False, input_shape=(8, 8, 3))
    net.save_weights(tmp_path / "mlp.weights.h5")
    options = ["--model", "mlp", "--weights", "mlp.weights.h5", "--option", "input_shape=[8, 8, 3]"]
    result = kerascnn("style", "cat.jpg", "coffee.png", *options)
    assert result.exit_code == 2
    assert "--content-layers must be layers of mlp" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["gradcam", "dog.jpg"], "'dog.jpg' must be an image"),
        (["gradcam", "cat.jpg", "--model", "resnet21"], "resnet20"),
        (["gradcam", "cat.jpg", "--model", "lenet5", "--weights", "imagenet"], "weights must be"),
        (["dream", "cat.jpg", "-o", "cat.jpg"], "must differ from the inputs"),
        (["gradcam", "cat.jpg", *LENET5, "--option", "include_top=false"], "must be omitted"),
        (
            ["dream", "cat.jpg", *LENET5],
            "must take RGB images; received lenet5, which takes 1 channel.",
        ),
        (
            ["gradcam", "cat.jpg", "--model", "vgg16", "--weights", "cifar10", "--class", "cow"],
            "--class must be one of 'airplane'",
        ),
        (["dream", "cat.jpg", "--weights", "cifar10", "--layers", "conv9"], "conv9"),
        (["dream", "cat.jpg", "--size", "9999"], "9999 is not in the range"),
        (["style", "cat.jpg", "cow.jpg"], "'cow.jpg' must be an image"),
        (["style", "cat.jpg"], "Missing argument 'STYLE'"),
        (["style", "cat.jpg", "coffee.png", "--style-layers", "conv9"], "conv9"),
        (["style", "cat.jpg", "coffee.png", "--style-weight", "-1"], "-1.0 is not in the range"),
        (
            ["dream", "cat.jpg", "--preprocessing", "rgb"],
            "--preprocessing must be one of 'unit', 'signed'",
        ),
        (["dream", "cat.jpg", "-o", "none/a.png"], "folder must exist"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments, line, kerascnn, tmp_path):
    before = sorted(tmp_path.iterdir())
    result = kerascnn(*arguments)
    assert result.exit_code == 2
    (error,) = [one for one in result.stderr.splitlines() if one.startswith("Error: ")]
    assert line in error
    assert [path for path in sorted(tmp_path.iterdir()) if path.name != "cache"] == before


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["gradcam", "cat.jpg"], "--layer"),
        (["dream", "cat.jpg"], "--layers"),
        (["style", "cat.jpg", "coffee.png"], "--content-layers"),
        (["style", "cat.jpg", "coffee.png"], "--style-layers"),
    ],
)
def test_layers_are_checked_before_weights_are_loaded(kerascnn, monkeypatch, command, option):
    def loaded(*_arguments, **_options):
        raise AssertionError("the weights were loaded")

    monkeypatch.setattr(kc.trained, "load", loaded)
    network = ("--model", "resnet20", "--weights", "cifar10")
    result = kerascnn(*command, *network, option, "conv9")
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith(f"Error: {option} must be one of 'input', ")
    assert result.stderr.count("\n") == 1


def test_a_class_of_a_file_without_names(kerascnn, tmp_path):
    keras.Sequential(
        [keras.Input((32, 32, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)]
    ).save(tmp_path / "a.keras")
    result = kerascnn("gradcam", "cat.jpg", "--model", "a.keras", "--class", "dent")
    assert result.exit_code == 2
    line = result.stderr.splitlines()[-1]
    assert line.startswith("Error: --class must be a number, since a.keras has no class names")
    assert "Give --class-names" in line


def vector_of(shape):
    """An input of images, and a vector computed from it."""
    image = keras.Input(shape)
    maps = keras.layers.Conv2D(2, 3, padding="same", activation="relu")(image)
    return image, keras.layers.GlobalAveragePooling2D()(maps)


@pytest.mark.parametrize(
    ("shape", "outputs", "line"),
    [
        (
            (8, 8, 3),
            lambda x: {"kind": keras.layers.Softmax()(x), "age": x},
            "a list whose first gives the classes; a.keras returns a dict of 'age', 'kind'",
        ),
        ((8, 8, 3), keras.ops.tanh, "must end in softmax, log_softmax or linear scores of classes"),
        ((8, 8, 3), keras.layers.Dense(1), "one linear unit, which may be a regression"),
        ((3, 8, 8), keras.layers.Softmax(), "takes (None, 3, 8, 8), with the channels first"),
        ((8, 8, 8), keras.layers.Softmax(), "which takes 8 channels"),
    ],
)
def test_a_file_that_is_no_classifier_of_photos_is_refused(
    shape, outputs, line, kerascnn, tmp_path
):
    image, x = vector_of(shape)
    keras.Model(image, outputs(x)).save(tmp_path / "a.keras")
    result = kerascnn("gradcam", "cat.jpg", "--model", "a.keras")
    assert result.exit_code == 2
    (error,) = [one for one in result.stderr.splitlines() if one.startswith("Error: ")]
    assert line in error


def test_a_file_with_one_number_for_an_image_is_read(kerascnn, tmp_path):
    """It has a sigmoid, and no axis of units."""
    image, x = vector_of((8, 8, 3))
    unit = keras.layers.Dense(1, activation="sigmoid", kernel_initializer="zeros")(x)
    keras.Model(image, keras.layers.Reshape(())(unit)).save(tmp_path / "a.keras")
    names = ("--class-names", "no,yes", "--method", "occlusion")
    result = kerascnn("gradcam", "cat.jpg", "--model", "a.keras", *names)
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.stdout.splitlines()[:2]] == [
        ["no", "50.0%"],
        ["yes", "50.0%"],
    ]
