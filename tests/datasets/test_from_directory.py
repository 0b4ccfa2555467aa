import numpy as np
import pytest
from PIL import Image

from kerascnn.datasets import ImageFiles, from_directory

GREY = {"ant": 40, "bee": 120, "cat": 200}  # the classes' brightness, by which pictures are known


def fill(folder, counts, first=0):
    """Write pictures, each with a value of its own in the corner."""
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for i in range(count):
            picture = np.full((8, 8, 3), GREY[name], np.uint8)
            picture[0, 0] = first + i
            Image.fromarray(picture).save(folder / name / f"{i}.png")


@pytest.fixture
def folder(tmp_path):
    fill(tmp_path / "zoo", {"cat": 20, "ant": 10, "bee": 5})
    return tmp_path / "zoo"


def check_labels(part, class_names):
    images, labels = part
    np.testing.assert_allclose(images[:][:, 4, 4, 0] * 255, [GREY[class_names[k]] for k in labels])
    assert [path.parent.name for path in images.paths] == [class_names[k] for k in labels]


def test_each_folder_is_a_class_and_each_part_has_its_share_of_it(folder):
    data = from_directory(folder, image_size=8, validation=0.2, test=0.4)
    assert data.class_names == ("ant", "bee", "cat")
    assert np.bincount(data.validation[1]).tolist() == [2, 1, 4]
    assert np.bincount(data.test[1]).tolist() == [4, 2, 8]
    assert np.bincount(data.train[1]).tolist() == [4, 2, 8]
    for part in (data.train, data.validation, data.test):
        check_labels(part, data.class_names)
    text = "<Dataset 'zoo': 14 train, 7 validation, 14 test; 8x8x3, 3 classes>"
    assert repr(data) == text


def test_each_file_is_in_one_part(folder):
    data = from_directory(folder, image_size=8, validation=0.2, test=0.2)
    paths = [p for part in (data.train, data.validation, data.test) for p in part[0].paths]
    assert sorted(paths) == sorted(folder.rglob("*.png"))


def test_the_seed_draws_and_orders(folder):
    def paths(seed):
        data = from_directory(folder, image_size=8, seed=seed)
        return data.train[0].paths, data.validation[0].paths

    assert paths(0) == paths(0)
    assert set(paths(0)[1]) != set(paths(1)[1])
    labels = from_directory(folder, image_size=8).train[1]
    assert len(set(labels[:8])) > 1  # not class by class


def test_without_validation_there_is_none(folder):
    data = from_directory(folder, image_size=8, validation=0)
    assert data.validation is None
    assert data.test is None
    assert len(data.train[1]) == 35
    assert repr(data) == "<Dataset 'zoo': 35 train; 8x8x3, 3 classes>"


@pytest.mark.parametrize("name", ["validation", "val"])
def test_folders_of_parts_are_the_parts(tmp_path, name):
    fill(tmp_path / "train", {"cat": 4, "ant": 6})
    fill(tmp_path / name, {"cat": 1, "ant": 2})
    fill(tmp_path / "test", {"cat": 3})
    data = from_directory(tmp_path, image_size=8)
    assert data.class_names == ("ant", "cat")
    counts = [np.bincount(part[1]).tolist() for part in (data.train, data.validation, data.test)]
    assert counts == [[6, 4], [2, 1], [0, 3]]
    for part, where in ((data.train, "train"), (data.validation, name), (data.test, "test")):
        check_labels(part, data.class_names)
        assert {path.parent.parent.name for path in part[0].paths} == {where}


def test_a_part_that_has_no_folder_is_drawn_from_the_training(tmp_path):
    fill(tmp_path / "train", {"cat": 10, "ant": 10})
    fill(tmp_path / "test", {"cat": 3, "ant": 3})
    data = from_directory(tmp_path, image_size=8)
    assert [len(part[1]) for part in (data.train, data.validation, data.test)] == [16, 4, 6]


def test_a_class_may_be_called_train(tmp_path):
    for kind in ("bus", "train"):
        (tmp_path / kind).mkdir()
        for i in range(3):
            Image.new("RGB", (8, 8)).save(tmp_path / kind / f"{i}.png")
    assert from_directory(tmp_path, image_size=8).class_names == ("bus", "train")


def test_what_is_no_picture_by_its_name_or_hidden_is_ignored(folder):
    (folder / "labels.csv").write_text("nothing")
    (folder / "ant" / "notes.txt").write_text("nothing")
    (folder / "ant" / "._0.png").write_bytes(b"what a Mac leaves")
    (folder / ".thumbnails").mkdir()
    (folder / "bee" / ".cache").mkdir()
    (folder / "bee" / ".cache" / "1.png").write_bytes(b"")
    data = from_directory(folder, image_size=8, validation=0)
    assert np.bincount(data.train[1]).tolist() == [10, 5, 20]


def test_folders_within_a_class_and_endings_in_capitals_count(folder):
    (folder / "ant" / "more").mkdir()
    Image.new("RGB", (8, 8)).save(folder / "ant" / "more" / "A.JPG")
    data = from_directory(folder, image_size=8, validation=0)
    assert np.bincount(data.train[1]).tolist() == [11, 5, 20]


def test_size_channels_and_resize_reach_the_pictures(folder):
    images, _ = from_directory(folder, image_size=(4, 6), channels=1, resize="stretch").train
    assert images.shape[1:] == (4, 6, 1)
    assert images.resize == "stretch"


def test_pictures_come_in_the_range_that_a_model_takes(folder):
    plain, levels, signed = (
        from_directory(folder, image_size=8, input_range=ends).train[0][:]
        for ends in ((0, 1), (0, 255), (-1, 1))
    )
    np.testing.assert_allclose(levels, 255 * plain, rtol=1e-6)
    np.testing.assert_allclose(signed, 2 * plain - 1, atol=1e-6)
    with pytest.raises(ValueError, match=r"input_range must be two numbers, .* received None"):
        from_directory(folder, image_size=8, input_range=None)


def test_something_that_is_no_picture_is_found_at_once_or_when_it_is_read(folder):
    (folder / "bee" / "3.png").write_bytes(b"no picture")
    with pytest.raises(OSError, match=r"image '.*bee.3\.png' cannot be read"):
        from_directory(folder, image_size=8)
    data = from_directory(folder, image_size=8, validation=0, check=False)
    with pytest.raises(OSError, match=r"image '.*bee.3\.png' cannot be read"):
        np.asarray(data.train[0])


def test_folders_that_hold_no_data_set(tmp_path, folder):
    with pytest.raises(FileNotFoundError, match=r"directory; '.*nowhere' does not exist"):
        from_directory(tmp_path / "nowhere", image_size=8)
    with pytest.raises(NotADirectoryError, match=r"path must be a directory; '.*0\.png' is a file"):
        from_directory(folder / "cat" / "0.png", image_size=8)
    with pytest.raises(ValueError, match="cat' must contain a directory of images for each class"):
        from_directory(folder / "cat", image_size=8)
    with pytest.raises(ValueError, match=r"must contain directories for two or .* only 'zoo'"):
        from_directory(tmp_path, image_size=8)
    (folder / "dog").mkdir()
    with pytest.raises(ValueError, match=r"dog' must contain images, since each .* \.jpg"):
        from_directory(folder, image_size=8)


def test_a_class_that_only_the_test_has(tmp_path):
    fill(tmp_path / "train", {"cat": 10, "ant": 10})
    fill(tmp_path / "test", {"bee": 3})
    with pytest.raises(ValueError, match=r"test' must contain only classes .*; received 'bee'"):
        from_directory(tmp_path, image_size=8)


def test_a_class_with_too_few_pictures(tmp_path):
    fill(tmp_path, {"cat": 10, "ant": 1})
    with pytest.raises(ValueError, match="class 'ant' must have at least one image for each split"):
        from_directory(tmp_path, image_size=8)
    assert len(from_directory(tmp_path, image_size=8, validation=0).train[1]) == 11


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation": 1.0}, "fractions whose sum is less than 1; received 1.0 and 0.0"),
        ({"validation": -0.1}, "received -0.1 and 0.0"),
        ({"validation": 0.6, "test": 0.6}, "received 0.6 and 0.6"),
        ({"test": "0.2"}, "received 0.2 and '0.2'"),
        ({"seed": -1}, "seed must be a whole number of at least 0; received -1"),
    ],
)
def test_a_wrong_option_is_refused(folder, options, message):
    with pytest.raises(ValueError, match=message):
        from_directory(folder, image_size=8, **options)


def test_a_model_is_trained_with_files_batch_by_batch(folder, monkeypatch):
    import keras

    import kerascnn as kc

    rows_read = []
    read = ImageFiles.__getitem__
    monkeypatch.setattr(
        ImageFiles, "__getitem__", lambda self, rows: rows_read.append(rows) or read(self, rows)
    )
    layers = [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")]
    data = from_directory(folder, image_size=8)
    training = kc.train(keras.Sequential(layers), data, epochs=2, batch_size=8, verbose=0)
    assert len(training.history["val_accuracy"]) == 2
    batches = [len(rows) for rows in rows_read if isinstance(rows, np.ndarray)]
    assert batches.count(8) >= 2 * 3  # 28 training pictures: three full batches and a rest


def test_classes_in_the_users_order(tmp_path):
    for name in ("dent", "good"):
        (tmp_path / name).mkdir()
        for i in range(4):
            Image.new("RGB", (4, 4)).save(tmp_path / name / f"{i}.png")
    names = ("good", "dent")
    data = from_directory(tmp_path, image_size=4, class_names=names)
    assert data.class_names == names
    for images, labels in (data.train, data.validation):
        assert [names[label] for label in labels] == [path.parent.name for path in images.paths]
    assert data.reading["class_names"] == ["good", "dent"]
    with pytest.raises(ValueError, match=r"class_names must be .* dent, good; received good\.$"):
        from_directory(tmp_path, image_size=4, class_names=["good"])


def test_a_problem_of_all_images_is_reported_once(tmp_path):
    """In one line, whatever the number of parts: 16-bit images that use little of their range."""
    for name in ("ant", "bee"):
        (tmp_path / name).mkdir()
        for i in range(4):
            dark = np.full((8, 8), 100 + 50 * (name == "bee"), np.uint16)
            dark[0] = 90
            Image.fromarray(dark).save(tmp_path / name / f"{i}.png")
    data = from_directory(tmp_path, image_size=8, validation=0.25, test=0.25)
    with pytest.warns(UserWarning, match="are not reported") as caught:
        seen = [part[0][:] for part in (data.train, data.validation, data.test)]
    assert (len(caught), len(seen)) == (1, 3)
    assert "Pass window=(black, white)" in str(caught[0].message)
