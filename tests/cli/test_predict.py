"""`kerascnn segment` and `kerascnn detect` on networks that are known by hand."""

import csv

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from keras import layers
from PIL import Image

import kerascnn as kc
from kerascnn import cli


@pytest.fixture
def kerascnn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli.main, list(map(str, arguments)))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Thresholds at 0.5 as networks of gray images, and one that always finds a box."""
    folder = tmp_path_factory.mktemp("models")
    inputs = keras.Input((None, None, 1))
    maps = layers.Conv2D(2, 1, activation="softmax")
    model = keras.Model(inputs, maps(inputs))
    maps.set_weights([np.array([0, 20.0]).reshape(1, 1, 1, 2), np.array([0, -10.0])])
    model.save(folder / "threshold.keras")
    one = layers.Conv2D(1, 1, activation="sigmoid")
    model = keras.Model(inputs, one(inputs))
    one.set_weights([np.array(20.0).reshape(1, 1, 1, 1), np.array([-10.0])])
    model.save(folder / "sigmoid.keras")
    inputs = keras.Input((8, 8, 3))
    dense = layers.Dense(7, kernel_initializer="zeros")
    grid = layers.Reshape((1, 1, 7))(dense(layers.Flatten()(inputs)))
    model = keras.Model(inputs, grid)
    dense.set_weights([np.zeros((192, 7)), np.array([0.5, 0.25, 0.5, 0.5, 0.8, 0, 1])])
    model.save(folder / "finder.keras")
    dense = layers.Dense(6, kernel_initializer="zeros")
    grid = layers.Reshape((1, 1, 6))(dense(layers.Flatten()(inputs)))
    model = keras.Model(inputs, grid)
    dense.set_weights([np.zeros((192, 6)), np.array([0.5, 0.25, 0.5, 0.5, 0.8, 1])])
    model.save(folder / "one.keras")
    return folder


@pytest.fixture
def photo(tmp_path):
    """Two bright squares of 100 and 25 pixels, and one that is too small to count."""
    image = np.zeros((60, 80), "uint8")
    image[10:20, 10:20] = image[40:45, 60:65] = image[30:32, 30:32] = 255
    Image.fromarray(image).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("resize", "sides", "size"), [("crop", (256, 320), (32, 40)), ("stretch", (256, 320), (32, 32))]
)
def test_a_run_on_resized_images_segments_at_their_scale(kerascnn, tmp_path, resize, sides, size):
    """A network that counts bright pixels in 9x9 finds the disc, and not the dots, only then."""
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
        for i in range(4):
            half = np.arange(sides[0] * sides[1]).reshape(sides) % sides[1] // (sides[1] // 2)
            Image.fromarray(np.uint8(half)).save(tmp_path / name / f"{i}.png")
    data = kc.datasets.from_directory(
        images="images", masks="masks", image_size=32, channels=1, resize=resize, check=False,
        mask_values=[0, 1],
    )  # fmt: skip
    inputs = keras.Input((None, None, 1))
    maps = layers.Conv2D(1, 3, activation="sigmoid", padding="same")
    model = keras.Model(inputs, maps(inputs))
    options = {"recipe": "alexnet", "dropout": 0.0, "epochs": 1, "batch_size": 3, "verbose": 0}
    maps.set_weights([np.full((3, 3, 1, 1), 10.0), np.array([-30.0])])
    kc.train(model, data, learning_rate=0.0, augment="none", run_dir="run", **options)
    y, x = np.ogrid[: sides[0], : sides[1]]
    disc = (y - 128) ** 2 + (x - 200) ** 2 < 50**2
    dot = (y - 40) ** 2 + (x - 40) ** 2 < 6**2
    Image.fromarray(np.uint8(255 * (disc | dot))).save("photo.png")
    result = kerascnn("segment", "photo.png", "--run", "run")
    assert result.exit_code == 0, result.output
    assert f"photo.png: resized to {size[0]}x{size[1]}, as in training" in result.stderr
    assert "images are resized" not in result.stderr
    (found,) = rows("photo_segment.csv")
    assert float(found["y"]) == pytest.approx(128, abs=4)
    assert float(found["x"]) == pytest.approx(200, abs=5)
    assert float(found["area"]) == pytest.approx(disc.sum(), rel=0.4)


def test_objects_and_areas(kerascnn, models, photo, tmp_path):
    result = kerascnn(
        "segment", photo, "--model", models / "threshold.keras", "--class-names", "ground,cell"
    )
    assert result.exit_code == 0, result.output
    assert "97.3%" in result.stdout  # of 4800 pixels, 129 are bright
    found = rows("photo_segment.csv")
    assert [(row["name"], row["area"], row["y"], row["x"]) for row in found] == [
        ("cell", "100", "14.5", "14.5"),
        ("cell", "25", "42.0", "62.0"),
    ]
    with Image.open("photo_segment.png") as picture:
        assert picture.size == (2000, 1125)
    two, table = result.stdout, rows("photo_segment.csv")
    result = kerascnn(
        "segment", photo, "--model", models / "sigmoid.keras", "--class-names", "ground,cell"
    )
    assert result.exit_code == 0, result.output
    assert (result.stdout, rows("photo_segment.csv")) == (two, table)
    result = kerascnn(
        "segment", photo, "--model", models / "sigmoid.keras", "--class-names", "bare\nground,cell"
    )
    assert result.stdout.startswith("bare ground   97.3%")
    result = kerascnn(
        "segment", photo, "--model", models / "threshold.keras", "--least", 1, "-o", "a.png"
    )
    assert len(rows("a.csv")) == 3
    assert (tmp_path / "a.png").exists()


def test_boxes_in_pixels(kerascnn, models, photo):
    result = kerascnn(
        "detect", photo, "--model", models / "finder.keras", "--boxes", 1,
        "--class-names", "cat,dog",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "dog  0.80" in result.stdout
    (row,) = rows("photo_detect.csv")
    assert (row["class"], row["name"], row["score"]) == ("1", "dog", "0.8000")
    assert [row[side] for side in ("left", "top", "right", "bottom")] == [
        "20.0", "0.0", "60.0", "30.0",
    ]  # fmt: skip
    result = kerascnn(
        "detect", photo, "--model", models / "one.keras", "--boxes", 1, "--class-names", "face"
    )
    assert "face  0.80" in result.stdout, result.output
    result = kerascnn(
        "detect", photo, "--model", models / "finder.keras", "--boxes", 1, "--score", 0.9
    )
    assert "no box with a score of 0.9" in result.stdout
    assert rows("photo_detect.csv") == []


def test_the_shipped_detector_finds_the_shapes_of_a_scene(kerascnn, tmp_path):
    """The picture has another size than the network's input."""
    data = kc.datasets.load("boxes", count=10)
    scene, truth = (part[1] for part in data.test)
    large = Image.fromarray((255 * scene).astype("uint8")).resize((224, 168))
    large.save(tmp_path / "scene.png")
    result = kerascnn("detect", "scene.png")
    assert result.exit_code == 0, result.output
    found = [
        [row["class"], row["score"], *(row[side] for side in ("left", "top", "right", "bottom"))]
        for row in rows("scene_detect.csv")
    ]
    kind, score, left, top, right, bottom = np.array(found, float).T
    places = [(left + right) / 448, (top + bottom) / 336, (right - left) / 224]
    boxes = np.column_stack([kind, score, *places, (bottom - top) / 168])
    truth = truth[truth[:, 0] >= 0]
    average = kc.metrics.average_precision(truth[None], [boxes], classes=6)
    assert len(boxes) == len(truth) == 3
    assert np.nanmin(average) == 1
    assert data.class_names[int(kind[0])] in result.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["segment", "nothing.png", "--model", "{models}/threshold.keras"],
            "'nothing.png' must be an image",
        ),
        (["segment", "{photo}", "--model", "{models}/finder.keras"], "must return a map"),
        (["detect", "{photo}", "--model", "{models}/threshold.keras"], "must return a grid"),
        (
            ["segment", "{photo}", "--model", "{models}/threshold.keras", "--class-names", "a,b,c"],
            "--class-names must be 2",
        ),
        (
            ["segment", "{photo}", "{photo}", "-o", "o.png", "--model", "{models}/finder.keras"],
            "a folder",
        ),
        (["segment", "{photo}", "--model", "unte"], "Did you mean 'unet'"),
        (["detect", "{photo}", "--model", "fcn32s"], "has no shipped ones"),
    ],
)
def test_bad_input_is_one_line(kerascnn, models, photo, arguments, line):
    result = kerascnn(*(each.format(photo=photo, models=models) for each in arguments))
    assert result.exit_code == 2, result.output
    assert line in result.stderr.splitlines()[-1]
