"""The input pipeline: batches that depend on (seed, epoch, batch) and on nothing else.

So a run that stopped and goes on at batch 30 of epoch 7 sees what it would have seen.
"""

import keras
import numpy as np
import tensorflow as tf

from ._data import streams
from ._stream import Stream

IN_TENSORS = 2**30  # bytes of images that are copied to the pipeline; larger ones stay in NumPy
READERS = 4  # batches that are read from disk at the same time


def random_states(layer) -> list:
    """The states of a model's or layer's random generators (dropout, noise, augmentation)."""
    return [v for v in layer.variables if v.path.endswith("seed_generator_state")]


def seeds(count: int, *key: int) -> np.ndarray:
    """Make `(count, 2)` uint32 seeds from a key such as (seed, epoch)."""
    return np.random.SeedSequence(key).generate_state(2 * count).reshape(count, 2)


def training_batches(
    part, *, batch_size, seed, epochs, first_batch=0, augment=None, divisor=1, outputs=1
):
    """Shuffled and augmented batches of several epochs in a row.

    Args:
        part: A `Part`.
        batch_size: Images in a batch; an epoch's last batch may hold fewer.
        seed: A whole number from 0 on.
        epochs: A range of epoch numbers from 0 on.
        first_batch: The batch that the first of the epochs begins with.
        augment: A Keras layer, or a function from `(N, H, W, C)` float32 to the same.
        divisor: The size of each batch is a multiple of it, by leaving images out of the last.
        outputs: How many outputs of the model learn the labels.

    Returns:
        A `tf.data.Dataset` of `(images, labels)` or `(images, labels, weights)` with
        `steps(part, batch_size, divisor)` batches per epoch.
    """
    states = random_states(augment) if isinstance(augment, keras.Layer) else []
    count = steps(part, batch_size, divisor)
    images_used = len(part) - len(part) % divisor

    def plans():
        for epoch in epochs:
            first = first_batch if epoch == epochs[0] else 0
            order = np.random.default_rng((seed, epoch)).permutation(len(part))[:images_used]
            keys = [seeds(len(states), seed, epoch, i * batch_size) for i in range(first, count)]
            yield order[first * batch_size :], np.array(keys, "uint32")

    def batches_of_epoch(order, keys):
        rows = tf.data.Dataset.from_tensor_slices(order).batch(batch_size)
        return tf.data.Dataset.zip((rows, tf.data.Dataset.from_tensor_slices(keys)))

    fetch = _fetch(part)
    plan = tf.data.Dataset.from_generator(
        plans,
        output_signature=(
            tf.TensorSpec((None,), tf.int64),
            tf.TensorSpec((None, len(states), 2), tf.uint32),
        ),
    )
    batches = plan.flat_map(batches_of_epoch)
    if streams(part.images):
        batches = batches.map(
            lambda rows, keys: (*fetch(rows), keys), num_parallel_calls=READERS, deterministic=True
        )
    else:
        batches = batches.map(lambda rows, keys: (*fetch(rows), keys))
    return _augmented(batches, augment, states, outputs)


def stream_batches(
    stream,
    *,
    seed,
    epoch,
    first_batch=0,
    augment=None,
    divisor=1,
    outputs=1,
    free=False,
    ended=lambda count: None,
):
    """Batches of one epoch of a `Stream`, augmented as those of `training_batches`.

    Args:
        stream: A `Stream` with the labels that the loss takes.
        seed, first_batch, augment, divisor, outputs: As there.
        epoch: From 0 on.
        free: Whether the size of the images may change from batch to batch.
        ended: A function that is told how many batches the epoch has before the last is given.

    Returns:
        A `tf.data.Dataset` as there, and a list for the errors of its batches, of which TensorFlow
        speaks in many lines.
    """
    states = random_states(augment) if isinstance(augment, keras.Layer) else []

    def keyed():
        parts = _even(stream.parts(epoch=epoch, seed=seed, first=first_batch), divisor)
        for number, part in enumerate(parts, first_batch):
            yield number, part, seeds(len(states), seed, epoch, number)

    batches, problems = _of_parts(keyed, stream.first, len(states), free, ended)
    return _augmented(batches, augment, states, outputs), problems


def _augmented(batches, augment, states, outputs):
    """From batches with keys of random states at their end to what `fit` takes."""

    def augmented(images, keys):
        # The layer reads its random state from the batch's own keys and leaves its variables
        # alone: batches can then be augmented in parallel and still come out the same.
        given = [(state, keys[i]) for i, state in enumerate(states)]
        with keras.StatelessScope(state_mapping=given):
            return augment(images, training=True)

    def outside_tensorflow(images, keys):
        """The same for a layer that computes with another of Keras's backends."""
        changed = tf.numpy_function(
            lambda *given: keras.ops.convert_to_numpy(augmented(*given)), [images, keys], tf.float32
        )
        return tf.ensure_shape(changed, (None, *augment.compute_output_shape(images.shape)[1:]))

    if isinstance(augment, keras.Layer):
        change = augmented if keras.backend.backend() == "tensorflow" else outside_tensorflow
        dtype = states[0].dtype if states else "uint32"
        batches = batches.map(
            lambda images, *rest: (change(images, tf.cast(rest[-1], dtype)), *rest),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
    elif augment is not None:  # a function may keep a random state of its own: one after another
        batches = batches.map(lambda images, *rest: (augment(images), *rest))
    batches = batches.map(lambda *batch: _for_outputs(batch[:-1], outputs))
    return batches.prefetch(tf.data.AUTOTUNE)


def _even(parts, divisor):
    """Batches that so many devices can share, by leaving images out."""
    for part in parts:
        used = len(part) - len(part) % divisor
        if used == len(part):
            yield part
        elif used:
            yield part.cut(used)


def _of_parts(keyed, first, states, free, ended):
    """A dataset of parts with keys, and a list for errors; `first` is a part like all others.

    Whoever takes the batches has to stop at the last: a step beyond it, which finds none, counts as
    a step of the optimizer, as Keras runs it.
    """
    problems = []

    def arrays(part):
        others = keras.tree.map_structure(
            np.asarray, (part.labels, part.weights), none_is_leaf=False
        )
        return (np.asarray(part.images, "float32"), *(one for one in others if one is not None))

    def batches():
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

    def spec(array):
        sizes = array.shape[1:]
        if free and len(sizes) > 1:
            sizes = None, None, *sizes[2:]
        return tf.TensorSpec((None, *sizes), array.dtype)

    signature = keras.tree.map_structure(spec, arrays(first))
    keys = tf.TensorSpec((states, 2), tf.uint32)
    return tf.data.Dataset.from_generator(batches, output_signature=(*signature, keys)), problems


def validation_batches(
    part, *, batch_size, divisor=1, outputs=1, free=False, ended=lambda count: None
):
    """Batches in the order of the data, as often as they are asked for.

    A last batch of fewer than `divisor` images goes with the one before it. Of a `Stream`, with
    `ended` and the list for errors, as of `stream_batches`.
    """
    if isinstance(part, Stream):
        none = np.zeros((0, 2), "uint32")
        keyed = lambda: ((i, one, none) for i, one in enumerate(part.parts()))  # noqa: E731
        batches, problems = _of_parts(keyed, part.first, 0, free, ended)
        return batches.map(lambda *batch: _for_outputs(batch[:-1], outputs)).prefetch(2), problems
    count = len(part)
    edges = [*range(0, count, batch_size), count]
    if len(edges) > 2 and edges[-1] - edges[-2] < divisor:
        del edges[-2]
    fetch = _fetch(part)
    ends = np.array([edges[:-1], edges[1:]]).T
    return (
        tf.data.Dataset.from_tensor_slices(ends)
        .map(lambda ends: _for_outputs(fetch(tf.range(ends[0], ends[1])), outputs))
        .prefetch(2)
    )


def steps(part, batch_size, divisor=1) -> int | None:
    """Count the batches of an epoch; `None`: a stream's, which are not known before."""
    if isinstance(part, Stream):
        return None
    return -(-(len(part) - len(part) % divisor) // batch_size)


def stopwatch():
    """A `tf.Variable` with seconds; `None` where determinism forbids to look at the clock."""
    try:
        tf.timestamp()
    except tf.errors.FailedPreconditionError:
        return None
    with tf.device("CPU:0"):
        return tf.Variable(0.0, dtype=tf.float64, trainable=False)


def metered(batches, waited):
    """The same batches; what whoever takes them waits for them is added to a `stopwatch`."""

    def stop(began, batch):
        waited.assign_add(tf.timestamp() - began)
        return batch

    # A zip asks its parts in turn: for the time, which is there at once, then for the batch.
    clock = tf.data.Dataset.counter().map(lambda _: tf.timestamp())
    return tf.data.Dataset.zip((clock, batches)).map(stop)


def _fetch(part):
    """Make the function from row numbers to `(images, labels)` or with weights as a third."""
    images = part.images
    others = [arrays for arrays in (part.labels, part.weights) if arrays is not None]
    with tf.device("CPU:0"):
        others = keras.tree.map_structure(tf.constant, others)
        if not streams(images) and images.nbytes <= IN_TENSORS:
            tensor = tf.constant(images)
            read = lambda rows: tf.cast(tf.gather(tensor, rows), tf.float32)  # noqa: E731
        else:
            read = lambda rows: _read(images, rows)  # noqa: E731
    return lambda rows: (
        read(rows),
        *keras.tree.map_structure(lambda each: tf.gather(each, rows), others),
    )


def _read(images, rows):
    """Images that stay outside TensorFlow until they are needed."""
    read = tf.numpy_function(
        lambda rows: np.asarray(images[rows], dtype=np.float32), [rows], tf.float32
    )
    return tf.ensure_shape(read, (None, *images.shape[1:]))


def _for_outputs(batch, outputs):
    """The same labels, and weights, for each of several outputs."""
    images, *rest = batch
    if outputs > 1:
        rest = [(each,) * outputs for each in rest]
    return images, *rest
