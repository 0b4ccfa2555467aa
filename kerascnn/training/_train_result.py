"""The result of a training run."""

from dataclasses import dataclass
from pathlib import Path

import keras

from kerascnn._class_names import names_of, remember
from kerascnn._copies import copied
from kerascnn._graph import flatten, has_graph

from ._recipes import Recipe
from ._variables import load_weights_only


@dataclass(frozen=True, eq=False, repr=False)
class Training:
    """The result of a training run.

    Args:
        model: The model that was trained, with the weights of the last epoch.
        history: A list per column, with a value per epoch: loss, accuracy, learning_rate, and
            val_loss, val_accuracy if there are validation data.
        best_epoch: The epoch with the best value of the recipe's `monitor`, counted from 1.
        recipe: The recipe with every field as it was used, except `augment` if it was given;
            `dropout` is 0 if the model has no Dropout layers.
        augment: The name of the augmentation.
        run_dir: The run directory, or `None`.
        seconds: Duration of the call.
        images_per_second: Training images per second, without validation and the first step.
        waiting: Fraction of the training time spent waiting for input, 0 to 1.
        run_id: The id of the run in its directory, or `None`.

    >>> import numpy as np, keras, kerascnn as kc
    >>> model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(),
    ...                           keras.layers.Dense(2, activation="softmax")])
    >>> images, labels = np.zeros((8, 2, 2, 1), "float32"), np.arange(8) % 2
    >>> run = kc.train(model, (images, labels), epochs=2, batch_size=4, verbose=0)
    >>> len(run.history["loss"]), run.recipe.name
    (2, 'adam')
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
    run_id: str | None = None

    def best(self) -> keras.Model:
        """Return a copy of the model with the weights of the best epoch, from `run_dir`.

        Raises:
            ValueError: If there is no run directory, and the best epoch is not the last; or if the
                model has a custom layer that Keras cannot copy.
            OSError: If the file of weights is damaged or missing, or of another run or epoch.
        """
        if self.run_dir is None and self.best_epoch != len(self.history["loss"]):
            raise ValueError(
                f"the weights of the best epoch, {self.best_epoch}, were not saved: train with "
                f"run_dir= to use best()."
            )
        model = copied(self.model)
        if has_graph(model):
            remember(model, names_of(flatten(self.model)))
        if self.run_dir is not None:
            _load_best(model, self, self.run_dir)
        return model

    def __repr__(self) -> str:
        last = ", ".join(f"{key} {values[-1]:.4g}" for key, values in self.history.items())
        epochs = len(self.history["loss"])
        return f"<Training of {self.model.name!r}: {epochs} epochs, best {self.best_epoch}; {last}>"


def _load_best(model: keras.Model, run: Training, run_dir: Path) -> None:
    """Load the weights of the best epoch of a run.

    Raises:
        OSError: If they are damaged or missing, or of another run or epoch.
    """
    file = Path(run_dir) / "best.weights.h5"
    try:
        load_weights_only(model, file, run.run_id, run.best_epoch)
    except (OSError, ValueError) as error:
        raise OSError(
            f"'{file}', the weights of the best epoch, cannot be read "
            f"({str(error).splitlines()[0]})."
        ) from None
