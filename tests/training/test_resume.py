"""A run that was killed ends as if it had never stopped: the same bits."""

import importlib.util
import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from kerascnn.training import train

EPOCHS, STEPS = 3, 5  # of 50 images in batches of 11


class Killed(BaseException):
    """Nothing but the test catches it."""


class Kill(keras.callbacks.Callback):
    """End a run after some of its steps, without a chance to save."""

    def __init__(self, step):
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
    "plateau_patience": 1,
    "learning_rate": 0.03,
    "epochs": EPOCHS,
    "batch_size": 11,
    "seed": 6,
    "verbose": 0,
    "backup_seconds": 0,
}


@pytest.fixture
def make_net():
    """A network with all that has a state: dropout, moving statistics, momentum."""

    def make():
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
        net.set_weights([0.1 + 0.2 * rng.random(w.shape) for w in net.get_weights()])
        return net

    return make


def same(one, other):
    assert one.history == other.history
    assert one.best_epoch == other.best_epoch
    for a, b in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(one.model.optimizer.variables, other.model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_killed_within_epochs(bars, make_net, tmp_path):
    whole = train(make_net(), bars, **OPTIONS)
    rng = np.random.default_rng()
    steps = np.sort(rng.choice(EPOCHS * STEPS, 5, replace=False)).tolist()
    begin = 0
    for step in steps:
        kill = Kill(step)
        with pytest.raises(Killed):
            train(make_net(), bars, run_dir=tmp_path, callbacks=[kill], **OPTIONS)
        # It went on where it was, and told its callbacks which step that is. The backup after an
        # epoch's last step is the epoch's, which a kill at that step comes before.
        assert kill.seen == list(range(begin, step + 1)), steps
        begin = step + 1 if (step + 1) % STEPS else step
    resumed = train(make_net(), bars, run_dir=tmp_path, **OPTIONS)
    same(resumed, whole)


@pytest.mark.slow
def test_from_an_older_backup(bars, make_net, tmp_path):
    """As if the last steps had never been: they come again, and come out the same."""
    whole = train(make_net(), bars, **OPTIONS)
    rare = OPTIONS | {"backup_seconds": 1e9}
    kills = [Kill(7), Kill(12)]
    for kill in kills:
        with pytest.raises(Killed):
            train(make_net(), bars, run_dir=tmp_path, callbacks=[kill], **rare)
    assert kills[1].seen[0] == STEPS  # its epoch's first step
    same(train(make_net(), bars, run_dir=tmp_path, **rare), whole)


def test_a_backup_in_the_middle_keeps_the_epochs_means(bars, make_net, tmp_path):
    """The loss of an epoch is the mean over all of its steps, before and after the kill."""
    plain = OPTIONS | {"recipe": "adam", "learning_rate": 0.0, "augment": "none", "epochs": 1}
    del plain["plateau_patience"]
    net = make_net()
    net.layers[4].rate = 0.0
    whole = train(net, bars, **plain)
    net = make_net()
    net.layers[4].rate = 0.0
    with pytest.raises(Killed):
        train(net, bars, run_dir=tmp_path, callbacks=[Kill(3)], **plain)
    assert train(net, bars, run_dir=tmp_path, **plain).history == whole.history


def test_leftovers_of_a_killed_write_are_swept(bars, make_net, tmp_path):
    with pytest.raises(Killed):
        train(make_net(), bars, run_dir=tmp_path, callbacks=[Kill(2)], **OPTIONS)
    left = [tmp_path / ".new-1.last.weights.h5", tmp_path / "backup" / ".new-1.state.h5"]
    for file in left:
        file.write_bytes(b"half")
    train(make_net(), bars, run_dir=tmp_path, **OPTIONS)
    assert not any(file.exists() for file in left)


# A process that has imported TensorFlow, but not begun to compute, makes children by forking.
FORKS = """
import json, os, signal, sys, time, traceback, warnings
import numpy as np
import keras
from kerascnn.training import train

warnings.simplefilter("ignore")
directory, how, *kills = sys.argv[1:]
rng = np.random.default_rng(0)
images, labels = rng.random((64, 6, 6, 1), dtype="float32"), rng.integers(0, 2, 64)
data = (images[:44], labels[:44]), (images[44:], labels[44:])

class Steps(keras.callbacks.Callback):
    count = 0
    def on_train_batch_begin(self, batch, logs=None):
        if not self.count:
            os.write(self.tell, b".")
    def on_train_batch_end(self, batch, logs=None):
        if how == "step" and self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1

def run(run_dir, last, tell):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    net = keras.Sequential([
        keras.Input((6, 6, 1)), layers.Conv2D(3, 3), layers.BatchNormalization(), layers.ReLU(),
        layers.Flatten(), layers.Dropout(0.5), layers.Dense(2, activation="softmax")])
    steps = Steps()
    steps.last, steps.tell = last, tell
    result = train(net, data, recipe="alexnet", plateau_patience=1, epochs=3, batch_size=11,
                   run_dir=run_dir, backup_seconds=0, verbose=0, callbacks=[steps],
                   deterministic=True)
    facts = json.dumps([result.history, result.best_epoch])
    end = net.get_weights()
    net.load_weights(f"{run_dir}/best.weights.h5")
    np.savez(f"{run_dir}.npz", *end, *net.get_weights(), facts=facts)

def fork(run_dir, kill):
    begun, tell = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            run(run_dir, kill, tell)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(tell)
    if how == "time" and kill >= 0 and os.read(begun, 1):
        time.sleep(kill)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

print([fork(f"{directory}/whole", -1), *(fork(f"{directory}/run", float(k)) for k in kills),
       fork(f"{directory}/run", -1)])
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["step", "time"])
def test_killed_by_the_system_five_times(tmp_path, how):
    """SIGKILL: after a number of steps of each process, and from outside, while it may write."""
    rng = np.random.default_rng()
    # 12 steps are made in all; with the backup after each they take most of a second.
    kills = (rng.integers(0, 3, 5) if how == "step" else rng.uniform(0, 0.15, 5)).tolist()
    done = subprocess.run(
        [sys.executable, "-c", FORKS, str(tmp_path), how, *map(str, kills)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    first, *killed, last = json.loads(done.stdout.splitlines()[-1])
    assert (first, last) == (0, 0), (kills, done.stderr)
    assert killed[0] == -9
    assert set(killed) <= ({-9} if how == "step" else {-9, 0})  # a fast machine may be done before
    whole, resumed = np.load(tmp_path / "whole.npz"), np.load(tmp_path / "run.npz")
    assert sorted(whole) == sorted(resumed)
    for name in whole:  # weights of the last and of the best epoch, the history
        np.testing.assert_array_equal(whole[name], resumed[name], err_msg=str(kills))


ON_JAX = """
import sys
import numpy as np
import keras
from kerascnn.training import train

class Kill(keras.callbacks.Callback):
    steps = 0
    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps == 6:
            raise SystemError

rng = np.random.default_rng(0)
data = rng.random((44, 8, 8, 3), dtype="float32"), np.arange(44) % 2
def run(**options):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    net = keras.Sequential([
        keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(),
        layers.Flatten(), layers.Dropout(0.3), layers.Dense(2, activation="softmax")])
    options = {"recipe": "vgg", "epochs": 3, "batch_size": 11, "backup_seconds": 0, **options}
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
