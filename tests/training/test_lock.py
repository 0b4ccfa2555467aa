"""Two calls of `train` in one directory."""

import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest

from kerascnn.training import _lock, train

pytestmark = pytest.mark.skipif(_lock.fcntl is None, reason="directories cannot be locked here")
OPTIONS = {"batch_size": 25, "augment": "none", "verbose": 0}
HOLDS = """
import sys, time
from pathlib import Path
from kerascnn.training._lock import lock
lock(Path(sys.argv[1]), shared=False)
print("locked", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(_lock, "PAUSE", 0)


class Second(keras.callbacks.Callback):
    """Train in the same directory during the second epoch."""

    def __init__(self, path, call):
        super().__init__()
        self.path, self.call, self.messages = path, call, []

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            (self.path / "backup" / ".new-1.state.h5").write_text("the first call writes this")
            for epochs in (1, 5):
                with pytest.raises(OSError, match="in use by another call") as error:
                    self.call(epochs=epochs)
                self.messages.append(str(error.value))


def test_the_second_stops_and_the_first_goes_on(bars, make_model, tmp_path):
    def call(**options):
        return train(make_model(), bars, run_dir=tmp_path, **OPTIONS | options)

    second = Second(tmp_path, call)
    whole = train(make_model(), bars, epochs=3, **OPTIONS)
    result = call(epochs=3, callbacks=[second])
    assert result.history == whole.history
    in_use = f"run_dir '{tmp_path}' is in use by another call of train: wait until it ends, or"
    assert second.messages == [f"{in_use} choose another directory."] * 2
    rest = tmp_path / "backup" / ".new-1.state.h5"
    assert rest.exists()
    lock = _lock.lock(tmp_path, shared=True)  # as another that looks at the finished run
    assert call(epochs=3).history == whole.history
    assert rest.exists()
    _lock.unlock(lock)
    call(epochs=4)
    assert not rest.exists()


def test_an_error_and_a_kill_release_it(bars, make_model, tmp_path):
    def fail(*_arguments):
        raise KeyboardInterrupt

    stop = keras.callbacks.LambdaCallback(on_epoch_begin=fail)
    with pytest.raises(KeyboardInterrupt) as kept:  # and with it all that the call has made
        train(make_model(), bars, epochs=1, run_dir=tmp_path, callbacks=[stop], **OPTIONS)
    holds = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(holds, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout.readline() == b"locked\n"
        with pytest.raises(OSError, match="in use by another call"):
            train(make_model(), bars, epochs=1, run_dir=tmp_path, **OPTIONS)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    result = train(make_model(), bars, epochs=1, run_dir=tmp_path, **OPTIONS)
    assert np.isfinite(result.history["loss"]).all()
    assert kept
