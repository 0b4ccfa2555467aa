"""The input pipeline: batches that depend only on (seed, epoch, batch).

A run that is resumed at batch 30 of epoch 7 therefore sees the same images.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ._augmentation import changed_by
from ._data import Part, reads_on_demand
from ._run_config import name_of
from ._stream import Stream

IN_TENSORS = 2**30  # bytes of images that are copied to the pipeline; larger ones stay in NumPy
READERS = 4  # batches that are read from disk at the same time

Batches = tf.data.Dataset
Augment = Any  # a layer or a function, or `None`


def random_states(layer: keras.Layer) -> list[keras.Variable]:
    """List the states of a model's or layer's random generators (dropout, noise, augmentation)."""
    return [v for v in layer.variables if v.path.endswith("seed_generator_state")]


def seeds(count: int, *key: int) -> np.ndarray:
    """Derive (count, 2) uint32 seeds from a key such as (seed, epoch)."""
    return np.random.SeedSequence(key).generate_state(2 * count).reshape(count, 2)


def training_batches(
    part: Part,
    *,
    batch_size: int,
    seed: int,
    epochs: range,
    first_batch: int = 0,
    augment: Augment = None,
    divisor: int = 1,
    outputs: int = 1,
) -> Batches:
    """Shuffle and augment the batches of consecutive epochs.

    Args:
        part: images and labels.
        batch_size: images per batch; the last batch of an epoch may be smaller.
        seed: seed of the order and the augmentation.
        epochs: the epochs, counted from 0.
        first_batch: the batch with which the first epoch begins.
        augment: a Keras layer, or a function from (N, H, W, C) float32 to the same.
        divisor: the size of each batch is a multiple of it; the last batch is cut.
        outputs: number of outputs of the model that learn the labels.

    Returns:
        (images, labels) or (images, labels, weights), `steps(part, batch_size, divisor)` batches
        per epoch.
    """
    states = random_states(augment) if isinstance(augment, keras.Layer) else []
    count = steps(part, batch_size, divisor)
    images_used = len(part) - len(part) % divisor

    def plans() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for epoch in epochs:
            first = first_batch if epoch == epochs[0] else 0
            order = np.random.default_rng((seed, epoch)).permutation(len(part))[:images_used]
            keys = [seeds(len(states), seed, epoch, i * batch_size) for i in range(first, count)]
            yield order[first * batch_size :], np.array(keys, "uint32")

    def batches_of_epoch(order: Any, keys: Any) -> Batches:
        rows = tf.data.Dataset.from_tensor_slices(order).batch(batch_size)
        return tf.data.Dataset.zip((rows, tf.data.Dataset.from_tensor_slices(keys)))

    fetch = _fetch(part)
    plan: Any = tf.data.Dataset.from_generator(
        plans,
        output_signature=(
            tf.TensorSpec((None,), tf.int64),
            tf.TensorSpec((None, len(states), 2), tf.uint32),
        ),
    )
    batches = plan.flat_map(batches_of_epoch)
    if reads_on_demand(part.images):
        batches = batches.map(
            lambda rows, keys: (*fetch(rows), keys), num_parallel_calls=READERS, deterministic=True
        )
    else:
        batches = batches.map(lambda rows, keys: (*fetch(rows), keys))
    return _augmented(batches, augment, states, outputs)


def stream_batches(
    stream: Stream,
    *,
    seed: int,
    epoch: int,
    first_batch: int = 0,
    augment: Augment = None,
    divisor: int = 1,
    outputs: int = 1,
    free: bool = False,
    ended: Callable[[int], None] = lambda count: None,
) -> tuple[Batches, list[Exception]]:
    """Augment the batches of one epoch of a stream, as `training_batches` does.

    Args:
        stream: batches with the labels that the loss takes.
        seed, first_batch, augment, divisor, outputs: see `training_batches`.
        epoch: the epoch, counted from 0.
        free: whether the size of the images may change from batch to batch.
        ended: is called with the number of batches in the epoch, before the last one.

    Returns:
        Batches as from `training_batches`, and a list that receives the errors of batches, which
        TensorFlow would report in many lines.
    """
    states = random_states(augment) if isinstance(augment, keras.Layer) else []

    def keyed() -> Iterator[tuple[int, Part, np.ndarray]]:
        parts = _even(stream.parts(epoch=epoch, seed=seed, first=first_batch), divisor)
        for number, part in enumerate(parts, first_batch):
            yield number, part, seeds(len(states), seed, epoch, number)

    batches, problems = _of_parts(keyed, stream.first, len(states), free, ended)
    return _augmented(batches, augment, states, outputs), problems


def augmented_shape(augment: Callable, shape: Sequence[int]) -> tuple[int | None, ...]:
    """Return the shape of batches that a function has augmented.

    Args:
        augment: the function, which is traced as for the training.
        shape: shape of an image.

    Raises:
        ValueError: If it fails, does not return a batch, or TensorFlow cannot tell its shape.
    """
    errors: list[ValueError] = []

    def changed(images: tf.Tensor) -> Any:
        try:
            return changed_by(augment, images)
        except ValueError as error:
            errors.append(error)
            raise

    batches = tf.data.Dataset.from_tensor_slices(np.zeros((1, *shape), np.float32)).batch(1)
    try:
        after: Any = batches.map(changed).element_spec
    except Exception:
        for error in errors:  # TensorFlow's has many lines
            raise error from error.__cause__
        raise
    if after.shape.rank is None:
        raise ValueError(
            f"augment must return images whose shape TensorFlow can tell; {name_of(augment)!r} "
            "returns a tensor of unknown shape, as tf.numpy_function does: call its "
            "set_shape(images.shape) before you return it."
        )
    return tuple(after.shape)


def _augmented(
    batches: Batches, augment: Augment, states: Sequence[keras.Variable], outputs: int
) -> Batches:
    """Convert batches that end with keys of random states to what `fit` takes."""

    def augmented(images: Any, keys: Any) -> Any:
        # The layer reads its random state from the keys of the batch and does not change its
        # variables, so that batches augmented in parallel are reproducible.
        given = [(state, keys[i]) for i, state in enumerate(states)]
        with keras.StatelessScope(state_mapping=given):
            return augment(images, training=True)

    def outside_tensorflow(images: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """Do the same for a layer of another Keras backend."""
        changed = tf.numpy_function(
            lambda *given: keras.ops.convert_to_numpy(augmented(*given)), [images, keys], tf.float32
        )
        return tf.ensure_shape(changed, (None, *augment.compute_output_shape(images.shape)[1:]))

    if isinstance(augment, keras.Layer):
        change = augmented if keras.backend.backend() == "tensorflow" else outside_tensorflow
        dtype = states[0].dtype if states else "uint32"
        batches = batches.map(
            lambda images, *rest: (change(images, tf.cast(rest[-1], dtype)), *rest),
            num_parallel_calls=os.cpu_count(),
            deterministic=True,
        )
    elif augment is not None:  # a function may have a random state, so one batch at a time
        batches = batches.map(lambda images, *rest: (augment(images), *rest))
    batches = batches.map(lambda *batch: _for_outputs(batch[:-1], outputs))
    return _ahead(batches)


def _ahead(batches: Batches) -> Batches:
    """Prepare two batches ahead, without TensorFlow's tuning of the number of batches.

    An iterator that tunes itself is not deleted before its tuning thread wakes up: after as much
    time as it has lived, up to a minute (TensorFlow 2.21).
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(2).with_options(options)


def _even(parts: Iterable[Part], divisor: int) -> Iterator[Part]:
    """Cut batches so that several devices can share them."""
    for part in parts:
        used = len(part) - len(part) % divisor
        if used == len(part):
            yield part
        elif used:
            yield part.cut(used)


def _of_parts(
    keyed: Callable[[], Iterator[tuple[int, Part, np.ndarray]]],
    first: Part,
    states: int,
    free: bool,
    ended: Callable[[int], None],
) -> tuple[Batches, list[Exception]]:
    """Create a dataset of parts with keys, and a list of errors; all parts are like `first`.

    The consumer must stop at the last batch, since Keras counts a step beyond it as a step of the
    optimizer.
    """
    problems: list[Exception] = []

    def arrays(part: Part) -> tuple[np.ndarray, ...]:
        others = keras.tree.map_structure(  # weights may be None
            lambda one: one if one is None else np.asarray(one), (part.labels, part.weights)
        )
        return (np.asarray(part.images, "float32"), *(one for one in others if one is not None))

    def batches() -> Iterator[tuple[np.ndarray, ...]]:
        last = None
        try:
            for number, part, keys in keyed():  # noqa: B007
                if last is not None:
                    yield last
                last = (*arrays(part), keys)
            if last is not None:
                ended(number + 1)
                yield last
        except Exception as error:
            problems.append(error)
            raise

    def spec(array: np.ndarray) -> tf.TensorSpec:
        sizes = array.shape[1:]
        if free and len(sizes) > 1:
            sizes = None, None, *sizes[2:]
        return tf.TensorSpec((None, *sizes), array.dtype)

    signature = keras.tree.map_structure(spec, arrays(first))
    keys = tf.TensorSpec((states, 2), tf.uint32)
    return tf.data.Dataset.from_generator(batches, output_signature=(*signature, keys)), problems


def validation_batches(
    part: Part, *, batch_size: int, divisor: int = 1, outputs: int = 1
) -> Batches:
    """Return batches in the order of the data, which can be iterated repeatedly.

    A last batch of fewer than `divisor` images is appended to the one before it.
    """
    count = len(part)
    edges = [*range(0, count, batch_size), count]
    if len(edges) > 2 and edges[-1] - edges[-2] < divisor:
        del edges[-2]
    fetch = _fetch(part)
    ends = np.array([edges[:-1], edges[1:]]).T
    return _ahead(
        tf.data.Dataset.from_tensor_slices(ends).map(
            lambda ends: _for_outputs(fetch(tf.range(ends[0], ends[1])), outputs)
        )
    )


def validation_stream(
    stream: Stream,
    *,
    outputs: int = 1,
    free: bool = False,
    ended: Callable[[int], None] = lambda count: None,
) -> tuple[Batches, list[Exception]]:
    """Return the batches of a stream, which can be iterated repeatedly.

    Args and the list of errors: see `stream_batches`.
    """
    none = np.zeros((0, 2), "uint32")

    def keyed() -> Iterator[tuple[int, Part, np.ndarray]]:
        return ((number, part, none) for number, part in enumerate(stream.parts()))

    batches, problems = _of_parts(keyed, stream.first, 0, free, ended)
    return _ahead(batches.map(lambda *batch: _for_outputs(batch[:-1], outputs))), problems


def steps(part: Part, batch_size: int, divisor: int = 1) -> int:
    """Count the batches of an epoch."""
    return -(-(len(part) - len(part) % divisor) // batch_size)


def stopwatch() -> tf.Variable | None:
    """Return a variable for seconds; `None` in deterministic mode, which has no clock."""
    try:
        tf.timestamp()
    except tf.errors.FailedPreconditionError:
        return None
    with tf.device("CPU:0"):
        return tf.Variable(tf.zeros((), tf.float64), trainable=False)


def metered(batches: Batches, waited: tf.Variable) -> Batches:
    """Return the same batches, and add the time spent waiting for them to a `stopwatch`."""

    def stop(began: tf.Tensor, batch: Any) -> Any:
        waited.assign_add(tf.timestamp() - began)
        return batch

    # A zip requests its parts in turn: the time, which is available at once, then the batch.
    clock = tf.data.Dataset.counter().map(lambda _: tf.timestamp())
    return tf.data.Dataset.zip((clock, batches)).map(stop)


def _fetch(part: Part) -> Callable[[tf.Tensor], tuple]:
    """Return a function from row indices to (images, labels), or with weights as a third."""
    images = part.images
    others = [arrays for arrays in (part.labels, part.weights) if arrays is not None]
    with tf.device("CPU:0"):
        others = keras.tree.map_structure(tf.constant, others)
        if not reads_on_demand(images) and images.nbytes <= IN_TENSORS:
            tensor = tf.constant(images)
            read = lambda rows: tf.cast(tf.gather(tensor, rows), tf.float32)  # noqa: E731
        else:
            read = lambda rows: _read(images, rows)  # noqa: E731
    return lambda rows: (
        read(rows),
        *keras.tree.map_structure(lambda each: tf.gather(each, rows), others),
    )


def _read(images: Any, rows: tf.Tensor) -> tf.Tensor:
    """Read images that stay outside TensorFlow until they are needed."""
    read = tf.numpy_function(
        lambda rows: np.asarray(images[rows], dtype=np.float32), [rows], tf.float32
    )
    return tf.ensure_shape(read, (None, *images.shape[1:]))


def _for_outputs(batch: tuple, outputs: int) -> tuple:
    """Repeat the labels, and the weights, for each of several outputs."""
    images, *rest = batch
    if outputs > 1:
        rest = [(each,) * outputs for each in rest]
    return images, *rest
