"""A run directory that lost a file, or has one that is damaged."""

import json
import shutil
import warnings
from dataclasses import replace

import keras
import numpy as np
import pytest

from kerascnn.trained import load
from kerascnn.training import train
from kerascnn.training._run_directory import RunDirectory

BACKUP, LAST, BEST = "backup/state.h5", "last.weights.h5", "best.weights.h5"
HISTORY = "history.csv"
OPTIONS = {"batch_size": 8, "learning_rate": 0.05, "verbose": 0}


def model():
    """The same weights at each call, whatever ran before."""
    start = keras.initializers.GlorotUniform(seed=0)
    last = keras.layers.Dense(2, "softmax", kernel_initializer=start)
    return keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), last])


def part():
    labels = np.arange(16) % 2
    return labels.reshape(-1, 1, 1, 1) * np.ones((1, 2, 2, 1), "float32"), labels


class Kill(keras.callbacks.Callback):
    """Stop in the third epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == 2:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Finished runs whose last epoch is the best, or whose first is; one that was stopped."""
    where = tmp_path_factory.mktemp("runs")
    options = OPTIONS | {"epochs": 3}
    made = {"better": train(model(), (part(), part()), run_dir=where / "better", **options)}
    still = options | {"learning_rate": 0.0}
    made["first is best"] = train(model(), (part(), part()), run_dir=where / "first", **still)
    options |= {"callbacks": [Kill()], "backup_seconds": 0}
    with pytest.raises(KeyboardInterrupt):
        train(model(), (part(), part()), run_dir=where / "stopped", **options)
    return where, made


@pytest.fixture
def again(runs, tmp_path):
    """Go on with a copy of a run after something happened to its files."""

    def go_on(run, harm, *names, epochs=3, **options):
        shutil.copytree(runs[0] / run, tmp_path / "run")
        for name in names:
            harm(tmp_path / "run" / name)
        options = OPTIONS | {"epochs": epochs, "run_dir": tmp_path / "run"} | options
        return train(model(), (part(), part()), **options)

    return go_on


def flip(path, at=0.5):
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def lose(path):
    path.unlink()


HARMS = pytest.mark.parametrize("harm", [lose, cut, flip], ids=["lost", "cut", "flipped"])


@HARMS
def test_a_finished_run_without_its_backup_is_what_it_was(runs, again, harm):
    whole = runs[1]["better"]
    with pytest.warns(UserWarning, match="; the model has the weights of last.weights.h5"):
        run = again("better", harm, BACKUP)
    assert run.history == whole.history
    assert run.best_epoch == whole.best_epoch == 3
    for one, other in zip(run.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@HARMS
def test_without_its_backup_no_run_goes_on(again, tmp_path, harm):
    """It would begin anew, and write over what is there."""
    with pytest.raises(
        OSError, match=r"state\.h5' .*without it the run cannot be resumed: choose"
    ) as caught:
        again("better", harm, BACKUP, epochs=5)
    assert "\n" not in str(caught.value)
    kept = model()
    kept.load_weights(tmp_path / "run" / BEST)


def test_a_run_that_lost_all_its_weights(again, tmp_path):
    with pytest.raises(OSError, match=r"last.weights.h5 or history.csv is missing or damaged"):
        again("better", lose, BACKUP, LAST, BEST)
    shutil.rmtree(tmp_path / "run")
    with pytest.raises(OSError, match=r"last.weights.h5 or history.csv is missing or damaged"):
        again("better", lose, BACKUP, "history.csv")
    shutil.rmtree(tmp_path / "run")
    with pytest.raises(OSError, match="without it the run cannot be resumed"):
        again("stopped", lose, BACKUP)


@HARMS
def test_weights_that_another_file_has_are_written_anew(runs, again, tmp_path, harm):
    with pytest.warns(UserWarning, match="is written again") as told:
        again("better", harm, LAST, BEST)
    said = [str(warning.message) for warning in told]
    assert [line.partition(": ")[2].split(" ")[0] for line in said] == [LAST, BEST]
    for name in (LAST, BEST):
        kept = model()
        kept.load_weights(tmp_path / "run" / name)
        for one, other in zip(
            kept.get_weights(), runs[1]["better"].model.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(one, other)
    with warnings.catch_warnings():  # and the files are whole
        warnings.simplefilter("error")
        train(model(), (part(), part()), epochs=3, run_dir=tmp_path / "run", **OPTIONS)


@HARMS
def test_the_best_weights_of_an_earlier_epoch_are_in_no_other_file(again, harm):
    message = (
        r"best.weights.h5' must contain the weights of epoch 1 and does not \(.*, and no other"
    )
    with pytest.raises(OSError, match=message):
        again("first", harm, BEST, epochs=5, learning_rate=0.0)


@pytest.mark.parametrize("name", [LAST, BEST])
def test_in_the_middle_of_an_epoch(runs, again, tmp_path, name):
    with pytest.warns(UserWarning, match="is written again"):
        run = again("stopped", lose, name)
    assert run.history == runs[1]["better"].history
    kept = model()
    kept.load_weights(tmp_path / "run" / name)
    np.testing.assert_array_equal(kept.get_weights()[0], run.model.get_weights()[0])


def test_an_older_backup_is_not_gone_on_from(runs, again, tmp_path):
    again("stopped", lose)
    backup = tmp_path / "run" / BACKUP
    backup.write_bytes((runs[0] / "stopped" / BACKUP).read_bytes())
    options = OPTIONS | {"epochs": 5, "run_dir": tmp_path / "run"}
    with pytest.raises(OSError, match=r"it is from epoch 2, history\.csv from epoch 3"):
        train(model(), (part(), part()), **options)
    (tmp_path / "run" / "history.csv").unlink()
    with pytest.raises(OSError, match=r"it is from epoch 2, best\.weights\.h5 from epoch 3"):
        train(model(), (part(), part()), **options)


def swap(run, _other):
    (run / BEST).rename(run / "other")
    (run / LAST).rename(run / BEST)
    (run / "other").rename(run / LAST)


def rows(change):
    """Change the rows of the history and lose the backup."""

    def harm(run, other):
        lines, others = (
            (path / HISTORY).read_text().splitlines(keepends=True) for path in (run, other)
        )
        (run / HISTORY).write_text("".join(change(lines, others)))
        (run / BACKUP).unlink()

    return harm


@pytest.mark.parametrize(
    ("run", "harm", "message"),
    [
        (
            "first",
            lambda run, _: shutil.copy(run / LAST, run / BEST),
            r"\(it is of epoch 3, not 1\)",
        ),
        ("first", swap, r"\(it is of epoch 3, not 1\)"),
        (
            "first",
            lambda run, other: shutil.copy(other / BEST, run / BEST),
            r"\(it is of another run\)",
        ),
        (
            "better",
            rows(lambda lines, _: lines[:-1]),
            r"its epochs are not the 3 of last.weights.h5",
        ),
        ("better", rows(lambda lines, _: [*lines, lines[-1]]), r"history.csv cannot be read"),
        (
            "better",
            rows(lambda _, others: others),
            r"its epochs are not the 3 of last.weights.h5",
        ),
        (
            "better",
            lambda run, other: (shutil.copy(other / LAST, run / LAST), (run / BACKUP).unlink()),
            r"\(it is of another run\)",
        ),
    ],
)
def test_a_file_of_another_run_or_epoch_is_refused(runs, again, run, harm, message):
    """Each file is whole, but not the one that belongs there."""
    other = runs[0] / "stopped"
    rate = {"learning_rate": 0.0} if run == "first" else {}
    with pytest.raises(OSError, match=message) as caught:
        again(run, lambda path: harm(path.parent, other), "config.json", **rate)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [LAST, BEST, BACKUP])
def test_a_file_of_another_run_is_written_anew(runs, again, tmp_path, name):
    with pytest.warns(
        UserWarning, match=r"is written again|\(it is of another run\); the model has"
    ):
        run = again("better", lambda path: shutil.copy(runs[0] / "first" / name, path), name)
    assert run.history == runs[1]["better"].history
    for ours in (run.model, run.best()):
        for one, other in zip(
            ours.get_weights(), runs[1]["better"].model.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_the_best_weights_are_those_of_the_run(runs, tmp_path):
    """Where they are loaded after the training, too."""
    moved = shutil.copytree(runs[0] / "first", tmp_path / "moved")
    run = replace(runs[1]["first is best"], run_dir=moved)
    run.best()
    load(moved)
    shutil.copy(moved / LAST, moved / BEST)
    with pytest.raises(OSError, match=r"best epoch, cannot be read \(it is of epoch 3, not 1\)"):
        run.best()
    with pytest.raises(OSError, match=r"it is of epoch 3, not of the best, 1\.$"):
        load(moved)
    shutil.copy(runs[0] / "first" / BEST, moved / LAST)
    with pytest.raises(OSError, match=r"it is of epoch 1, history.csv of epoch 3\.$"):
        load(moved, weights=moved / LAST)
    shutil.copy(runs[0] / "better" / BEST, moved / BEST)
    for again in (run.best, lambda: load(moved)):
        with pytest.raises(OSError, match=r"it is of another run"):
            again()


@pytest.mark.parametrize("what", ["config", "weights"])
def test_what_says_of_no_run_is_told(again, what):
    """As a directory or weights that Keras wrote."""

    def anonymous(path):
        if what == "config":
            config = json.loads(path.read_text())
            del config["run_id"]
            path.write_text(json.dumps(config))
        else:
            model().save_weights(path)

    name = {"config": "config.json", "weights": BEST}[what]
    message = {
        "config": r"config.json' must have the id of the run, 'run_id', and has none: choose",
        "weights": r"\(it has no attribute 'kerascnn_run_id', so its run and epoch are unknown\)",
    }[what]
    with pytest.raises((OSError, ValueError), match=message):
        again("first", anonymous, name, learning_rate=0.0)


@pytest.mark.parametrize("at", [0.0, 0.03, 0.3, 0.7, 0.97, 0.999])
def test_no_bit_goes_unnoticed(again, at):
    with pytest.raises(OSError, match=r"state.h5' cannot be read \(.*without it the run cannot"):
        again("stopped", lambda path: flip(path, at), BACKUP)


def test_weights_without_a_config_are_left_alone(again, tmp_path):
    with pytest.raises(ValueError, match=r"holds no readable config.json of a run"):
        again("better", lose, "config.json", BACKUP, LAST)
    assert (tmp_path / "run" / BEST).exists()


@pytest.mark.parametrize("name", ["save", "_copy", "_write"])
def test_a_run_that_was_killed_between_two_files(runs, tmp_path, monkeypatch, name):
    """The backup, the best or the last weights of the third epoch are not written."""

    class Full(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                monkeypatch.setattr(RunDirectory, name, killed)

    def killed(*_arguments):
        raise KeyboardInterrupt

    options = OPTIONS | {"epochs": 3, "run_dir": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        train(model(), (part(), part()), callbacks=[Full()], **options)
    monkeypatch.undo()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*best.weights.h5 was .* is written again")
        run = train(model(), (part(), part()), **options)
    assert run.history == runs[1]["better"].history
    for ours in (run.model, run.best()):
        np.testing.assert_array_equal(
            ours.get_weights()[0], runs[1]["better"].model.get_weights()[0]
        )
