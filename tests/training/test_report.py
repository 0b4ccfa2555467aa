"""What is printed, and what is measured, by a clock that goes when it is told."""

import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerascnn.training import train
from kerascnn.training._pipeline import metered
from kerascnn.training._report import summary


class Clock:
    """Seconds that pass in each step, some of them while it waits for its batch."""

    def __init__(self, step, wait):
        self.now = self.waited = 0.0
        self.metered = []
        self.step, self.wait = step, wait
        self.steps = keras.callbacks.LambdaCallback(on_train_batch_begin=self.pass_by)

    def pass_by(self, batch, logs):
        self.now += self.step
        self.waited += self.wait

    def perf_counter(self):
        return self.now

    def numpy(self):
        """What a stopwatch in the pipeline shows."""
        return self.waited

    def meter(self, batches, stopwatch):
        self.metered.append(stopwatch)
        return batches


@pytest.fixture
def clock(monkeypatch):
    """The function that sets such a clock in place of the real ones."""

    def start(step, wait):
        made = Clock(step, wait)
        for name, instead in (
            ("time", SimpleNamespace(perf_counter=made.perf_counter)),
            ("stopwatch", lambda: made),
            ("metered", made.meter),
        ):
            monkeypatch.setattr(f"kerascnn.training._report.{name}", instead)
        return made

    return start


def test_a_line_per_epoch_and_a_summary(bars, make_model, capsys, tmp_path, clock):
    steps = clock(step=0.1, wait=0.01).steps
    options = {"epochs": 2, "batch_size": 10, "run_dir": tmp_path, "callbacks": [steps]}
    run = train(make_model(), bars, verbose=2, **options)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3  # and none on the input
    for epoch, line in enumerate(lines[:2]):
        assert line.startswith(f"epoch {epoch + 1}/2  loss {run.history['loss'][epoch]:.4g}  ")
        assert f"val_accuracy {run.history['val_accuracy'][epoch]:.4g}" in line
        assert line.endswith("  0.5 s")  # five steps
    best = f"best epoch {run.best_epoch}, val_loss {min(run.history['val_loss']):.4g}"
    assert best in lines[2]
    assert str(tmp_path) in lines[2]
    assert run.images_per_second == pytest.approx(10 / 0.1)
    assert ", 100 images/s" in lines[2]
    assert run.waiting == pytest.approx(0.1)


def test_a_bar_counts_steps_and_waiting_for_input_is_told(bars, make_model, capsys, clock):
    made = clock(step=0.5, wait=0.2)
    options = {"epochs": 2, "batch_size": 10, "callbacks": [made.steps]}
    run = train(make_model(), bars, verbose=1, **options)
    out = capsys.readouterr().out
    assert re.search(r"5/5.*val_loss", out, flags=re.DOTALL)
    assert made.metered == [made]
    assert run.waiting == pytest.approx(0.2 / 0.5)
    assert "data-bound: 40% of each step is spent waiting for input" in out
    assert "data-bound: 40%" in summary(run, "val_loss")


def test_what_a_batch_takes_is_waited_for(monkeypatch):
    now = [100.0]

    def look():
        return tf.numpy_function(lambda: np.float64(now[0]), [], tf.float64)

    def slow(batch):
        now[0] += 3
        return batch

    monkeypatch.setattr(tf, "timestamp", look)
    batches = tf.data.Dataset.range(4).map(lambda i: tf.numpy_function(slow, [i], tf.int64))
    waited = tf.Variable(0.0, dtype=tf.float64)
    assert [int(batch) for batch in metered(batches, waited)] == [0, 1, 2, 3]
    assert waited.numpy() == 4 * 3


def test_quiet_is_quiet(bars, make_model, capsys):
    train(make_model(), bars[0], epochs=1, batch_size=10, verbose=0)
    assert capsys.readouterr().out == ""
