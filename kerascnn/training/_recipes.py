"""How the papers trained: every number of a recipe in one place, with its source."""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from kerascnn._checks import check_count, check_number, is_whole
from kerascnn._errors import unknown

RecipeName = Literal["adam", "alexnet", "vgg", "googlenet", "resnet", "unet", "yolo"]
Optimizer = Literal["adam", "muon", "sgd"]
Schedule = Literal["constant", "plateau", "step", "cosine"]
Monitor = Literal["val_loss", "val_accuracy"]
Augmentation = Literal["none", "pad_crop_flip", "crop_flip", "crop_flip_color"]
OPTIMIZERS, SCHEDULES, MONITORS, AUGMENTATIONS = map(
    get_args, (Optimizer, Schedule, Monitor, Augmentation)
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything about a training run except the model, the data and the seed.

    Args:
        name: The name of the recipe.
        optimizer: `"adam"` (Kingma and Ba 2014, Algorithm 1), `"sgd"` with momentum, or `"muon"`
            for convolutions before a batch normalization, with `"sgd"` for the rest; see `Muon`.
        learning_rate: Learning rate of the first epoch, after the warm-up if there is one.
        batch_size: Images per step, over all devices.
        epochs: Passes over the training images.
        momentum: Momentum of `"sgd"` and `"muon"`, from 0 to below 1.
        weight_decay: Weight decay of `"sgd"`, also with `"muon"`. It is coupled: `weight_decay * w`
            is added to the gradient of every kernel `w`, and so to the momentum; biases do not
            decay.
        schedule: `"constant"`; `"plateau"`: multiply by `plateau_factor` when `monitor` has not
            improved for `plateau_patience` epochs, down to `minimum_rate`; `"step"`: multiply by
            `step_factor` after each of the epochs in `steps`; `"cosine"`: decrease to 0 along half
            a cosine over all epochs (Loshchilov and Hutter 2016, Eq. 5, one cycle).
        plateau_factor: See `schedule`.
        plateau_patience: See `schedule`, in epochs.
        minimum_rate: See `schedule`.
        steps: See `schedule`, in complete epochs.
        step_factor: See `schedule`.
        warmup_epochs: Epochs in which the rate rises to the schedule's; not with `"plateau"`.
        warmup_factor: Fraction of the rate with which the warm-up begins.
        monitor: What decides which epoch is better, `"val_loss"` or `"val_accuracy"`; without
            validation data, the same of the training data.
        augment: How the training images change from epoch to epoch: `"none"`;
            `"pad_crop_flip"`: shift by up to 4 pixels, and mirror; `"crop_flip"`: crop a window
            of the model's size from larger images (shift images of that size by up to a
            sixteenth), and mirror; `"crop_flip_color"`: the same, and shift the colors along
            their principal components.
        dropout: Rate of the model's Dropout layers during the training; `None` for their own.
            Causes a warning for a model without such layers.
        auxiliary_weight: Weight of the loss of each output after the first.
        border_weight: For masks without weights: how much more the pixels between touching cells
            count at most (Ronneberger 2015, Eq. 2, w0); 0 to weight all pixels the same.
        border_sigma: See `border_weight`, in pixels.
        boxes: For boxes: number of boxes that each cell of the grid predicts (Redmon 2016, B).

    >>> import kerascnn as kc
    >>> mine = kc.training.Recipe(name="mine", optimizer="sgd", learning_rate=0.05, batch_size=64,
    ...                           epochs=20, momentum=0.9, schedule="cosine")
    >>> mine.momentum, mine.augment
    (0.9, 'none')
    """

    name: str
    optimizer: Optimizer
    learning_rate: float
    batch_size: int
    epochs: int
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: Schedule = "constant"
    plateau_factor: float = 0.1
    plateau_patience: int = 5
    minimum_rate: float = 0.0
    steps: tuple[int, ...] = ()
    step_factor: float = 0.1
    warmup_epochs: int = 0
    warmup_factor: float = 0.1
    monitor: Monitor = "val_loss"
    augment: Augmentation = "none"
    dropout: float | None = None
    auxiliary_weight: float = 0.3
    border_weight: float = 0.0
    border_sigma: float = 5.0
    boxes: int = 2

    def __post_init__(self) -> None:
        for field, choices in (
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("monitor", MONITORS),
            ("augment", AUGMENTATIONS),
        ):
            if getattr(self, field) not in choices:
                raise unknown(field, getattr(self, field), choices)
        for field, least in (
            ("batch_size", 1),
            ("epochs", 1),
            ("plateau_patience", 1),
            ("warmup_epochs", 0),
            ("boxes", 1),
        ):
            self._set(field, check_count(field, getattr(self, field), least))
        for field, low, high in (
            ("learning_rate", 0, float("inf")),
            ("momentum", 0, 1),
            ("weight_decay", 0, float("inf")),
            ("plateau_factor", 0, 1),
            ("step_factor", 0, 1),
            ("warmup_factor", 0, 1),
            ("minimum_rate", 0, float("inf")),
            ("dropout", 0, 1),
            ("auxiliary_weight", 0, float("inf")),
            ("border_weight", 0, float("inf")),
            ("border_sigma", 1e-3, float("inf")),
        ):
            value = getattr(self, field)
            if field == "dropout" and value is None:
                continue
            self._set(field, check_number(field, value, low, below=high))
        steps: Any = self.steps
        if not isinstance(steps, tuple | list) or not all(is_whole(step, 1) for step in steps):
            raise ValueError(
                f"steps must be a tuple of whole numbers of at least 1; received {self.steps!r}."
            )
        self._set("steps", tuple(map(int, steps)))
        if self.schedule == "plateau" and self.warmup_epochs:
            raise ValueError(
                "warmup_epochs must be 0 with schedule 'plateau', which sets the rate itself; "
                f"received {self.warmup_epochs}."
            )
        if self.optimizer == "adam" and (self.momentum or self.weight_decay):
            raise ValueError(
                "momentum and weight_decay belong to the optimizers 'sgd' and 'muon'; "
                f"received them with {self.optimizer!r}: set them to 0."
            )

    def _set(self, field: str, value: object) -> None:
        """Keep a checked value, a plain Python number as config.json needs it."""
        object.__setattr__(self, field, value)


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
            augment="crop_flip_color",  # Section 4.1: patches, reflections, RGB intensities
            dropout=0.5,  # Section 4.2: "with probability 0.5"
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
            augment="crop_flip_color",  # "random horizontal flipping and random RGB color shift"
            dropout=0.5,  # "dropout ratio set to 0.5"
        ),
        Recipe(  # Szegedy et al. 2014, arXiv:1409.4842, Section 6; BVLC's where it is silent
            name="googlenet",
            optimizer="sgd",  # DEVIATION: theirs ran asynchronously on many machines
            learning_rate=1e-2,  # bvlc_googlenet/solver.prototxt
            batch_size=32,  # bvlc_googlenet/train_val.prototxt
            epochs=64,  # bvlc_googlenet/quick_solver.prototxt: 2.4M iterations of 32 are 60
            momentum=0.9,  # "0.9 momentum"
            weight_decay=2e-4,  # bvlc_googlenet/solver.prototxt
            schedule="step",
            steps=tuple(range(8, 64, 8)),  # "decreasing the learning rate by 4% every 8 epochs"
            step_factor=0.96,
            monitor="val_accuracy",
            augment="crop_flip",  # DEVIATION: theirs also vary the size and shape of the window
            auxiliary_weight=0.3,  # Section 5: "weighted by 0.3"
        ),
        Recipe(  # He, Zhang, Ren, Sun 2015, arXiv:1512.03385, Section 3.4
            name="resnet",
            optimizer="sgd",
            learning_rate=1e-1,  # "starts from 0.1"
            batch_size=256,  # "a mini-batch size of 256"; Section 4.2, CIFAR-10: 128
            epochs=120,  # "up to 60 x 10^4 iterations" of 256 out of 1.28M images
            momentum=0.9,  # "a momentum of 0.9"
            weight_decay=1e-4,  # "a weight decay of 0.0001"
            schedule="step",  # DEVIATION: "divided by 10 when the error plateaus"; the epochs …
            steps=(30, 60, 90),  # … are those of facebook/fb.resnet.torch
            step_factor=0.1,
            monitor="val_accuracy",
            augment="pad_crop_flip",  # Section 4.2, which suits images of any size
        ),
        Recipe(  # Ronneberger, Fischer, Brox 2015, arXiv:1505.04597, Section 3
            name="unet",
            optimizer="sgd",
            learning_rate=1e-3,  # not in the paper; with this momentum 0.1 per image in the end
            batch_size=1,  # "reduce the batch to a single image"
            epochs=50,  # not in the paper, which says "10 hours"
            momentum=0.99,  # "a high momentum (0.99)"
            border_weight=10.0,  # Eq. 2: "w0 = 10"
            border_sigma=5.0,  # Eq. 2: "sigma of about 5 pixels"
            # DEVIATION: no elastic deformations, which would have to move the masks as well
        ),
        Recipe(  # Redmon, Divvala, Girshick, Farhadi 2016, arXiv:1506.02640, Section 2.2
            name="yolo",
            optimizer="sgd",
            learning_rate=1e-2,  # "train with 10^-2 for 75 epochs, …"
            batch_size=64,  # "a batch size of 64"
            epochs=135,  # "about 135 epochs"
            momentum=0.9,  # "a momentum of 0.9"
            weight_decay=5e-4,  # "a decay of 0.0005"
            schedule="step",
            steps=(75, 105),  # "… then 10^-3 for 30 epochs, and finally 10^-4 for 30 epochs"
            step_factor=0.1,
            warmup_epochs=3,  # "the first epochs": their number is not in the paper
            warmup_factor=0.1,  # "slowly raise the learning rate from 10^-3 to 10^-2"
            dropout=0.5,  # "a dropout layer with rate = .5"
            boxes=2,  # Section 2: "B = 2"
            # DEVIATION: no scaling and translations, which would have to move the boxes as well
        ),
    )
}


def recipes() -> list[str]:
    """List the names of the recipes.

    >>> recipes()
    ['adam', 'alexnet', 'vgg', 'googlenet', 'resnet', 'unet', 'yolo']
    """
    return list(RECIPES)


def recipe(name: RecipeName | Recipe, /, **overrides: Any) -> Recipe:
    """Look up a recipe, and replace some of its fields.

    Args:
        name: One of `recipes()`, or a `Recipe`.
        **overrides: Fields of `Recipe`; `None` keeps a field as it is.

    Returns:
        A frozen `Recipe`.

    Raises:
        ValueError: If a name or a field is unknown, or a value is out of range.

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
