"""`train`: one call for every architecture."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from os import PathLike
from typing import Any, Literal

import keras
import numpy.typing as npt

from kerascnn._checks import check_count, check_number
from kerascnn._class_names import remember
from kerascnn._errors import unknown
from kerascnn._fusion import avoid_wrong_fusions
from kerascnn._graph import check_is_model
from kerascnn._memory import keep_buffers
from kerascnn._processor import kernels_checked, mend_gradients

from ._callbacks import (
    FiniteLoss,
    Interruption,
    LearningRate,
    RandomStates,
    Record,
    Saves,
    Stops,
    StreamEnd,
)
from ._checks import check_one_input
from ._data import (
    Data,
    Part,
    range_of,
    reads_on_demand,
    splits,
    weighted,
    with_batches_of,
    with_batches_within,
)
from ._devices import Placement, Precision, make_deterministic, placed, placement
from ._dropout import dropout_rate
from ._epochs import Fit, quiet
from ._model_file import write_model
from ._objective.objective import Losses
from ._optimizers import check_optimizer, make_optimizer
from ._pipeline import steps
from ._prepare import Ready, first_of, prepare
from ._recipes import AUGMENTATIONS, Augmentation, Recipe, RecipeName
from ._recipes import recipe as find_recipe
from ._report import Lines, Meter, summary, verbosity
from ._run_config import describe_run, facts_of, name_of, weights_of
from ._run_directory import RunDirectory
from ._run_state import Lengths, Progress
from ._schedules import Plateau
from ._stream import Stream
from ._train_result import Training
from ._unused_fields import without_idle


def train(
    model: keras.Model,
    data: Data,
    *,
    recipe: RecipeName | Recipe = "adam",
    epochs: int | None = None,
    batch_size: int | None = None,
    run_dir: str | PathLike | None = None,
    resume: bool = True,
    seed: int = 0,
    augment: Callable | Augmentation | None = None,
    loss: Losses | None = None,
    input_range: tuple[float, float] | Literal["auto"] | None = "auto",
    callbacks: Iterable[keras.callbacks.Callback] | keras.callbacks.Callback = (),
    verbose: Literal["auto", 0, 1, 2] = "auto",
    deterministic: bool = False,
    devices: Sequence[str] | str | None = None,
    precision: Precision | None = None,
    backup_seconds: float = 30.0,
    keep_every: int | None = None,
    sample_weight: npt.ArrayLike | Mapping[str, npt.ArrayLike] | None = None,
    class_weight: dict[int, float] | None = None,
    **overrides: Any,
) -> Training:
    """Train a model by a recipe.

    The model starts from its current weights and is compiled here: with the optimizer of the
    recipe, the loss that follows from its last activation (softmax, sigmoid or linear) and its
    labels, and accuracy. The same seed gives the same run on the same CPU; it is also set as the
    global seed of Python, NumPy and Keras.

    Ctrl-C finishes the current step, saves, and raises KeyboardInterrupt with a line that says how
    to resume; a second Ctrl-C stops at once.

    Args:
        model: Any Keras model with one input. Outputs after the first are auxiliary classifiers,
            unless the labels are a dict. Classes are on the last axis of an output.
        data: A data set with `.train` and `.validation`, a pair `(images, labels)`, or a tuple
            of two such parts, for training and validation; `(images, labels, weights)` to weight
            the labels. Read a folder of images with `datasets.from_directory`. Images
            `(N, H, W, C)` in `input_range`, float, or integers if it goes beyond 1; an array
            or a sequence that reads them from disk. Labels `(N,)` class indices, `(N, H, W)` class
            indices of pixels (the middle is used for an output that lacks only a border, as
            without padding), or `(N, M, 5)` boxes: class, and center x, y, width, height from 0 to
            1; rows of class -1 are ignored. Class indices may have a last axis of 1, or be floats
            that are whole numbers; one-hot labels need `loss="categorical_crossentropy"`. If
            outputs have labels of their own, a dict of labels by the outputs' names; all losses
            count equally. Weights `(N,)` for images, or one for each label, such as `(N, H, W)`.
            A part may also be a `tf.data.Dataset` or a `keras.utils.PyDataset` of batches of these,
            also of unknown length. Its batches are used as they are, and each is checked when it
            arrives. The batches of a `PyDataset` are shuffled by the seed; a `tf.data.Dataset`
            keeps its own order, so shuffle it. A resumed run is the same, bit for bit, if the
            data return the same batches again. If their order changes, as after `shuffle()`, the
            rest of an interrupted epoch uses different images. Only the types, the shapes and the
            number of the batches are recorded in config.json.
        recipe: One of `kerascnn.training.recipes()`, or a `Recipe`.
        epochs: Passes over the training images. If `None`, the recipe's.
        batch_size: Images per step, at most all of them. If `None`, the recipe's, or that of data
            that come in batches.
        run_dir: A directory for config.json, model.json, history.csv, best and last weights, and a
            backup. If `None`, no files are written. Only one call trains in it at a time.
        resume: Whether to resume a run that `run_dir` contains. A resumed run ends as if it had
            never stopped; a finished one returns at once. The state of your own callbacks is not
            saved. Another recipe, model, loss, augmentation or data are refused; the code of a
            function is not compared, but its name and arguments are.
        seed: Seed of the shuffling, the augmentation and the model's dropout; a non-negative
            integer.
        augment: A Keras layer or a function, from a batch `(N, H, W, C)` float32 to a batch, or
            the name of an augmentation, such as `"none"`. If `None`, the recipe's. The training
            images pass through it again in each epoch. The random numbers of a function are
            reproducible only if they come from a layer's `keras.random.SeedGenerator`. Labels are
            not changed, so what moves the images is rejected for masks and boxes, and what mixes
            them always. In a function, only large movements are found, such as flips.
        loss: A Keras loss instead of the one that follows from the last activation, or a dict of
            losses by the names of outputs that have labels of their own.
        input_range: Smallest and largest value of the images, as the model expects them. "auto" is
            the range in which `datasets.from_directory` read them, otherwise [0, 1]; `None`: they
            are not checked. Use `(0, 255)` for a model that begins with a `Rescaling`
            or `Normalization` of 0 … 255, like many of keras.applications; there is a warning if
            such a model receives images in [0, 1] or [-1, 1].
        callbacks: Keras callbacks, or one; they run after the run has saved an epoch.
        verbose: 0 for nothing, 1 for a progress bar, 2 for a line per epoch; `"auto"` for a bar on
            a terminal or in a notebook, and lines otherwise.
        deterministic: Whether TensorFlow must compute the same bits each time, which may take
            longer, and applies to the rest of the process.
        devices: Names such as `("GPU:0", "GPU:1")` of devices that share each batch. If `None`,
            all GPUs, or the CPU. Batch normalization uses each device's part of a batch
            separately.
        precision: `"float32"`, `"mixed_float16"` or `"mixed_bfloat16"`. If `None`, the fastest on
            the devices, see `kerascnn.training.devices()`. The outputs stay float32.
        backup_seconds: Minimum time between two backups within an epoch, which never take more
            than two percent of the time. 0: after each step.
        keep_every: Keep the weights of the start, of every `keep_every`-th epoch and of the last
            epoch in `run_dir/epochs/`, for `explorer.export(checkpoints=)`. If `None`, only the
            best and the last weights are kept.
        sample_weight: The weights of the training labels, which may also come with the data.
        class_weight: Weights of the training labels by class, such as `{0: 1.0, 1: 5.0}`; a
            missing class has weight 1. Also for class indices of pixels, and for one-hot labels.
        **overrides: Fields of the recipe: `learning_rate=`, `schedule=`, `momentum=`, … A field
            that has no effect, such as the dropout of `"vgg"` in a model without Dropout layers,
            causes a warning, and the value that was used is recorded.

    Returns:
        A `Training` with `.history`, `.model`, `.best_epoch`, and `.best()`, the model of that
        epoch.

    Raises:
        ValueError: If an argument or the data cannot be used, the run directory contains another
            run, or the loss becomes NaN (the model then has the weights of its last good epoch).
        OSError: If the run directory cannot be written or read, is in use by another call, or has
            lost a file whose contents are stored nowhere else.

    >>> import numpy as np
    >>> model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(),
    ...                           keras.layers.Dense(2, activation="softmax")])
    >>> images = np.repeat([0.0, 1.0], 8).reshape(16, 1, 1, 1) * np.ones((1, 2, 2, 1))
    >>> result = train(model, (images, np.repeat([0, 1], 8)), learning_rate=0.1,
    ...                epochs=20, batch_size=4, verbose=0)
    >>> result.history["accuracy"][-1]
    1.0
    """
    began = time.perf_counter()
    keep_buffers()
    plan = find_recipe(recipe, epochs=epochs, batch_size=batch_size, **overrides)
    _check_arguments(model, seed, augment, backup_seconds, run_dir, verbose, keep_every)
    callbacks = _list_of(callbacks)
    fit, validation = splits(data, outputs=len(getattr(model, "outputs", None) or [None]))
    input_range = range_of(input_range, data, fit, validation)
    fit = weighted(fit, sample_weight)
    if isinstance(fit, Stream):
        plan = with_batches_of(fit, plan, batch_size)
    else:
        plan = with_batches_within(fit, plan, batch_size)
    where = placement(model, devices, precision, plan.batch_size)
    augment = plan.augment if augment is None else augment
    check_optimizer(plan, model)
    options = {"loss": loss, "input_range": input_range, "class_weight": class_weight}
    ready = prepare(model, fit, validation, plan, augment, **options)
    plan = without_idle(plan, model, ready, [k for k, v in overrides.items() if v is not None])
    remember(model, getattr(data, "class_names", None))
    if deterministic:
        make_deterministic()
    keras.utils.set_random_seed(seed)
    directory = None
    if run_dir is not None:
        facts = {"devices": where.devices, "precision": where.precision}
        facts |= {"deterministic": deterministic, "input_range": input_range, **facts_of(data)}
        facts |= {"class_weight": weights_of(class_weight)}
        parts = ready.fit, ready.validation
        config = describe_run(model, asdict(plan), ready.goal.loss, seed, augment, *parts, facts)
        free = () if precision else ("precision",)
        directory = RunDirectory(run_dir, config, resume=resume, keep_every=keep_every, free=free)
    meter = Meter(plan.batch_size)
    with (
        directory or nullcontext(),
        quiet(),
        placed(model, where) as trained,
        dropout_rate(trained, plan.dropout),
    ):
        if directory:
            write_model(model, directory.path)
        _compile(trained, plan, ready, where)
        progress, saved = _begin(trained, plan, ready, directory)
        finished = directory.config.get("finished", 0) if directory else 0
        if max(finished, progress.epochs) < plan.epochs:
            lengths = Lengths()
            if isinstance(ready.fit, Part):
                lengths.steps = steps(ready.fit, plan.batch_size, where.count)
            prefix = f"{trained.output_names[0]}_" if ready.goal.auxiliary else ""
            unseen = isinstance(fit, Part) and reads_on_demand(fit.images)
            plateau = [Plateau(progress, plan, ready.monitor)] if plan.schedule == "plateau" else []
            with Interruption() as interruption:
                saves = []
                if directory:
                    save = Saves(directory, progress, lengths, interruption, seconds=backup_seconds)
                    saves = [save]
                together = [
                    meter,
                    *plateau,
                    RandomStates(progress, seed, saved),
                    LearningRate(progress, plan),
                    FiniteLoss(progress, lengths, unseen=unseen, cause=lambda n: run.cause(n)),
                    StreamEnd(lengths, training=isinstance(ready.fit, Stream)),
                    Record(progress, ready.monitor, prefix),
                    *saves,
                    Stops(interruption, progress, lengths, directory and directory.path),
                    *([Lines(progress, plan.epochs)] if verbosity(verbose) == 2 else []),
                    *callbacks,
                ]
                run = Fit(trained, ready, plan, progress, lengths, meter, seed, where.count)
                shape = first_of(ready.fit).images.shape
                mend_gradients()
                avoid_wrong_fusions(model)
                with kernels_checked(model, shape):
                    run.run(together, verbosity(verbose))
            if directory:
                directory.keep_last(progress.epochs)
                directory.keep_end(trained, asdict(progress), changed=bool(callbacks))
                directory.finish(plan.epochs)
        elif directory:
            directory.load_end(trained, progress.epochs)

    result = Training(
        model=model,
        history=progress.history,
        best_epoch=progress.best_epoch,
        recipe=plan,
        augment=name_of(augment),
        run_dir=directory and directory.path,
        seconds=time.perf_counter() - began,
        images_per_second=meter.images_per_second,
        waiting=meter.waiting,
        run_id=directory and directory.run_id,
    )
    if verbosity(verbose):
        print(summary(result, ready.monitor), flush=True)
    return result


def _list_of(callbacks: Any) -> list[keras.callbacks.Callback]:
    if isinstance(callbacks, keras.callbacks.Callback):
        return [callbacks]
    listed = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    for each in listed:
        if not isinstance(each, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks must be Keras callbacks, or () for none; received {each!r:.80}."
            )
    return listed


def _compile(model: keras.Model, plan: Recipe, ready: Ready, where: Placement) -> None:
    with where.scope():
        optimizer = make_optimizer(plan, model)
        model.compile(optimizer=optimizer, **ready.goal.compile_arguments())
        model.optimizer.build(model.trainable_variables)


def _begin(
    model: keras.Model, plan: Recipe, ready: Ready, directory: RunDirectory | None
) -> tuple[Progress, list | None]:
    """Find where the run is, and what was saved of its random states."""
    if directory is None:
        return Progress(), None
    state, saved = directory.load(model, plan.epochs, ready.monitor)
    progress = Progress(**(state or {}))
    if not state:  # so that the start is not lost if the run stops in its first epoch
        directory.keep_start(model, asdict(progress))
        directory.save(model, asdict(progress))
    return progress, saved


def _check_arguments(
    model: object,
    seed: int,
    augment: object,
    backup_seconds: float,
    run_dir: object,
    verbose: object,
    keep_every: int | None,
) -> None:
    check_is_model(model)
    check_one_input(model, "use Keras's own model.fit, which takes several")
    check_count("seed", seed, 0)
    if isinstance(augment, str):
        if augment not in AUGMENTATIONS:
            raise unknown("augment", augment, AUGMENTATIONS)
    elif augment is not None and not callable(augment):
        raise TypeError(f"augment must be a layer, a function or a name; received {augment!r:.80}.")
    path = isinstance(run_dir, str | PathLike) and str(run_dir).strip()
    if run_dir is not None and not path:
        raise ValueError(
            f"run_dir must be the path of a directory, or None for no files; received {run_dir!r}."
        )
    if keep_every is not None and run_dir is None:
        raise ValueError(
            f"keep_every must be None without run_dir, where the weights are kept; received "
            f"{keep_every!r}."
        )
    if keep_every is not None:
        check_count("keep_every", keep_every)
    if backup_seconds != float("inf"):
        check_number("backup_seconds", backup_seconds)
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose must be 'auto', 0, 1 or 2; received {verbose!r}.")
