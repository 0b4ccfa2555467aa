"""How the papers trained: every number of a recipe in one place, with its source."""

from dataclasses import dataclass, fields, replace

from kerascnn._errors import unknown

OPTIMIZERS = ("adam", "sgd")
SCHEDULES = ("constant", "plateau", "cosine")
MONITORS = ("val_loss", "val_accuracy")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything about a training run but the model, the data and the seed.

    Args:
        name: What `recipe` calls it.
        optimizer: `"adam"` (Kingma and Ba 2014, Algorithm 1) or `"sgd"` with momentum.
        learning_rate: The rate of the first epoch.
        batch_size: Images in a step.
        epochs: Passes over the training images.
        momentum: Of `"sgd"`, 0 to below 1.
        weight_decay: Of `"sgd"`, coupled: `weight_decay * w` is added to the gradient of every
            kernel `w`, so that it goes through the momentum; biases do not decay.
        schedule: `"constant"`; `"plateau"`: times `plateau_factor` once `monitor` has not improved
            for `plateau_patience` epochs, down to `minimum_rate`; `"cosine"`: down to 0 along half
            a cosine over all epochs (Loshchilov and Hutter 2016, Eq. 5, one cycle).
        plateau_factor: See `schedule`.
        plateau_patience: See `schedule`, in epochs.
        minimum_rate: See `schedule`.
        monitor: What tells a better epoch, `"val_loss"` or `"val_accuracy"`; without validation
            data the same of the training data.
    """

    name: str
    optimizer: str
    learning_rate: float
    batch_size: int
    epochs: int
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: str = "constant"
    plateau_factor: float = 0.1
    plateau_patience: int = 5
    minimum_rate: float = 0.0
    monitor: str = "val_loss"

    def __post_init__(self):
        for field, choices in (
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("monitor", MONITORS),
        ):
            if getattr(self, field) not in choices:
                raise unknown(field, getattr(self, field), choices)
        for field in ("batch_size", "epochs", "plateau_patience"):
            value = getattr(self, field)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{field} must be a whole number from 1 on; received {value!r}.")
        for field, low, high in (
            ("learning_rate", 0, float("inf")),
            ("momentum", 0, 1),
            ("weight_decay", 0, float("inf")),
            ("plateau_factor", 0, 1),
            ("minimum_rate", 0, float("inf")),
        ):
            value = getattr(self, field)
            if not isinstance(value, int | float) or not low <= value < high:
                raise ValueError(
                    f"{field} must be a number of at least {low} and below {high}; "
                    f"received {value!r}."
                )
        if self.optimizer != "sgd" and (self.momentum or self.weight_decay):
            raise ValueError(
                f"momentum and weight_decay belong to the optimizer 'sgd'; "
                f"received them with {self.optimizer!r}: leave them at 0."
            )


RECIPES = {
    made.name: made
    for made in (
        Recipe(
            name="adam",
            optimizer="adam",
            learning_rate=1e-3,  # Kingma and Ba 2014, Algorithm 1: "good default settings"
            batch_size=128,  # Kingma and Ba 2014, Section 6: minibatches of 128
            epochs=10,  # enough for small images; a choice, not a source
        ),
        Recipe(  # Krizhevsky, Sutskever, Hinton 2012, Section 5
            name="alexnet",
            optimizer="sgd",
            learning_rate=1e-2,  # "initialized at 0.01"
            batch_size=128,  # "a batch size of 128 examples"
            epochs=90,  # "roughly 90 cycles"
            momentum=0.9,  # "momentum of 0.9"
            weight_decay=5e-4,  # "weight decay of 0.0005"; kernels only: decay_mult 0 in Caffe
            schedule="plateau",
            plateau_factor=0.1,  # "divide the learning rate by 10 when the validation error …"
            plateau_patience=5,  # DEVIATION: they did it by hand
            minimum_rate=1e-5,  # "reduced three times prior to termination"
            monitor="val_accuracy",  # "… rate stopped improving"
        ),
        Recipe(  # Simonyan and Zisserman 2014, arXiv:1409.1556, Section 3.1
            name="vgg",
            optimizer="sgd",
            learning_rate=1e-2,  # "initially set to 10^-2"
            batch_size=256,  # "the batch size was set to 256"
            epochs=74,  # "stopped after 370K iterations (74 epochs)"
            momentum=0.9,  # "momentum to 0.9"
            weight_decay=5e-4,  # "the L2 penalty multiplier set to 5·10^-4"
            schedule="plateau",
            plateau_factor=0.1,  # "decreased by a factor of 10 when the validation set accuracy …"
            plateau_patience=5,  # DEVIATION: they did it by hand
            minimum_rate=1e-5,  # "in total, the learning rate was decreased 3 times"
            monitor="val_accuracy",  # "… stopped improving"
        ),
    )
}


def recipes() -> list[str]:
    """List the names of the recipes.

    >>> recipes()
    ['adam', 'alexnet', 'vgg']
    """
    return list(RECIPES)


def recipe(name: str | Recipe, /, **overrides) -> Recipe:
    """Look a recipe up, with some of its fields replaced.

    Args:
        name: One of `recipes()`, or a `Recipe`.
        **overrides: Fields of `Recipe`; `None` leaves a field as it is.

    Returns:
        A frozen `Recipe`.

    Raises:
        ValueError: A name, a field or a value that there is not.

    >>> recipe("alexnet", batch_size=64).learning_rate
    0.01
    """
    if not isinstance(name, Recipe):
        if name not in RECIPES:
            raise unknown("recipe", name, RECIPES)
        name = RECIPES[name]
    known = [field.name for field in fields(Recipe) if field.name != "name"]
    for field in overrides:
        if field not in known:
            raise unknown("an option of train or a field of its recipe", field, known)
    return replace(name, **{key: value for key, value in overrides.items() if value is not None})
