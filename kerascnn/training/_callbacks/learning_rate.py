"""The learning rate of each epoch."""

import keras

from kerascnn.training._recipes import Recipe
from kerascnn.training._run_state import Progress
from kerascnn.training._schedules import rate_at


class LearningRate(keras.callbacks.Callback):
    """Set the learning rate of the schedule at the beginning of each epoch.

    Args:
        progress: where the run is; an epoch that resumes keeps the rate that was saved.
        recipe: the recipe.
    """

    def __init__(self, progress: Progress, recipe: Recipe) -> None:
        super().__init__()
        self.progress = progress
        self.recipe = recipe

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Set the rate."""
        rate = None if self.progress.batch else rate_at(self.recipe, epoch)
        if rate is not None:
            self.model.optimizer.learning_rate = rate
