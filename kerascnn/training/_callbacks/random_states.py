"""Random numbers that depend on the seed and the epoch only."""

from collections.abc import Sequence

import keras
import numpy as np

from kerascnn.training._pipeline import random_states, seeds
from kerascnn.training._run_state import Progress
from kerascnn.training._variables import other_variables, restore


class RandomStates(keras.callbacks.Callback):
    """Set the states of dropout and other random layers at the beginning of each epoch.

    Args:
        progress: where the run is.
        seed: seed of the run.
        saved: values of the `other_variables` of a run that stopped within an epoch.
    """

    def __init__(
        self, progress: Progress, seed: int, saved: Sequence[np.ndarray] | None = None
    ) -> None:
        super().__init__()
        self.seed = seed
        self.saved = saved if progress.batch else None

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Seed the states, or restore them in the epoch that resumes."""
        if self.saved is not None:
            restore(other_variables(self.model), self.saved)
            self.saved = None
            return
        states = random_states(self.model)
        for state, seed in zip(states, seeds(len(states), self.seed, epoch), strict=True):
            state.assign(seed)
