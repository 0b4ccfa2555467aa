"""The common training utility: one call for every architecture."""

import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from itertools import chain
from os import PathLike

import keras

from kerascnn._checks import check_count, check_number
from kerascnn._class_names import remember
from kerascnn._errors import unknown
from kerascnn._memory import keep_buffers
from kerascnn._processor import kernels_checked

from ._data import Part, splits, streams, weighted, with_batches_of
from ._devices import make_deterministic, placed, placement
from ._identity import describe_run, facts_of, name_of
from ._idle import dropout_layers, without_idle
from ._keeper import Callbacks, Interruption, Keeper, Progress
from ._model_file import write_model
from ._optimizers import check_optimizer, make_optimizer
from ._pipeline import steps, stream_batches, training_batches, validation_batches
from ._prepare import first_of, prepare
from ._recipes import AUGMENTATIONS, Recipe
from ._recipes import recipe as find_recipe
from ._report import Lines, Meter, summary, verbosity
from ._run_directory import RunDirectory, build_metrics
from ._schedules import Plateau
from ._stream import Stream
from ._training import Training


def train(
    model: keras.Model,
    data,
    *,
    recipe: str | Recipe = "adam",
    epochs: int | None = None,
    batch_size: int | None = None,
    run_dir: str | PathLike | None = None,
    resume: bool = True,
    seed: int = 0,
    augment: Callable | str | None = None,
    loss=None,
    input_range: tuple[float, float] | None = (0.0, 1.0),
    callbacks: Iterable[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
    deterministic: bool = False,
    devices: Sequence[str] | None = None,
    precision: str | None = None,
    backup_seconds: float = 30.0,
    sample_weight=None,
    class_weight: dict[int, float] | None = None,
    **overrides,
) -> Training:
    """Train a model by a recipe.

    The model keeps its weights as the starting point and is compiled here: with the recipe's
    optimizer, the loss that belongs to its last activation (softmax, sigmoid or linear) and its
    labels, and accuracy. The same seed gives the same run on the same CPU; the global seeds of
    Python, NumPy and Keras are set to it.

    Ctrl-C lets the step that runs finish, saves, and raises KeyboardInterrupt with a line that
    says how to go on; a second Ctrl-C stops at once.

    Args:
        model: Any Keras model with one input. Outputs after the first are auxiliary classifiers,
            unless the labels are a dict.
        data: A data set with `.train` and `.validation`, a pair `(images, labels)`, or a pair of
            such parts, for training and validation; `(images, labels, weights)` where labels do
            not count the same. A folder of pictures is read by `datasets.from_directory`. Images
            `(N, H, W, C)` in `input_range`, float, or whole numbers if it goes beyond 1; an array
            or a sequence that reads them from disk. Labels `(N,)` class indices, `(N, H, W)` class
            indices of pixels (the middle is taken for an output that is smaller), or `(N, M, 5)`
            boxes: class, and centre x, y, width, height from 0 to 1; rows of class -1 are no
            boxes. Where outputs have labels of their own, a dict of labels by the outputs' names;
            each counts the same. Weights `(N,)` of images, or one for each label, as `(N, H, W)`.
            A part may also be a `tf.data.Dataset` or a `keras.utils.PyDataset` of batches of these,
            of unknown length too. It is streamed: its batches are taken as they are, each looked
            at when it comes. The batches of a `PyDataset` are shuffled by the seed; a
            `tf.data.Dataset` keeps its own order, so shuffle it. A run that goes on is the same,
            bit for bit, if the data give the same batches again. If their order changes, as after
            `shuffle()`, the rest of a stopped epoch has other images; and of a stream config.json
            knows types, shapes and the number of batches alone.
        recipe: One of `kerascnn.training.recipes()`, or a `Recipe`.
        epochs: Passes over the training images; `None`: the recipe's.
        batch_size: Images in a step; `None`: the recipe's, or that of data that come in batches.
        run_dir: A directory for config.json, model.json, history.csv, best and last weights, and a
            backup; `None`: no files.
        resume: Whether a run that `run_dir` holds goes on where its backup stands. A run that went
            on ends as if it had never stopped; a finished one returns at once. What a callback of
            your own remembers is not kept.
        seed: Of the shuffling, the augmentation and the model's dropout. A whole number from 0 on.
        augment: A Keras layer or a function, from a batch `(N, H, W, C)` of float32 to a batch, or
            the name of an augmentation, such as `"none"`; `None`: the recipe's. The training
            images pass through it anew in each epoch. What a function draws at random is repeated
            exactly only if it comes from a layer's `keras.random.SeedGenerator`.
        loss: A Keras loss instead of the one that belongs to the last activation; or a dict of
            them by the names of outputs that have labels of their own.
        input_range: The range that the model takes, which images must keep; `None`: any. A model
            that begins with a `Rescaling` or `Normalization` of 0 … 255 takes `(0, 255)`, as many
            of keras.applications do; a warning says so if it gets images in [0, 1].
        callbacks: Keras callbacks; they come after the run has saved an epoch.
        verbose: 0 nothing, 1 a progress bar, 2 a line per epoch; `"auto"`: a bar on a terminal or
            in a notebook, otherwise lines.
        deterministic: Whether TensorFlow is told to compute the same bits each time, which may
            take longer, and holds for the rest of the process.
        devices: Names such as `("GPU:0", "GPU:1")`, which share each batch; `None`: all GPUs, else
            the CPU. Batch normalization sees each device's part of a batch alone.
        precision: `"float32"`, `"mixed_float16"` or `"mixed_bfloat16"`; `None`: what the devices
            gain from, see `kerascnn.training.devices()`. The outputs stay float32.
        backup_seconds: The least time between two backups within an epoch; they never take more
            than a fiftieth of the time. 0: after each step.
        sample_weight: The weights of the training labels, which may also come with the data.
        class_weight: How much the training labels of a class count, `{0: 1.0, 1: 5.0}`; a class
            that is not there counts 1. Also for class indices of pixels, and for one-hot labels.
        **overrides: Fields of the recipe: `learning_rate=`, `schedule=`, `momentum=`, … A field
            that finds nothing to act on, such as the dropout of `"vgg"` in a model without Dropout
            layers, is warned of and recorded as what was done.

    Returns:
        A `Training` with `.history`, `.model`, `.best_epoch`, and `.best()`, the model then.

    Raises:
        ValueError: An argument or data that cannot be trained with, a run directory with another
            run, or a loss that became NaN (the model then has the weights of its last good epoch).
        OSError: A run directory that cannot be written or read, or that lost a file which nothing
            else holds.

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
    _check_arguments(model, seed, augment, backup_seconds, run_dir)
    class_names = getattr(data, "class_names", None)
    fit, validation = splits(data, outputs=len(getattr(model, "outputs", None) or [None]))
    fit = weighted(fit, sample_weight)
    if isinstance(fit, Stream):
        plan = with_batches_of(fit, plan, batch_size)
    where = placement(model, devices, precision, plan.batch_size)
    augment = plan.augment if augment is None else augment  # a name, or what was given
    check_optimizer(plan, model)
    options = {"loss": loss, "input_range": input_range, "class_weight": class_weight}
    ready = prepare(model, fit, validation, plan, augment, **options)
    plan = without_idle(plan, model, ready, [k for k, v in overrides.items() if v is not None])
    remember(model, class_names)
    if deterministic:
        make_deterministic()
    keras.utils.set_random_seed(seed)
    progress, others, directory = Progress(), None, None
    if run_dir is not None:
        facts = {"devices": where.devices, "precision": where.precision}
        facts["deterministic"] = deterministic
        facts["input_range"] = input_range and list(input_range)
        facts |= facts_of(data)
        parts = ready.fit, ready.validation
        config = describe_run(model, asdict(plan), ready.goal.loss, seed, augment, *parts, facts)
        directory = RunDirectory(run_dir, config, resume=resume)
        write_model(model, directory.path)
    meter = Meter(plan.batch_size)
    with _quiet(), placed(model, where) as trained, _dropout(trained, plan.dropout):
        with where.scope():
            optimizer = make_optimizer(plan, trained)
            trained.compile(optimizer=optimizer, **ready.goal.compile_arguments())
            trained.optimizer.build(trained.trainable_variables)
        if directory:
            state, others = directory.load(trained, plan.epochs, ready.monitor)
            if state:
                progress = Progress(**state)
            else:  # a stop in the first epoch loses no start
                directory.save(trained, asdict(progress))
        finished = directory.config.get("finished", 0) if directory else 0
        if max(finished, progress.epochs) < plan.epochs:
            with Interruption() as interruption:
                keeper = Keeper(
                    progress,
                    others,
                    directory,
                    plan,
                    seed=seed,
                    monitor=ready.monitor,
                    steps=steps(ready.fit, plan.batch_size, where.count),
                    prefix=f"{trained.output_names[0]}_" if ready.goal.auxiliary else "",
                    backup_seconds=backup_seconds,
                    interruption=interruption,
                )
                keeper.unseen = isinstance(fit, Part) and streams(fit.images)
                with kernels_checked(model, first_of(ready.fit).images.shape):
                    _fit(trained, ready, keeper, meter, where.count, callbacks, verbosity(verbose))
            if directory:
                directory.finish(plan.epochs)

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
    )
    if verbosity(verbose):
        print(summary(result, ready.monitor), flush=True)
    return result


def _fit(model, ready, keeper, meter, devices, callbacks, verbose):
    """Train to the end, in two calls of Keras's `fit` if the first epoch is begun already."""
    progress, plan = keeper.progress, keeper.recipe
    fit, validation = ready.targets()
    options = {"divisor": devices, "outputs": ready.goal.outputs}
    plateau = [Plateau(progress, plan, keeper.monitor)] if plan.schedule == "plateau" else []
    lines = [Lines(progress, plan.epochs)] if verbose == 2 else []
    together = Callbacks(
        [meter, *plateau, keeper, *lines, *callbacks],
        first_batch=progress.batch,
        add_progbar=verbose == 1,
        model=model,
        verbose=verbose,
        epochs=plan.epochs,
        steps=keeper.steps,
    )
    problems = []
    streamed = isinstance(fit, Stream)

    def training(first, last, first_batch):
        of_both = {"seed": keeper.seed, "first_batch": first_batch, "augment": ready.augment}
        if not streamed:
            epochs = range(first, last)
            return training_batches(
                fit, batch_size=plan.batch_size, epochs=epochs, **of_both, **options
            )
        keeper.steps, keeper.streamed = None, True
        batches, errors = stream_batches(
            fit,
            epoch=first,
            free=ready.free and ready.augment is None,
            ended=partial(setattr, keeper, "steps"),
            **of_both,
            **options,
        )
        problems.append(errors)
        return batches

    def validating():
        if not isinstance(validation, Stream):
            return validation and validation_batches(
                validation, batch_size=plan.batch_size, **options
            )
        ended = partial(setattr, keeper, "validation_steps")
        batches, errors = validation_batches(
            validation, batch_size=None, free=ready.free, ended=ended, **options
        )
        problems.append(errors)
        return batches

    def epochs(first, last, first_batch=0):
        batches = training(first, last, first_batch)
        if first_batch and devices == 1:  # on several devices Keras does it
            build_metrics(model, next(iter(batches)))
        model.fit(
            meter.metered(batches) if devices == 1 else batches,
            validation_data=validating(),
            initial_epoch=first,
            epochs=last,
            shuffle=False,  # the batches are shuffled already
            steps_per_epoch=None if streamed else keeper.steps - first_batch,
            callbacks=together,
            verbose=0,
        )

    model.stop_training = False
    with _told(problems):
        if progress.batch:
            epochs(progress.epochs, progress.epochs + 1, progress.batch)
        while progress.epochs < plan.epochs and not model.stop_training:
            # of a stream one by one: each has an end of its own
            epochs(progress.epochs, progress.epochs + 1 if streamed else plan.epochs)
    together.end()


@contextmanager
def _quiet():
    """Keep Keras's warnings of what is as it should be from whoever trains."""
    with warnings.catch_warnings():
        # variables to arrays, in Keras: nothing that a user could change
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        # the end of a stream, which Keras takes for an accident
        warnings.filterwarnings("ignore", "Your input ran out of data", UserWarning)
        yield


@contextmanager
def _told(problems):
    """Raise what was wrong with a batch of a stream, not what TensorFlow says of it."""
    try:
        yield
    except Exception:
        for error in chain(*problems):
            raise error from None
        raise


@contextmanager
def _dropout(model, rate):
    """Have the Dropout layers of a model drop at another rate for a while; `None`: at their own."""
    layers = [] if rate is None else dropout_layers(model)
    own = [layer.rate for layer in layers]
    try:
        for layer in layers:
            layer.rate = rate
        yield
    finally:
        for layer, before in zip(layers, own, strict=True):
            layer.rate = before


def _check_arguments(model, seed, augment, backup_seconds, run_dir):
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a keras.Model; received {type(model).__name__}.")
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
    if backup_seconds != float("inf"):
        check_number("backup_seconds", backup_seconds)
