"""The weights of single epochs, kept for the replay of a training."""

import shutil

import h5py
import keras
import numpy as np
import pytest

from kerascnn.training import train
from kerascnn.training._checksum import check_sum
from kerascnn.training._kept_weights import kept_weights
from kerascnn.training._run_directory import RunDirectory

OPTIONS = {"epochs": 5, "batch_size": 10, "seed": 1, "verbose": 0, "keep_every": 2}


class Watch(keras.callbacks.Callback):
    """Note the weights of the start and of each epoch."""

    def __init__(self):
        super().__init__()
        self.seen = {}

    def on_train_begin(self, logs=None):
        self.seen[0] = self.model.get_weights()

    def on_epoch_end(self, epoch, logs=None):
        self.seen[epoch + 1] = self.model.get_weights()


@pytest.fixture(scope="module")
def run(bars, make_model, tmp_path_factory):
    """A run that kept its weights, and what they were."""
    path, watch = tmp_path_factory.mktemp("kept"), Watch()
    train(make_model(), bars, run_dir=path, callbacks=[watch], **OPTIONS)
    return path, watch.seen


def weights_of(path, model):
    check_sum(path)
    with h5py.File(path):
        model.load_weights(path)
    return model.get_weights()


def test_the_start_every_second_epoch_and_the_last_are_kept(run, make_model):
    path, seen = run
    kept = kept_weights(path)
    assert list(kept) == [0, 2, 4, 5]
    assert kept[2] == path / "epochs" / "0002.weights.h5"
    for epoch, file in kept.items():
        for ours, theirs in zip(weights_of(file, make_model()), seen[epoch], strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_longer_run_keeps_more(run, bars, make_model, tmp_path):
    path = shutil.copytree(run[0], tmp_path / "longer")
    train(make_model(), bars, run_dir=path, **OPTIONS | {"epochs": 6})
    assert list(kept_weights(path)) == [0, 2, 4, 5, 6]


def test_a_run_that_was_stopped_while_it_wrote_keeps_the_same(
    run, bars, make_model, tmp_path, monkeypatch
):
    save, calls = RunDirectory.save, []

    def full(self, *arguments):
        calls.append(arguments)
        if len(calls) == 3:  # the start, epoch 1, epoch 2
            raise OSError("No space left on device")
        return save(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(RunDirectory, "save", full)
        with pytest.raises(OSError, match="No space left"):
            train(make_model(), bars, run_dir=tmp_path, **OPTIONS)
    train(make_model(), bars, run_dir=tmp_path, **OPTIONS)
    ours, theirs = kept_weights(tmp_path), kept_weights(run[0])
    assert list(ours) == list(theirs)
    for epoch in ours:
        values = [weights_of(files[epoch], make_model()) for files in (ours, theirs)]
        for one, other in zip(*values, strict=True):
            np.testing.assert_array_equal(one, other)


def test_what_is_kept_does_not_change_the_run(run, bars, make_model):
    plain = train(make_model(), bars, **OPTIONS | {"keep_every": None})
    for one, other in zip(plain.model.get_weights(), run[1][5], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_run_without_kept_weights_has_none(bars, make_model, tmp_path):
    train(make_model(), bars, run_dir=tmp_path, **OPTIONS | {"epochs": 1, "keep_every": None})
    assert kept_weights(tmp_path) == {}
    assert not (tmp_path / "epochs").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"keep_every": 0, "run_dir": "run"}, "keep_every must be a whole number of at least 1"),
        ({"keep_every": 2}, "keep_every must be None without run_dir, .*; received 2"),
    ],
)
def test_wrong_numbers_are_refused(bars, make_model, options, said):
    with pytest.raises(ValueError, match=said):
        train(make_model(), bars, **OPTIONS | options)
