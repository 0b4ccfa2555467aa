import csv
import json

import h5py
import keras
import numpy as np
import pytest

from kerascnn.training import PadCropFlip, train

OPTIONS = {"epochs": 6, "batch_size": 16, "seed": 2, "verbose": 0}
PLATEAU = {"recipe": "alexnet", "plateau_patience": 1, "learning_rate": 0.03}


class Interrupt(keras.callbacks.Callback):
    """Stop a run after some epochs, as Ctrl-C would."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.after:
            raise KeyboardInterrupt


class InterruptWithin(Interrupt):
    """Stop a run in the middle of an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        pass

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (self.after, 1):
            raise KeyboardInterrupt


def augment():
    return keras.Sequential(
        [keras.layers.RandomTranslation(0.2, 0.2), keras.layers.GaussianNoise(0.05)]
    )


def snapshot(directory):
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


@pytest.fixture
def run(bars, make_model, tmp_path):
    def start(model=None, data=bars, **options):
        return train(model or make_model(), data, **{**OPTIONS, **options})

    return start


@pytest.mark.parametrize(
    ("recipe", "interrupts"),
    [
        ({}, [Interrupt(2), Interrupt(4)]),
        (PLATEAU, [InterruptWithin(3)]),
        ({"schedule": "cosine"}, [Interrupt(1)]),
    ],
)
def test_a_resumed_run_ends_as_if_it_had_never_stopped(run, tmp_path, recipe, interrupts):
    whole = run(augment=augment(), **recipe)
    for interrupt in interrupts:
        with pytest.raises(KeyboardInterrupt):
            run(augment=augment(), run_dir=tmp_path, callbacks=[interrupt], **recipe)
    resumed = run(augment=augment(), run_dir=tmp_path, **recipe)
    assert resumed.history == whole.history
    assert resumed.best_epoch == whole.best_epoch
    for one, other in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    if recipe is PLATEAU:
        assert len(set(whole.history["learning_rate"])) > 1  # there was a state to keep


def test_a_run_stopped_in_its_first_epoch_starts_from_its_own_weights(run, make_model, tmp_path):
    whole = run()
    with pytest.raises(KeyboardInterrupt):
        run(run_dir=tmp_path, callbacks=[InterruptWithin(0)])
    other = make_model()
    other.set_weights([w + 1 for w in other.get_weights()])
    assert run(model=other, run_dir=tmp_path).history == whole.history


def test_more_epochs_go_on_from_a_finished_run(run, tmp_path):
    whole = run()
    run(run_dir=tmp_path, epochs=4)
    longer = run(run_dir=tmp_path)
    assert longer.history == whole.history
    np.testing.assert_array_equal(longer.model.get_weights()[0], whole.model.get_weights()[0])


def test_a_finished_run_returns_at_once(run, tmp_path):
    first = run(run_dir=tmp_path, callbacks=[keras.callbacks.EarlyStopping("loss", min_delta=9)])
    assert len(first.history["loss"]) < 6  # stopped early: still finished
    files = snapshot(tmp_path)
    again = run(run_dir=tmp_path, callbacks=[Interrupt(1)])
    assert (again.history, again.best_epoch) == (first.history, first.best_epoch)
    np.testing.assert_array_equal(again.model.get_weights()[0], first.model.get_weights()[0])
    assert snapshot(tmp_path) == files


def test_history_csv_has_the_history(run, tmp_path):
    result = run(run_dir=tmp_path)
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    for key, values in result.history.items():
        assert [float(row[key]) for row in rows] == values
    assert rows[0]["learning_rate"] == "0.001"


def test_the_best_weights_are_those_of_the_best_epoch(run, make_model, bars, tmp_path):
    result = run(run_dir=tmp_path, recipe="alexnet", learning_rate=0.5, epochs=8)
    assert result.best_epoch < 8  # so that best and last differ
    model = make_model()
    model.load_weights(tmp_path / "best.weights.h5")
    model.compile(metrics=["accuracy"], loss="sparse_categorical_crossentropy")
    scores = model.evaluate(*bars[1], verbose=0, return_dict=True)
    best = result.best_epoch - 1
    assert result.history["val_accuracy"][best] == max(result.history["val_accuracy"])
    assert scores["accuracy"] == pytest.approx(result.history["val_accuracy"][best])
    assert scores["loss"] == pytest.approx(result.history["val_loss"][best], rel=1e-4)


def test_the_best_weights_come_without_the_optimizers(run, tmp_path):
    model = run(run_dir=tmp_path).model
    for name, there in (("best.weights", False), ("last.weights", False), ("backup/state", True)):
        with h5py.File(tmp_path / f"{name}.h5") as file:
            assert ("optimizer" in file) == there
    assert model.optimizer is not None


def test_nothing_but_the_files_of_a_run_is_left(run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(run_dir=tmp_path / "a" / "b", callbacks=[InterruptWithin(1)])
    assert sorted(snapshot(tmp_path / "a" / "b")) == [
        "backup/state.h5",
        "best.weights.h5",
        "config.json",
        "history.csv",
        "last.weights.h5",
    ]


def test_a_write_that_fails_leaves_the_old_files(run, tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        run(run_dir=tmp_path, callbacks=[Interrupt(2)])
    before = snapshot(tmp_path)

    def half(self, path, *args, **kwargs):
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(keras.Model, "save_weights", half)
    with pytest.raises(OSError, match="No space left"):
        run(run_dir=tmp_path)
    assert snapshot(tmp_path) == before


def test_a_directory_with_another_run_is_refused_and_untouched(run, make_model, bars, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(run_dir=tmp_path, callbacks=[Interrupt(1)])
    before = snapshot(tmp_path)
    darker = (bars[0], (bars[1][0] / 2, bars[1][1]))
    for change, message in (
        ({"learning_rate": 0.5}, "learning_rate is 0.001 there and 0.5 here"),
        ({"recipe": "alexnet"}, "recipe is 'adam' there and 'alexnet' here"),
        ({"batch_size": 10}, "batch_size is 16 there and 10 here"),
        ({"seed": 3}, "seed is 2 there and 3 here"),
        ({"augment": np.abs}, "augment is 'none' there"),
        ({"data": darker}, "data is '"),
        ({"model": make_model(classes=3)}, "model is '128 parameters, .*' there and '177 param"),
        ({"model": make_model(dropout=0.1)}, "model is '128"),  # as many weights, another network
        ({"resume": False}, "holds a run already and resume is False"),
    ):
        with pytest.raises(ValueError, match=message):
            run(run_dir=tmp_path, **change)
        assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ({"augment": PadCropFlip(2)}, {"augment": PadCropFlip(1)}),
        (
            {"augment": keras.Sequential([PadCropFlip(1)])},
            {"augment": keras.Sequential([PadCropFlip(1, flip=False)])},
        ),
        (
            {"loss": keras.losses.SparseCategoricalCrossentropy()},
            {"loss": keras.losses.SparseCategoricalCrossentropy(ignore_class=5)},
        ),
    ],
)
def test_what_changes_images_or_loss_is_told_by_its_options(run, tmp_path, there, here):
    run(run_dir=tmp_path, epochs=1, **there)
    run(run_dir=tmp_path, epochs=2, **there)
    with pytest.raises(ValueError, match=r"holds another run: (augment|loss) is"):
        run(run_dir=tmp_path, epochs=3, **here)


def test_the_recipe_that_is_kept_names_what_changed_the_images(run, tmp_path):
    result = run(run_dir=tmp_path, recipe="vgg", epochs=1, augment=PadCropFlip(1))
    assert result.augment == "PadCropFlip"
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["recipe"]["augment"] == "PadCropFlip"
    assert run(recipe="resnet", epochs=1).augment == "pad_crop_flip"


def test_a_cosine_over_other_epochs_is_another_run(run, tmp_path):
    run(run_dir=tmp_path, schedule="cosine", epochs=2)
    with pytest.raises(ValueError, match="epochs is 2 there and 6 here"):
        run(run_dir=tmp_path, schedule="cosine")


def test_damaged_files_are_told(run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(run_dir=tmp_path, callbacks=[Interrupt(1)])
    backup = tmp_path / "backup" / "state.h5"
    whole = backup.read_bytes()
    backup.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OSError, match=r"state\.h5' cannot be read"):
        run(run_dir=tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"no readable config\.json of a run"):
        run(run_dir=tmp_path)


def test_somebody_elses_config_is_left_alone(run, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"mine": 1}))
    with pytest.raises(ValueError, match=r"no readable config\.json of a run"):
        run(run_dir=tmp_path)
    assert snapshot(tmp_path) == {"config.json": b'{"mine": 1}'}


def test_a_directory_that_cannot_be_made(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"cannot be written \(Not a directory\)"):
        run(run_dir=tmp_path / "file" / "run")
