"""What does each ingredient of AlexNet's training recipe contribute? (lecture map, E2)."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import keras
import numpy as np
from keras.initializers import RandomNormal
from keras.layers import Dense, Dropout, Flatten

from kerascnn import datasets, layers, models, training

from ._experiment import experiment, followed, must
from ._photographs import first_shrunk
from ._without import without

WIDTH, UNITS = 0.5, 1024  # few filters, many hidden units
LAST = 3  # epochs of the search whose validation loss is averaged


def with_tanh(model):
    """Replace every ReLU with tanh, and give the initial weights half the variance."""
    for layer in model.layers:
        if getattr(layer, "activation", None) is keras.activations.relu:
            layer.activation = keras.activations.tanh
            layer.kernel.assign(layer.kernel / 2**0.5)  # Glorot and Bengio 2010, Eq. 10
    return model


def without_normalization(model):
    """Remove the two local response normalization layers."""
    return without(model, layers.LocalResponseNormalization)


RECIPES = {  # changes to the network and to the recipe
    "whole recipe": (None, {}),
    "tanh instead of ReLU": (with_tanh, {}),
    "no normalization layers": (without_normalization, {}),
    "no augmentation": (None, {"augment": "none"}),
    "no dropout": (None, {"dropout": 0.0}),
    "no weight decay": (None, {"weight_decay": 0.0}),
    "no momentum": (None, {"momentum": 0.0}),
    "constant rate": (None, {"schedule": "constant"}),
}


@experiment
def alexnet_recipe(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    recipes: Sequence[str] = tuple(RECIPES),
    images: int = 5000,
    validation: int = 2000,
    size: int = 32,
    epochs: int = 70,
    steps: Sequence[int] = (56, 64),
    batch_size: int = 64,
    rates: Sequence[float] = (0.005, 0.01, 0.02),
    search_epochs: int = 10,
    precision: str | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    verbose: bool | str = "auto",
) -> dict:
    """Train a small AlexNet with AlexNet's recipe, leaving out one ingredient at a time.

    The recipe consists of ReLU, local response normalization, augmentation by random crops, flips
    and colors, dropout of 0.5, stochastic gradient descent with a momentum of 0.9 and a weight
    decay of 5e-4, and a learning rate that is divided by 10 (Krizhevsky et al. 2012, sections 3 to
    5). As in AlexNet, most weights are in the dense layers (96 %), so that the network can learn
    its training images by heart.

    Each recipe has its own learning rate, the one with the lowest validation loss, averaged over
    the last three epochs of a short run with the first seed. Without momentum, the rates to
    try are ten times as high, since a momentum of 0.9 makes steps in a constant direction ten times
    as long. With tanh, the initial weights have half the variance, as suits it.

    DEVIATION: the rate is divided after fixed epochs. The paper divides it when the
    validation error stops improving, which a few thousand images cannot tell from chance.

    Args:
        data: Name of a data set of square images in ten classes.
        data_dir: Directory with the file of the data set.
        recipes: Recipes to use: "whole recipe", "tanh instead of ReLU" and so on.
        images: Number of training images.
        validation: Number of validation images.
        size: Height and width to shrink the images to by averaging; must divide their size.
        epochs: Number of epochs.
        steps: Epochs after which the learning rate is divided by 10.
        batch_size: Number of images in a batch; the paper uses 128, with many more images.
        rates: Learning rates to try.
        search_epochs: Number of epochs for which to try each of them.
        precision: A dtype policy, such as "mixed_bfloat16"; `None` selects the best one for the
            device.
        seeds: Random seeds of weights, shuffling, augmentation and dropout.
        verbose: Whether to show a progress bar; "auto" shows one in a terminal.

    Returns:
        A `Result` with `search` (recipe, rate, epoch), the validation loss for the first seed
        and each of the `rates` (recipe, rate); `rate` (recipe,), the selected one; `val_accuracy`
        and `val_loss` with it (recipe, seed, epoch); `learnt` (recipe, seed), the final accuracy on
        the training images without augmentation and dropout; `recipes`, the labels of the first
        axis; and `precision`.

    Raises:
        ValueError: If the data set has fewer images, `size` does not divide their size, or a rate
            is not above 0.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("alexnet_recipe")["val_accuracy"].shape
    (8, 3, 70)
    """
    must(all(rate > 0 for rate in rates), "rates", "above 0", rates)
    loaded = datasets.load(data, data_dir=data_dir)
    train = first_shrunk("images", images, loaded.train, size)
    held_out = first_shrunk("validation", validation, loaded.validation, size)
    how: dict[str, Any] = {"batch_size": batch_size, "precision": precision}

    def trained(name, rate, seed, epochs):
        change, overrides = RECIPES[name]
        keras.utils.set_random_seed(seed)
        model = net(train[0].shape[1:], classes=10)
        return training.train(
            change(model) if change else model,
            (train, held_out),
            recipe="alexnet",
            epochs=epochs,
            learning_rate=float(rate),
            seed=seed,
            verbose=0,
            **how,
            **{"schedule": "step", "steps": tuple(steps), **overrides},
        )

    tried = np.array([rates_for(name, rates) for name in recipes])
    search = np.zeros((*tried.shape, search_epochs))
    for (row, name), column in followed(product(enumerate(recipes), range(len(rates))), verbose):
        run = trained(name, tried[row, column], seeds[0], search_epochs)
        search[row, column] = run.history["val_loss"]
    best = search[..., -LAST:].mean(axis=-1).argmin(axis=-1)
    rate = tried[np.arange(len(recipes)), best]
    curves = {
        name: np.zeros((len(recipes), len(seeds), epochs)) for name in ("val_accuracy", "val_loss")
    }
    learnt = np.zeros((len(recipes), len(seeds)))
    for (row, name), (nth, seed) in followed(
        product(enumerate(recipes), enumerate(seeds)), verbose
    ):
        run = trained(name, rate[row], seed, epochs)
        for curve, values in curves.items():
            values[row, nth] = run.history[curve]
        predicted = run.model.predict(train[0], verbose=0).argmax(axis=1)
        learnt[row, nth] = np.mean(predicted == train[1])
    return {
        "search": search,
        "rates": tried,
        "rate": rate,
        **curves,
        "learnt": learnt,
        "recipes": list(recipes),
        "precision": precision or "the device's",
    }


def rates_for(name, rates):
    """Return the learning rates to try with a recipe."""
    momentum = training.recipe("alexnet").momentum
    gain = 1 / (1 - momentum) if RECIPES[name][1].get("momentum") == 0 else 1
    return np.round(gain * np.array(rates), 6)


def net(shape, classes):
    """Build a narrow AlexNet with wide dense layers."""
    body = models.build(
        "alexnet", variant="cifar", width=WIDTH, input_shape=shape, include_top=False
    )
    x = Flatten(name="flatten")(body.output)
    for name in ("fc6", "fc7"):
        x = Dense(UNITS, activation="relu", kernel_initializer="he_normal", name=name)(x)
        x = Dropout(0.5, name=f"{name}_dropout")(x)
    start = RandomNormal(stddev=0.01)  # section 5
    predictions = Dense(classes, activation="softmax", kernel_initializer=start, name="predictions")
    return keras.Model(body.inputs, predictions(x))
