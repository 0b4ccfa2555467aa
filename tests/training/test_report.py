"""What is printed, and what is measured."""

import re
import time

import pytest

from kerascnn.training import train
from kerascnn.training._report import summary


def test_a_line_per_epoch_and_a_summary(bars, make_model, capsys, tmp_path):
    run = train(make_model(), bars, epochs=2, batch_size=10, verbose=2, run_dir=tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if "data-bound" not in line]) == 3
    for epoch, line in enumerate(lines[:2]):
        assert line.startswith(f"epoch {epoch + 1}/2  loss {run.history['loss'][epoch]:.4g}  ")
        assert f"val_accuracy {run.history['val_accuracy'][epoch]:.4g}" in line
    best = f"best epoch {run.best_epoch}, val_loss {min(run.history['val_loss']):.4g}"
    assert best in lines[2]
    assert str(tmp_path) in lines[2]


def test_quiet_is_quiet(bars, make_model, capsys):
    train(make_model(), bars, epochs=1, batch_size=10, verbose=0)
    assert capsys.readouterr().out == ""


def test_a_bar_counts_steps(bars, make_model, capsys):
    train(make_model(), bars, epochs=1, batch_size=10, verbose=1)
    out = capsys.readouterr().out
    assert re.search(r"5/5.*val_loss", out, flags=re.DOTALL)


def test_a_slow_input_is_told(bars, make_model):
    def slow(batch):
        import tensorflow as tf

        return tf.ensure_shape(
            tf.numpy_function(lambda x: (time.sleep(0.2), x)[1], [batch], tf.float32),
            batch.shape,
        )

    # Many steps: the first batches of an epoch were made ready while others were validated.
    run = train(make_model(), bars, epochs=2, batch_size=5, augment=slow, verbose=0)
    assert 0.5 < run.waiting <= 1
    assert re.search(r"data-bound: \d+% of each step waits for input", summary(run, "val_loss"))


def test_a_slow_model_is_not(bars, make_model):
    import keras

    class Slow(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            time.sleep(0.1)

    run = train(make_model(), bars, epochs=3, batch_size=10, callbacks=[Slow()], verbose=0)
    assert run.waiting < 0.2
    assert "data-bound" not in summary(run, "val_loss")
    assert run.images_per_second == pytest.approx(10 / 0.1, rel=0.6)
