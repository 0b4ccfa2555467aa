"""The callbacks that keep a run: its record, its backups, and the way to stop it."""

import math
import signal
import threading
import time
from dataclasses import asdict, dataclass, field

import keras
import numpy as np

from ._pipeline import random_states, seeds
from ._run_directory import other_variables, restore
from ._schedules import better_is, rate_at

SHARE = 0.02  # of the time, at most, that backups within an epoch take


@dataclass
class Progress:
    """Where a run stands: all that Keras's callbacks would forget.

    Args:
        epochs: Complete epochs.
        batch: Complete batches of the epoch after them.
        history: A list per column, a value per complete epoch.
        best: The best value of what the recipe monitors.
        best_epoch: Its epoch, from 1 on.
        plateau: The state of the plateau schedule.
    """

    epochs: int = 0
    batch: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)
    best: float | None = None
    best_epoch: int = 0
    plateau: dict = field(default_factory=dict)

    def __str__(self):
        if self.batch:
            return f"epoch {self.epochs + 1}, step {self.batch}"
        return f"epoch {self.epochs}"


class Callbacks(keras.callbacks.CallbackList):
    """Callbacks to which an epoch that goes on, in a `fit` of its own, is one epoch of the run.

    Args:
        callbacks: Keras callbacks.
        first_batch: The batch that the first epoch goes on with.
        **options: Of Keras's `CallbackList`.
    """

    def __init__(self, callbacks, *, first_batch, **options):
        super().__init__(callbacks, add_history=True, **options)
        self.first_batch = first_batch
        self.began = False

    def on_train_begin(self, logs=None):
        """Begin once."""
        if not self.began:
            super().on_train_begin(logs)
        self.began = True

    def on_train_end(self, logs=None):
        """Wait for `end`: another `fit` may follow."""

    def end(self):
        """Tell the callbacks that the training is over."""
        super().on_train_end()

    def on_train_batch_begin(self, batch, logs=None):
        """Count from the epoch's first batch."""
        super().on_train_batch_begin(batch + self.first_batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        """Count from the epoch's first batch."""
        super().on_train_batch_end(batch + self.first_batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        """Begin the next epoch at 0."""
        super().on_epoch_end(epoch, logs)
        self.first_batch = 0


class Interruption:
    """Ctrl-C as a wish: the step that runs is finished first. A second Ctrl-C stops at once."""

    def __init__(self):
        self.wished = False

    def __enter__(self):
        self.catches = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self.catches:
            signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number, frame):
        self.wished = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def __exit__(self, *error):
        if self.catches:
            signal.signal(signal.SIGINT, signal.default_int_handler)


class Keeper(keras.callbacks.Callback):
    """Seeds each epoch, sets its rate, keeps its record, saves, and stops when it has to.

    Args:
        progress: Where the run stands; kept up to date.
        others: Values of the `other_variables` where the run stood in an epoch, or `None`.
        directory: A `RunDirectory`, or `None`.
        recipe: The `Recipe`.
        seed: Of the run.
        monitor: The column of the history that tells a better epoch.
        steps: Batches of an epoch; `None`: not known, or not yet.
        prefix: What Keras puts before the names of the first of several outputs' metrics.
        backup_seconds: The least time between backups within an epoch; 0: after each step.
        interruption: An `Interruption`.

    The attribute `streamed` tells that the batches have to be stopped at the last, which `steps`
    and `validation_steps` tell by then; `unseen`, that images were not all looked at.
    """

    def __init__(
        self,
        progress,
        others,
        directory,
        recipe,
        *,
        seed,
        monitor,
        steps,
        prefix,
        backup_seconds,
        interruption,
    ):
        super().__init__()
        self.progress = progress
        self.others = others if progress.batch else None
        self.directory = directory
        self.recipe = recipe
        self.seed = seed
        self.monitor = monitor
        self.steps = steps
        self.prefix = prefix
        self.backup_seconds = backup_seconds
        self.interruption = interruption
        self.streamed, self.validation_steps = False, None
        self.stopped = None
        self.unseen = False

    def on_train_begin(self, logs=None):
        """Note the weights to come back to."""
        self._note(self.model.get_weights())
        self.due = time.monotonic() + self.backup_seconds

    def on_epoch_begin(self, epoch, logs=None):
        """Set random states and rate; or what they were when the run stopped in this epoch."""
        if self.others is not None:
            restore(other_variables(self.model), self.others)
            self.others = None
        else:
            states = random_states(self.model)
            for state, seed in zip(states, seeds(len(states), self.seed, epoch), strict=True):
                state.assign(seed)
            rate = rate_at(self.recipe, epoch)
            if rate is not None:
                self.model.optimizer.learning_rate = rate
        rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        self.rate = float(str(np.float32(rate)))  # 0.001, all of it

    def on_train_batch_end(self, batch, logs=None):
        """Look at the loss; save if it is time; stop if it is wished."""
        self.progress.batch = batch + 1
        if not math.isfinite(logs["loss"]):
            self._stop()
        if batch + 1 == self.steps:
            if self.streamed:  # no step beyond the last batch
                self.stopped, self.model.stop_training = self.model.stop_training, True
            return  # the epoch's end saves
        if self.directory and (time.monotonic() >= self.due or self.interruption.wished):
            self._back_up()
        if self.interruption.wished:
            self._say_how_to_go_on()

    def on_test_batch_end(self, batch, logs=None):
        """Stop at the last batch of a stream."""
        if batch + 1 == self.validation_steps:
            self.model.stop_evaluating = True

    def on_epoch_end(self, epoch, logs=None):
        """Keep the record, and save."""
        progress = self.progress
        if self.stopped is not None:
            self.model.stop_training, self.stopped = self.stopped, None
        sync(self.model)
        weights = self.model.get_weights()
        if not finite(weights) or not math.isfinite(logs.get("val_loss", 0)):
            self._stop()
        record = {self._column(key): float(value) for key, value in {"loss": 0, **logs}.items()}
        for key, value in (record | {"learning_rate": self.rate}).items():
            progress.history.setdefault(key, []).append(value)
        progress.epochs, progress.batch = epoch + 1, 0
        self._note(weights)
        better = self._better(record[self.monitor])
        if better:
            progress.best, progress.best_epoch = record[self.monitor], progress.epochs
        if self.directory:
            self.directory.save_epoch(self.model, asdict(progress), best=better)
            self.due = time.monotonic() + self.backup_seconds
        if self.interruption.wished:
            self._say_how_to_go_on()

    def _note(self, weights):
        started = self.progress.epochs or self.progress.batch
        self.good = weights
        self.good_at = f"of {self.progress}" if started else "from before the training"

    def _back_up(self):
        began = time.monotonic()
        sync(self.model)
        if finite(self.model.get_weights()):  # else the next step's loss will say so
            self.directory.save(self.model, asdict(self.progress))
        now = time.monotonic()
        self.due = now + (self.backup_seconds and max(self.backup_seconds, (now - began) / SHARE))

    def _column(self, key):
        """Keras's name of a metric without the first output's."""
        for part in ("val_", ""):
            if key == f"{part}{self.prefix}accuracy":
                return f"{part}accuracy"
        return key

    def _better(self, value):
        if self.progress.best is None:
            return True
        if better_is(self.monitor) == "max":
            return value > self.progress.best
        return value < self.progress.best

    def _stop(self):
        sync(self.model)
        self.model.set_weights(self.good)
        progress = self.progress
        of = f" of {self.steps}" if self.steps else ""
        advice = f"lower learning_rate (it was {self.rate:g})"
        if (progress.epochs, progress.batch) == (0, 1):  # the weights are those that were given
            advice = "before anything was learnt, so look at the loss, the labels and the images"
        elif self.unseen:
            advice += ", or look for NaN in the images, few of which were looked at before"
        raise ValueError(
            f"the loss became infinite or NaN in epoch {progress.epochs + 1} at step "
            f"{progress.batch}{of}: {advice}. The model has its weights {self.good_at} again."
        )

    def _say_how_to_go_on(self):
        where = str(self.progress)
        if self.directory:
            path = self.directory.path
            raise KeyboardInterrupt(
                f"stopped after {where}; call train again with run_dir='{path}' to go on."
            )
        raise KeyboardInterrupt(
            f"stopped after {where}; the model has its weights of that moment. With run_dir= a run "
            f"can go on."
        )


def finite(weights) -> bool:
    """Tell whether all weights are numbers."""
    return all(np.isfinite(weight).all() for weight in weights)


def sync(model):
    """Have the model's variables hold what was trained; on JAX they do so only when asked."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()
