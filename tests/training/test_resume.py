"""A run that was killed ends as if it had never stopped: the same bits."""

import importlib.util
import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from kerascnn.training import train

EPOCHS, STEPS = 4, 5  # of 50 images in batches of 11


class Killed(BaseException):
    """Nothing but the test catches it."""


class Kill(keras.callbacks.Callback):
    """End a run after some of its steps, without a chance to save; `None`: watch it only."""

    def __init__(self, step=None):
        super().__init__()
        self.step = step
        self.seen = []

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(self.epoch * STEPS + batch)
        if self.seen[-1] == self.step:
            raise Killed


OPTIONS = {
    "recipe": "alexnet",
    "plateau_patience": 2,
    "learning_rate": 0.03,
    "epochs": EPOCHS,
    "batch_size": 11,
    "seed": 6,
    "verbose": 0,
}
ALWAYS, NEVER = 0, 1e9  # seconds between backups within an epoch


def make_net(shift=0.0):
    """A network with all that has a state: dropout, moving statistics, momentum."""
    layers = keras.layers
    net = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(3, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(2, activation="softmax"),
        ]
    )
    rng = np.random.default_rng(3)
    net.set_weights([0.1 + 0.2 * rng.random(w.shape) + shift for w in net.get_weights()])
    return net


def same(one, other):
    assert one.history == other.history
    assert one.best_epoch == other.best_epoch
    for a, b in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(one.model.optimizer.variables, other.model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.slow
def test_killed_within_epochs(bars, tmp_path):
    """In its first epoch; with the plateau's patience half over; in its last step."""
    # Images that are all alike: half of them are taken for what they are, whatever is learnt.
    data = bars[0], (np.zeros_like(bars[1][0]), np.arange(len(bars[1][0])) % 2)
    whole = train(make_net(), data, **OPTIONS)
    rates = [*whole.history["learning_rate"], whole.model.optimizer.learning_rate]
    np.testing.assert_allclose(rates, [0.03, 0.03, 0.03, 0.003, 0.003], rtol=1e-6)
    assert whole.augment == "crop_flip_color"

    begin = 0
    left = [tmp_path / ".new-1.last.weights.h5", tmp_path / "backup" / ".new-1.state.h5"]
    # Without a backup the first epoch comes again; with one the run goes on at the next step. The
    # backup after an epoch's last step is the epoch's, which a kill at that step comes before.
    for step, backups, goes_on in [
        (2, NEVER, 0),
        (2 * STEPS + 2, ALWAYS, 2 * STEPS + 3),
        (4 * STEPS - 1, ALWAYS, 4 * STEPS - 1),
    ]:
        kill, net = Kill(step), make_net(shift=begin)  # the weights are the backup's
        with pytest.raises(Killed):
            train(net, data, run_dir=tmp_path, callbacks=[kill], backup_seconds=backups, **OPTIONS)
        assert kill.seen == list(range(begin, step + 1))  # callbacks are told which step it is
        begin = goes_on
        for file in left:
            file.write_bytes(b"half")  # what a write that was killed leaves
    last = Kill()
    same(train(make_net(shift=1), data, run_dir=tmp_path, callbacks=[last], **OPTIONS), whole)
    assert last.seen == [4 * STEPS - 1]
    assert not any(file.exists() for file in left)


# A process that has imported TensorFlow, but not begun to compute, makes children by forking.
FORKS = """
import json, os, signal, sys, traceback, warnings
from pathlib import Path
import numpy as np
import keras
from kerascnn.training import train

warnings.simplefilter("ignore")
directory, kills = sys.argv[1], json.loads(sys.argv[2])
rng = np.random.default_rng(0)
images, labels = rng.random((64, 6, 6, 1), dtype="float32"), rng.integers(0, 2, 64)
data = (images[:44], labels[:44]), (images[44:], labels[44:])

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Steps(keras.callbacks.Callback):
    count = 0
    def on_train_batch_end(self, batch, logs=None):
        self.count += 1
        if kill == ["step", self.count]:
            die()

replace, written = Path.replace, 0
def die_within(new, target):
    global written
    written += 1
    if kill == ["write", written]:
        os.truncate(new, new.stat().st_size // 2)
        die()
    return replace(new, target)
Path.replace = die_within

def run(run_dir):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    net = keras.Sequential([
        keras.Input((6, 6, 1)), layers.Conv2D(3, 3), layers.BatchNormalization(), layers.ReLU(),
        layers.Flatten(), layers.Dropout(0.5), layers.Dense(2, activation="softmax")])
    result = train(net, data, recipe="alexnet", plateau_patience=1, epochs=2, batch_size=11,
                   run_dir=run_dir, backup_seconds=0, verbose=0, callbacks=[Steps()],
                   deterministic=True)
    facts = json.dumps([result.history, result.best_epoch])
    end = net.get_weights()
    net.load_weights(f"{run_dir}/best.weights.h5")
    np.savez(f"{run_dir}.npz", *end, *net.get_weights(), facts=facts)

def fork(run_dir):
    child = os.fork()
    if not child:
        code = 1
        try:
            run(run_dir)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

codes = []
for kill, name in [(None, "whole"), *((kill, "run") for kill in kills), (None, "run")]:
    codes.append(fork(f"{directory}/{name}"))
print(codes)
"""


@pytest.mark.slow
def test_killed_by_the_system_five_times(tmp_path):
    """SIGKILL of a process that trains and of one that has half written a file."""
    kills = [
        ("write", 2),  # the start's backup, after config.json
        ("step", 3),  # of four in an epoch
        ("write", 4),  # after config.json, the last and the best weights: the epoch's backup
        ("step", 2),  # the epoch's last again, and the first of the next
        ("write", 3),  # after config.json and history.csv: a step's backup
    ]
    done = subprocess.run(
        [sys.executable, "-c", FORKS, str(tmp_path), json.dumps(kills)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout.splitlines()[-1]) == [0, *[-9] * 5, 0], done.stderr
    whole, resumed = np.load(tmp_path / "whole.npz"), np.load(tmp_path / "run.npz")
    assert sorted(whole) == sorted(resumed)
    for name in whole:  # weights of the last and of the best epoch, the history
        np.testing.assert_array_equal(whole[name], resumed[name], err_msg=name)


ON_JAX = """
import sys
import numpy as np
import keras
from kerascnn.training import train

class Kill(keras.callbacks.Callback):
    steps = 0
    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps == 3:  # the first of the second epoch
            raise SystemError

rng = np.random.default_rng(0)
data = rng.random((44, 8, 8, 3), dtype="float32"), np.arange(44) % 2
def run(**options):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    net = keras.Sequential([
        keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(),
        layers.Flatten(), layers.Dropout(0.3), layers.Dense(2, activation="softmax")])
    options = {"recipe": "vgg", "epochs": 2, "batch_size": 22, "backup_seconds": 0, **options}
    result = train(net, data, verbose=0, **options)
    return result.history, [weight.tobytes() for weight in net.get_weights()]
whole = run()
try:
    run(run_dir="run", callbacks=[Kill()])
except SystemError:
    pass
print(keras.backend.backend(), run(run_dir="run") == whole)
"""


@pytest.mark.frameworks
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax: pip install jax")
def test_with_jax(run_python):
    printed = run_python(ON_JAX, KERAS_BACKEND="jax", JAX_PLATFORMS="cpu")
    assert printed.splitlines()[-1] == "jax True"
