"""Ctrl-C lets the step finish, saves, and says how to go on."""

import os
import signal

import keras
import numpy as np
import pytest

from kerascnn.training import train

OPTIONS = {"epochs": 2, "batch_size": 10, "verbose": 0}  # 5 steps an epoch


class CtrlC(keras.callbacks.Callback):
    """Press it when a step begins."""

    def __init__(self, epoch, batch, times=1):
        super().__init__()
        self.at = (epoch, batch)
        self.times = times
        self.finished = []

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch) == self.at:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)

    def on_train_batch_end(self, batch, logs=None):
        self.finished.append((self.epoch, batch))


@pytest.fixture(autouse=True)
def default_handler():
    """Ctrl-C as in a terminal, also where the tests run in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_steps_are_finished_and_the_run_goes_on(bars, make_model, tmp_path):
    """In an epoch's last step the epoch is finished. A handler of one's own stays."""
    pressed = []
    signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    whole = train(make_model(), bars, callbacks=[CtrlC(0, 2)], **OPTIONS)
    assert pressed == [1]
    signal.signal(signal.SIGINT, signal.default_int_handler)

    options = {"run_dir": tmp_path, **OPTIONS}
    with pytest.raises(KeyboardInterrupt, match="stopped after epoch 1; call train again"):
        train(make_model(), bars, callbacks=[CtrlC(0, 4)], **options)
    assert (tmp_path / "history.csv").read_text().count("\n") == 2
    message = (
        rf"stopped after epoch 2, step 3; call train again with run_dir='{tmp_path}' to resume"
    )
    with pytest.raises(KeyboardInterrupt, match=message):
        train(make_model(), bars, callbacks=[CtrlC(1, 2)], **options)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    resumed = train(make_model(), bars, **options)
    assert resumed.history == whole.history
    for one, other in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_a_run_directory(bars, make_model):
    message = r"after epoch 1, step 3; .* current weights\. With run_dir=, a run can be resumed"
    with pytest.raises(KeyboardInterrupt, match=message):
        train(make_model(), bars[0], callbacks=[CtrlC(0, 2)], **OPTIONS)


def test_a_second_one_stops_at_once(bars, make_model):
    press = CtrlC(0, 0, times=2)
    with pytest.raises(KeyboardInterrupt) as caught:
        train(make_model(), bars, callbacks=[press], **OPTIONS)
    assert not caught.value.args
    assert press.finished == []
