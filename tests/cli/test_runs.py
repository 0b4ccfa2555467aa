"""Own pictures, own model: a folder is trained on, and the run is looked into."""

import json
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import kerascnn as kc
from kerascnn import cli
from kerascnn.cli._data import in_levels
from kerascnn.cli._network import chosen
from kerascnn.cli.evaluate import of_classes
from kerascnn.cli.explain import outputs


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with pictures of two classes, a `.keras` file and, trained on them, its run."""
    path = tmp_path_factory.mktemp("place")
    rng = np.random.default_rng(0)
    for name, level in (("dark", 30), ("light", 180)):
        (path / "pictures" / name).mkdir(parents=True)
        for i in range(10):
            picture = (level + rng.integers(0, 60, (48, 60, 3))).astype(np.uint8)
            Image.fromarray(picture).save(path / "pictures" / name / f"{name}{i}.png")
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="maps"),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="last"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, "softmax"),
        ],
        name="small",
    )
    model.save(path / "small.keras")
    return path


@pytest.fixture
def kerascnn(place, monkeypatch):
    monkeypatch.chdir(place)
    return lambda *arguments: CliRunner().invoke(cli.main, arguments)


@pytest.fixture
def run(kerascnn, place):
    """The run directory; trained once."""
    if not (place / "run").exists():
        options = ("--epochs", "1", "--batch-size", "8", "--run-dir", "run")
        result = kerascnn("train", "small.keras", "--data", "pictures", *options)
        assert result.exit_code == 0, result.output
        assert "images are resized to 16x16x3; " in result.stderr
        assert "has 48x60" in result.stderr
        assert "kerascnn gradcam PHOTO --run run" in result.stderr
    return "run"


DARK, LIGHT = "pictures/dark/dark0.png", "pictures/light/light0.png"


def shape(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).shape


def test_gradcam_sees_what_the_training_saw(kerascnn, run, place):
    result = kerascnn("gradcam", DARK, LIGHT, "--run", run)
    assert result.exit_code == 0, result.output
    assert "images are resized to 16x16x3, as in training" in result.stderr
    lines = result.stdout.splitlines()
    assert [lines[0], lines[4]] == [f"{DARK}:", f"{LIGHT}:"]
    assert {line.split()[0] for line in lines[1:3] + lines[5:7]} == {"dark", "light"}
    assert [lines[3], lines[7]] == ["dark0_gradcam.png", "light0_gradcam.png"]
    assert all((place / name).is_file() for name in (lines[3], lines[7]))


def test_outputs_lie_in_the_current_directory_under_names_of_their_own():
    """In a folder of a class they would be pictures to train on."""
    names = [str(path) for path in outputs((DARK, LIGHT), None, "saliency")]
    assert names == ["dark0_saliency.png", "light0_saliency.png"]
    twins = [str(path) for path in outputs(("a/1.png", "b/1.png"), None, "gradcam")]
    assert twins == ["a_1_gradcam.png", "b_1_gradcam.png"]


@pytest.mark.slow
def test_weights_of_a_run_alone_are_as_the_run(kerascnn, run, tmp_path):
    def printed(*options):
        result = kerascnn("gradcam", DARK, *options, "-o", str(tmp_path / "a.png"))
        assert result.exit_code == 0, result.output
        return result.stdout

    expected = printed("--run", run)
    assert printed("--weights", "run/best.weights.h5") == expected
    assert printed("--model", "run") == expected


@pytest.mark.slow
def test_several_pictures_and_methods_in_one_figure_or_in_a_folder(kerascnn, run, tmp_path):
    methods = ("--method", "grad_cam", "--method", "saliency")
    sheet, one = str(tmp_path / "sheet.png"), str(tmp_path / "one.png")
    assert kerascnn("gradcam", DARK, LIGHT, "--run", run, *methods, "-o", sheet).exit_code == 0
    assert kerascnn("gradcam", DARK, "--run", run, *methods, "-o", one).exit_code == 0
    assert shape(sheet)[0] > 1.7 * shape(one)[0]  # a row for each
    folder = tmp_path / "folder"
    result = kerascnn("gradcam", DARK, LIGHT, "--run", run, *methods, "-o", f"{folder}/")
    names = [f"{name}_grad_cam_saliency.png" for name in ("dark0", "light0")]
    assert sorted(path.name for path in folder.iterdir()) == names, result.output


@pytest.mark.slow
def test_names_of_classes_for_a_file(kerascnn, tmp_path):
    (tmp_path / "names.txt").write_text("night\nday\n", "utf-8")
    out = ("-o", str(tmp_path / "a.png"))
    for names in ("night,day", str(tmp_path / "names.txt")):
        options = ("--model", "small.keras", "--class-names", names, "--class", "day")
        result = kerascnn("gradcam", DARK, *options, *out)
        assert result.exit_code == 0, result.output
        assert {line.split()[0] for line in result.stdout.splitlines()[:2]} == {"night", "day"}


def test_evaluate_looks_at_what_the_run_did_not_train_on(kerascnn, run, tmp_path):
    out = str(tmp_path / "confusion.svg")
    result = kerascnn("evaluate", run, "--data", "pictures", "-o", out)
    assert result.exit_code == 0, result.output
    assert "validation of 'pictures': 4 pictures" in result.stderr
    rows = [line.split()[0] for line in result.stdout.splitlines() if line.strip()]
    assert [name for name in rows if name in ("dark", "light")] == ["dark", "light"]
    assert "AUC" in result.stdout  # of two classes
    everything = kerascnn("evaluate", "--run", run, "--data", "pictures", "--part", "all")
    assert "20 labels" in everything.stdout


@pytest.fixture(scope="module")
def elsewhere(place):
    """A run that was trained in Python on pictures read otherwise, and its test loss."""
    data = kc.datasets.from_directory(
        place / "pictures",
        image_size=16,
        validation=0.1,
        test=0.3,
        resize="stretch",
        window=(0, 200),
        input_range=(-1, 1),
        class_names=("light", "dark"),
        seed=5,
    )
    model = keras.models.load_model(place / "small.keras")
    options = {"input_range": (-1, 1), "epochs": 1, "batch_size": 8, "verbose": 0}
    run = kc.train(model, data, run_dir=place / "elsewhere", **options)
    return kc.evaluate(run.best(), data, input_range=(-1, 1)).loss


def test_a_run_says_how_its_pictures_were_read(kerascnn, place, elsewhere):
    """Size, range, window and split as in Python; else it would be tested on what it has seen."""
    result = kerascnn("evaluate", "--run", "elsewhere", "--data", "pictures")
    assert result.exit_code == 0, result.output
    assert "test of 'pictures': 6 pictures" in result.stderr
    assert "positive is 'dark'" in result.stdout
    assert "Warning" not in result.stderr
    loss = float(result.stdout.split("loss ")[1].split(",")[0])
    assert loss == pytest.approx(elsewhere, abs=1e-3)
    net = kc.trained.load(place / "elsewhere")
    picture = np.zeros((48, 60, 3), np.float32)
    picture[:, :6] = 1  # would be cut away by a crop to a square
    assert net.view(picture).shape == (48, 60, 3)
    assert net.fitted(picture)[8, 0] == pytest.approx(1)
    assert chosen(None, "elsewhere", None, None, ()).window(None) == (0, 200)
    assert chosen(None, "elsewhere", None, None, ()).window((1, 2)) == (1, 2)


def test_evaluate_goes_by_the_names_of_the_classes(kerascnn, run, place):
    """Folders in another order, or fewer, must not change what a class is."""
    for name in ("dark", "light"):
        (place / "other" / f"{name}").mkdir(parents=True, exist_ok=True)
        for i in range(3):
            source = place / "pictures" / name / f"{name}{i}.png"
            (place / "other" / name / f"{i}.png").write_bytes(source.read_bytes())
    right = kerascnn("evaluate", "--run", run, "--data", "other")
    assert "all of 'other': 6 pictures" in right.stderr
    turned = kerascnn("evaluate", "small.keras", "--data", "other", "--class-names", "light,dark")
    plain = kerascnn("evaluate", "small.keras", "--data", "other", "--class-names", "dark,light")
    both = [float(r.stdout.split()[1].rstrip(",")) for r in (turned, plain)]
    assert sum(both) == pytest.approx(1, abs=2e-4)
    strange = kerascnn("evaluate", "small.keras", "--data", "other", "--class-names", "a,b")
    assert strange.exit_code == 2
    assert "received 'dark'. Set --class-names" in strange.stderr


def test_a_folder_does_not_say_which_of_two_classes_of_its_name():
    net = SimpleNamespace(name="net", class_names=("crane", "dog", "crane"))
    labels = np.array([0, 1])
    assert of_classes(net, labels[:1], ("dog",), "folder")[0] == [1]
    with pytest.raises(ValueError, match="'crane' for 0 and 2 of the model: set --class-names"):
        of_classes(net, labels, ("crane", "dog"), "folder")


@pytest.mark.parametrize("network", [("--run", "run"), ("--model", "small.keras")])
def test_dreams_and_styles_of_a_run_and_of_a_file(network, kerascnn, run, tmp_path):
    out = str(tmp_path / "out.png")
    small = ("--size", "40", "-o", out, *network)
    result = kerascnn("dream", DARK, "--octaves", "1", "--steps", "1", "--layers", "last", *small)
    assert result.exit_code == 0, result.output
    assert shape(out) == (32, 40, 3)
    result = kerascnn("style", DARK, LIGHT, "--steps", "1", *small)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("network", [("--run", "run"), ("small.keras",)])
def test_describe_and_diagram_of_a_run_and_of_a_file(network, kerascnn, run, place, tmp_path):
    result = kerascnn("describe", *network, "--columns", "layer,parameters", "--format", "csv")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "name,parameters"
    assert "maps,112" in lines  # 3·3·3·4 + 4
    assert any(line.startswith("dense") and line.endswith(",10") for line in lines)  # 4·2 + 2
    out = str(tmp_path / "d.svg")
    result = kerascnn("diagram", *network, "-o", out, "--lang", "ko")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "d.svg").read_text("utf-8").count("<path") > 10


def test_a_model_that_rescales_gets_levels(kerascnn, place, tmp_path):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Rescaling(1 / 255, name="to_unit"),
            layers.Flatten(),
            layers.Dense(2, "softmax"),
        ]
    )
    file, folder = str(tmp_path / "rescales.keras"), str(tmp_path / "run")
    model.save(file)
    options = ("--epochs", "1", "--batch-size", "8", "--run-dir", folder)
    options += ("--learning-rate", "0.01")
    result = kerascnn("train", file, "--data", "pictures", *options)
    assert result.exit_code == 0, result.output
    assert "the layer 'to_unit' expects images from 0 to 255" in result.stderr
    config = json.loads((tmp_path / "run" / "config.json").read_text("utf-8"))
    assert config["input_range"] == [0, 255]
    assert config["recipe"]["learning_rate"] == 0.01
    for wrong in ("-0.1", "nan"):
        result = kerascnn("train", file, "--data", "pictures", "--learning-rate", wrong)
        assert result.exit_code == 2
        assert "learning_rate must be a number of at least 0" in result.stderr
    result = kerascnn("evaluate", folder, "--data", "pictures")
    assert "validation of 'pictures': 4 pictures" in result.stderr
    history = (tmp_path / "run" / "history.csv").read_text("utf-8").splitlines()
    row = dict(zip(history[0].split(","), map(float, history[1].split(",")), strict=True))
    loss = float(result.stdout.split("loss ")[1].split(",")[0])
    assert loss == pytest.approx(row["val_loss"], abs=1e-3)


def test_arrays_in_levels():
    found = kc.datasets.load("digits")
    levels = in_levels(found)
    np.testing.assert_array_equal(levels.test[0], 255 * found.test[0])
    assert levels.train[0].max() == 255
    assert levels.test[1] is found.test[1]
    assert in_levels(replace(found, validation=None)).validation is None


def test_what_a_run_says_of_itself(kerascnn, run, place):
    config = json.loads((place / run / "config.json").read_text("utf-8"))
    assert config["class_names"] == ["dark", "light"]
    assert config["input_range"] == [0.0, 1.0]
    assert config["data"]["image_shape"] == [16, 16, 3]
    assert chosen(None, run, None, None, ()).known_names() == ("dark", "light")
    refused = kerascnn("gradcam", DARK, "--run", run, "--class", "drak")
    assert refused.stderr.endswith("received 'drak'. Did you mean 'dark'?\n")
    assert len(refused.stderr.splitlines()) == 1  # the network has not been loaded


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["gradcam", DARK, "--run", "pictures"], "with config.json and model.json"),
        (["gradcam", DARK, "--run", "none"], "there is no such folder"),
        (["gradcam", DARK, "--run", "none", "--model", "vgg16"], "--model must be omitted"),
        (["gradcam", DARK, "--model", "none.keras"], "'none.keras' does not exist"),
        (["gradcam", DARK, DARK], "would be written twice"),
        (["gradcam", DARK, "--model", DARK], "received the file"),
        (["gradcam", DARK, "--method", "occlude"], "Did you mean 'occlusion'"),
        (["evaluate", "--data", "digits"], "NAME must be an architecture, unless --run"),
        (["evaluate", "lenet5", "--data", "nowhere/x"], "'nowhere/x' does not exist"),
        (["evaluate", "lenet5", "--model", "lenet5", "--data", "digits"], "given once"),
        (["train", "small.keras", "--data", "pictures", "--width", "2"], "omit --option and"),
        (["train", "small.keras", "--data", "pictures", "--size", "20"], "accepts only 16x16"),
        (["train", DARK, "--data", "pictures"], "an architecture or a .keras file"),
        (["describe", "small.keras", "--variant", "same"], "--variant must be omitted"),
        (["describe", "small.keras", "--run", "run"], "give either NAME or --run"),
        (["diagram", "lenet5", "--format", "gif"], "--format must be any of svg, png, pdf"),
        (["diagram", "lenet5", "-o", "a.gif"], "in one of .svg, .png, .pdf"),
        (["describe", "lenet5", "-o", "a.doc"], "--out must end in one of .txt, .md"),
        (["gradcam", DARK, "--option", "weights=a"], "must be an argument of the builder"),
        (["describe", "lenet5", "--option", "include_top=0"], "use --no-top"),
        (["describe", "lenet5", "--columns", "mac"], "Did you mean 'MACs'"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments, line, kerascnn):
    result = kerascnn(*arguments)
    assert result.exit_code == 2, result.output
    assert line in result.stderr
    assert len(result.stderr.splitlines()) == 1
