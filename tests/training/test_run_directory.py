import csv
import json
import shutil
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from kerascnn.training import PadCropFlip, Training, train
from kerascnn.training._run_config import _stable

OPTIONS = {
    "recipe": "alexnet", "schedule": "step", "steps": (3, 4), "learning_rate": 0.1, "epochs": 5,
    "dropout": 0.1, "batch_size": 5, "seed": 3, "verbose": 0,
}  # fmt: skip


def augment():
    return keras.Sequential([keras.layers.GaussianNoise(0.05), keras.layers.GaussianDropout(0.02)])


def snapshot(directory):
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def run(bars, make_model):
    def start(model=None, data=bars, **options):
        options = {"augment": augment(), **OPTIONS, **options}
        return train(model or make_model(), data, **options)

    return start


@pytest.fixture(scope="module")
def whole(run):
    """A run without a directory."""
    return run()


@dataclass
class Stopped:
    """The same run, which stopped early and holds itself for finished; 2 epochs of 3."""

    path: Path
    training: Training


@pytest.fixture(scope="module")
def stopped(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("stopped") / "a" / "b"  # both have to be made
    stop = keras.callbacks.EarlyStopping("loss", min_delta=9)
    return Stopped(path, run(run_dir=path, epochs=3, callbacks=[stop]))


@pytest.fixture
def copied(stopped, tmp_path):
    """A directory of a test's own, with that run."""
    return shutil.copytree(stopped.path, tmp_path / "copied")


class Look(keras.callbacks.Callback):
    """Take a snapshot before epoch 4."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 3:
            self.before = snapshot(self.path)


@dataclass
class Resumed:
    """It went on for more epochs, could not write the fourth, and went on to the end."""

    path: Path
    training: Training
    before_the_write: dict
    after_the_write: dict


@pytest.fixture(scope="module")
def resumed(run, stopped, tmp_path_factory):
    path = shutil.copytree(stopped.path, tmp_path_factory.mktemp("resumed") / "run")
    save, calls = keras.Model.save_weights, []

    def half(self, file, *args, **kwargs):
        calls.append(file)
        if len(calls) == 1:  # epoch 3
            return save(self, file, *args, **kwargs)
        file.write_bytes(b"half")
        raise OSError("No space left on device")

    look = Look(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "save_weights", half)
        with pytest.raises(OSError, match="No space left"):
            run(run_dir=path, callbacks=[look])
    after = snapshot(path)
    return Resumed(path, run(run_dir=path), look.before, after)


def test_a_resumed_run_ends_as_if_it_had_never_stopped(whole, resumed):
    """Also where it had come to its end, with fewer epochs."""
    assert resumed.training.history == whole.history
    assert resumed.training.best_epoch == whole.best_epoch
    ours, theirs = resumed.training.model.get_weights(), whole.model.get_weights()
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_rate_falls_after_the_steps(whole):
    np.testing.assert_allclose(whole.history["learning_rate"], [0.1] * 3 + [0.01, 0.001], rtol=1e-6)


def test_a_finished_run_returns_at_once(run, stopped, copied):
    first = stopped.training
    assert len(first.history["loss"]) == 2  # of 3: stopped early, still finished
    stop = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: pytest.fail("it went on"))
    again = run(run_dir=copied, epochs=3, callbacks=[stop])
    assert (again.history, again.best_epoch) == (first.history, first.best_epoch)
    ours, theirs = again.model.get_weights(), first.model.get_weights()
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
    assert snapshot(copied) == snapshot(stopped.path)


def test_history_csv_has_the_history(resumed):
    with open(resumed.path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4, 5]
    for key, values in resumed.training.history.items():
        assert [float(row[key]) for row in rows] == values
    assert rows[0]["learning_rate"] == "0.1"


def test_the_best_weights_are_those_of_the_best_epoch(resumed, make_model, bars):
    history, best = resumed.training.history, resumed.training.best_epoch - 1
    assert best < 4  # so that best and last differ
    assert history["val_accuracy"][best] == max(history["val_accuracy"])
    assert history["val_accuracy"][best] > min(history["val_accuracy"])
    model = make_model()
    model.load_weights(resumed.path / "best.weights.h5")
    images, labels = bars[1]
    chances = model.predict_on_batch(images)
    accuracy = (chances.argmax(axis=1) == labels).mean()
    assert accuracy == pytest.approx(history["val_accuracy"][best])
    loss = -np.log(chances[np.arange(len(labels)), labels]).mean()
    assert loss == pytest.approx(history["val_loss"][best], rel=1e-4)


def test_the_best_weights_come_without_the_optimizers(resumed):
    for name, there in (("best.weights", False), ("last.weights", False), ("backup/state", True)):
        with h5py.File(resumed.path / f"{name}.h5") as file:
            assert ("optimizer" in file) == there
    assert resumed.training.model.optimizer is not None


def test_nothing_but_the_files_of_a_run_is_left(stopped, resumed):
    for path in (stopped.path, resumed.path):
        assert sorted(snapshot(path)) == [
            "backup/state.h5",
            "best.weights.h5",
            "config.json",
            "history.csv",
            "last.weights.h5",
            "model.json",
        ]


def test_a_write_that_fails_leaves_the_old_files(resumed):
    assert resumed.after_the_write == resumed.before_the_write


def test_a_directory_with_another_run_is_refused_and_untouched(run, make_model, bars, copied):
    before = snapshot(copied)
    fit, (images, labels) = bars
    for change, message in (
        ({"learning_rate": 0.5}, "learning_rate is 0.1 there and 0.5 here"),
        ({"recipe": "adam", "momentum": 0.0}, "recipe is 'alexnet' there and 'adam' here"),
        ({"batch_size": 10}, "batch_size is 5 there and 10 here"),
        ({"seed": 4}, "seed is 3 there and 4 here"),
        ({"augment": keras.ops.abs}, "augment is .*GaussianNoise.* there and 'abs"),
        ({"data": (fit, (images / 2, labels))}, "data is '"),  # darker
        ({"data": (fit, (images, 1 - labels))}, "data is '"),
        ({"model": make_model(classes=3)}, "model is '128 parameters, .*' there and '177 param"),
        ({"model": make_model(dropout=0.1)}, "model is '128"),  # as many weights, another network
        ({"resume": False}, "already contains a run and resume is False"),
    ):
        with pytest.raises(ValueError, match=message):
            run(run_dir=copied, **change)
        assert snapshot(copied) == before


@pytest.mark.parametrize(
    ("there", "others"),
    [
        (
            {
                "augment": keras.layers.GaussianNoise(0.1),
                "loss": keras.losses.SparseCategoricalCrossentropy(),
            },
            [
                {"augment": keras.layers.GaussianNoise(0.2)},
                {"loss": keras.losses.SparseCategoricalCrossentropy(ignore_class=5)},
            ],
        ),
        (
            {"augment": keras.Sequential([PadCropFlip(1)])},
            [{"augment": keras.Sequential([PadCropFlip(1, flip=False)])}],
        ),
        (
            {"augment": None, "input_range": (0, 1)},
            [{"input_range": (0, 2)}, {"input_range": None}],
        ),
    ],
)
def test_what_changes_images_or_loss_is_told_by_its_options(
    begin, run, make_model, bars, tmp_path, there, others
):
    there = OPTIONS | {"run_dir": tmp_path} | there
    for epochs in (1, 2):  # the second goes on
        begin(make_model(), bars, **there | {"epochs": epochs})
    for here in others:
        (key,) = here
        with pytest.raises(ValueError, match=f"holds another run: {key} is"):
            run(**there | here)


def focal(gamma):
    def loss(labels, scores):
        own = keras.ops.take_along_axis(scores, keras.ops.cast(labels, "int32")[:, None], axis=1)
        return (1 - own[:, 0]) ** gamma

    return loss


def power(labels, scores, gamma):
    return focal(gamma)(labels, scores)


class Focal(keras.losses.Loss):
    """A loss that does not describe its argument, nor what differs at each call."""

    def __init__(self, gamma):
        super().__init__()
        self.gamma, self.seed, self.place = gamma, np.random.default_rng().random(), object()

    def call(self, labels, scores):
        return focal(self.gamma)(labels, scores)


class Times(keras.Layer):
    """An augmentation that Keras cannot describe."""

    def __init__(self, factor, function):
        super().__init__()
        self.factor, self.function = factor, function
        self.random = keras.random.SeedGenerator()

    def call(self, images):
        return self.function(images) * self.factor


DIFFERENT = {
    "closure": ("loss", lambda i: focal(1.0 + i)),
    "closure in a closure": ("loss", lambda i: partial(power, gamma=np.float64(1 + i))),
    "array": ("loss", lambda i: focal(np.full(1, 1.0 + i))),
    "own loss": ("loss", lambda i: Focal(1.0 + i)),
    "method": ("loss", lambda i: Focal(1.0 + i).call),
    "own layer": ("augment", lambda i: Times(1.0 - 0.1 * i, keras.ops.abs)),
    "function of a layer": ("augment", lambda i: Times(1.0, partial(keras.ops.power, x2=1 + i))),
    "layer in layers": ("augment", lambda i: keras.Sequential([Times(1.0 - 0.1 * i, abs)])),
    "class weights": ("class_weight", lambda i: {0: 1.0, 1: 2.0 + i}),
    "precision": ("precision", lambda i: ("float32", "mixed_bfloat16")[i]),
}


@pytest.mark.parametrize(("key", "make"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_was_made_with_other_arguments_is_another_run(
    begin, bars, make_model, tmp_path, key, make
):
    data = tf.data.Dataset.from_tensor_slices(bars[0]).batch(5)  # whose weights are not hashed
    options = OPTIONS | {"run_dir": tmp_path, "augment": "none", "recipe": "adam"}
    options = {k: v for k, v in options.items() if k not in ("schedule", "steps", "dropout")}
    for _ in range(2):
        begin(make_model(), data, **options | {key: make(0)})
    with pytest.raises(ValueError, match=f"holds another run: {key} is .* there and .* here"):
        train(make_model(), data, **options | {key: make(1)})


def several_things():
    return [make(0) for _, make in DIFFERENT.values()], np.nan, {"a": {1, 2}, "b": object()}


def test_a_description_is_the_same_for_other_objects():
    """Nothing in it is an address, or a number drawn at random."""
    first, second = several_things(), several_things()
    assert json.dumps(_stable(first)) == json.dumps(_stable(second))
    assert " at 0x" not in str(_stable(first))


def test_the_layer_that_is_frozen_tells_runs_apart(begin, bars, tmp_path):
    def frozen(number):
        model = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten()])
        for units in (4, 4, 4, 2):
            model.add(keras.layers.Dense(units, activation="softmax"))
        model.layers[number].trainable = False
        return model

    options = {"epochs": 1, "batch_size": 50, "run_dir": tmp_path}
    for _ in range(2):
        begin(frozen(2), bars, **options)
    with pytest.raises(ValueError, match=r"frozen weights is '2 of 8, .*' there and '2 of 8, "):
        train(frozen(3), bars, **options)


def test_a_precision_that_nobody_asked_for_may_change(begin, run, copied, make_model, bars):
    """It follows from the device; a finished run is what it was."""
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps(config | {"precision": "mixed_float16"}))
    run(run_dir=copied, epochs=3)
    options = OPTIONS | {"augment": augment(), "run_dir": copied}
    with pytest.warns(UserWarning, match=r"precision is 'float32' from now on; .*mixed_float16'"):
        begin(make_model(), bars, **options)


def test_what_a_callback_restored_at_the_end_is_returned_again(run, make_model, tmp_path):
    def stop():
        best = keras.callbacks.EarlyStopping("loss", mode="max", restore_best_weights=True)
        return [best]  # the first epoch is the best

    first, again = (run(run_dir=tmp_path, epochs=3, callbacks=stop()) for _ in range(2))
    assert first.history == again.history
    last = make_model()
    last.load_weights(tmp_path / "last.weights.h5")
    ours, theirs, lasts = (m.get_weights() for m in (again.model, first.model, last))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any((one != other).any() for one, other in zip(ours, lasts, strict=True))
    whole, more = run(epochs=4), run(run_dir=tmp_path, epochs=4)  # from the last epoch, not from it
    assert more.history == whole.history
    assert not (tmp_path / "backup" / "end.weights.h5").exists()


def test_the_rate_in_the_history_is_that_of_a_scheduler(bars, make_model):
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.1 / (epoch + 1))
    result = train(make_model(), bars, epochs=3, batch_size=25, verbose=0, callbacks=[scheduler])
    np.testing.assert_allclose(result.history["learning_rate"], [0.1, 0.05, 0.1 / 3], rtol=1e-6)


def test_the_directory_of_the_user(run, stopped, copied, monkeypatch):
    monkeypatch.setenv("HOME", str(copied.parent))
    again = run(run_dir=f"~/{copied.name}", epochs=3)
    assert again.run_dir == copied
    assert again.history == stopped.training.history


@pytest.mark.parametrize("size", [100, 900])  # there is room for the weights, but not the backup
def test_a_full_disk(run, copied, monkeypatch, size):
    """One line, and the run can be resumed."""
    before = snapshot(copied)
    with monkeypatch.context() as patch:
        usage = shutil.disk_usage(copied)
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=size))
        match = f"run_dir '{copied}' cannot be written .No space left on device.: solve this, then"
        with pytest.raises(OSError, match=match) as error:
            run(run_dir=copied)
    assert "\n" not in str(error.value)
    after = snapshot(copied)
    assert after.keys() == before.keys()
    written = {"config.json", "last.weights.h5"} if size == 900 else {"config.json"}
    assert {name for name in before if after[name] != before[name]} == written
    assert run(run_dir=copied).history == run().history


def test_the_recipe_that_is_kept_names_what_changed_the_images(stopped):
    """The layers that were given, not what the recipe has."""
    given = "GaussianNoise, GaussianDropout"
    assert stopped.training.augment == given
    config = json.loads((stopped.path / "config.json").read_text())
    assert config["recipe"]["augment"] == given


def test_a_cosine_over_other_epochs_is_another_run(begin, run, make_model, bars, tmp_path):
    options = OPTIONS | {"run_dir": tmp_path, "schedule": "cosine", "steps": None}
    options |= {"augment": "none"}
    begin(make_model(), bars, **options | {"epochs": 2})
    with pytest.raises(ValueError, match="epochs is 2 there and 5 here"):
        run(**options)


def test_damaged_files_are_told(run, copied):
    backup = copied / "backup" / "state.h5"
    whole = backup.read_bytes()
    backup.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OSError, match=r"state\.h5' cannot be read"):
        run(run_dir=copied)
    (copied / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"no readable config\.json of a run"):
        run(run_dir=copied)


def test_somebody_elses_config_is_left_alone(run, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"mine": 1}))
    with pytest.raises(ValueError, match=r"no readable config\.json of a run"):
        run(run_dir=tmp_path)
    assert snapshot(tmp_path) == {"config.json": b'{"mine": 1}'}


def test_a_directory_that_cannot_be_made(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"cannot be written \(Not a directory\)"):
        run(run_dir=tmp_path / "file" / "run")
    for name in ("a" * 300, "\0"):
        with pytest.raises(OSError, match=r"run_dir .* cannot be written \(.*\): choose"):
            run(run_dir=tmp_path / name)


def test_the_model_of_the_best_epoch(stopped, whole, bars, tmp_path):
    images, labels = bars[1]
    training = stopped.training
    best = training.best()
    assert best is not training.model
    right = best.predict(images, verbose=0).argmax(axis=-1) == labels
    assert np.mean(right) == pytest.approx(max(training.history["val_accuracy"]))
    with pytest.raises(ValueError, match=r"best epoch, 1, were not saved: train with run_dir="):
        replace(whole, best_epoch=1).best()
    with pytest.raises(OSError, match=r"best\.weights\.h5', the weights of the best epoch"):
        replace(training, run_dir=tmp_path).best()
