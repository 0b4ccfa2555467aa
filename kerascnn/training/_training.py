"""What a training run came to."""

from dataclasses import dataclass
from pathlib import Path

import keras

from kerascnn._class_names import names_of, remember
from kerascnn._graph import flatten, has_graph, number_calls_alike

from ._recipes import Recipe
from ._run_directory import check_sum, without_optimizer


@dataclass(frozen=True, eq=False, repr=False)
class Training:
    """What a training run came to.

    Args:
        model: The model that was given, with the weights of the last epoch.
        history: A list per column, one value per epoch: loss, accuracy, learning_rate, and
            val_loss, val_accuracy where there is validation data.
        best_epoch: The epoch, from 1 on, with the best value of the recipe's `monitor`.
        recipe: The recipe with every field as it was used, but for `augment` if one was given;
            `dropout` is 0 if the model had no layer to drop anything.
        augment: The name of what changed the training images.
        run_dir: The run directory, or `None`.
        seconds: What this call took.
        images_per_second: Training images, without validation and the first step.
        waiting: The part of the training's time that waited for input, 0 to 1.
    """

    model: keras.Model
    history: dict[str, list[float]]
    best_epoch: int
    recipe: Recipe
    augment: str
    run_dir: Path | None
    seconds: float = 0.0
    images_per_second: float = 0.0
    waiting: float = 0.0

    def best(self) -> keras.Model:
        """Make a copy of the model with the weights of the best epoch, from `run_dir`.

        Raises:
            ValueError: A run without a run directory, whose best epoch is not the last.
            OSError: The file of weights is damaged or not there.
        """
        if self.run_dir is None and self.best_epoch != len(self.history["loss"]):
            raise ValueError(
                f"the weights of the best epoch, {self.best_epoch}, were not kept: train with "
                f"run_dir= to have best()."
            )
        model = keras.models.clone_model(self.model)
        if has_graph(model):
            number_calls_alike(model, self.model)
            remember(model, names_of(flatten(self.model)))
        if self.run_dir is None:
            model.set_weights(self.model.get_weights())
        else:
            _load_best(model, self.run_dir)
        return model

    def __repr__(self):
        last = ", ".join(f"{key} {values[-1]:.4g}" for key, values in self.history.items())
        epochs = len(self.history["loss"])
        return f"<Training of {self.model.name!r}: {epochs} epochs, best {self.best_epoch}; {last}>"


def _load_best(model, run_dir):
    """Load the weights of the best epoch of a run.

    Raises:
        OSError: They are damaged or not there.
    """
    file = Path(run_dir) / "best.weights.h5"
    try:
        check_sum(file)
        with without_optimizer(model):
            model.load_weights(file)
    except (OSError, ValueError) as error:
        raise OSError(
            f"'{file}', the weights of the best epoch, cannot be read "
            f"({str(error).splitlines()[0]})."
        ) from None
