"""The input pipeline: batches that depend on (seed, epoch, batch) and on nothing else.

So a run that stopped and goes on at batch 30 of epoch 7 sees what it would have seen.
"""

import keras
import numpy as np
import tensorflow as tf

from ._data import streams

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
    is_layer = isinstance(augment, keras.Layer)
    states = random_states(augment) if is_layer else []
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
    if is_layer:
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


def validation_batches(part, *, batch_size, divisor=1, outputs=1):
    """Batches in the order of the data, as often as they are asked for.

    A last batch of fewer than `divisor` images goes with the one before it.
    """
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


def steps(part, batch_size, divisor=1) -> int:
    """Count the batches of an epoch."""
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
    others = [array for array in (part.labels, part.weights) if array is not None]
    with tf.device("CPU:0"):
        others = [tf.constant(array) for array in others]
        if not streams(images) and images.nbytes <= IN_TENSORS:
            tensor = tf.constant(images)
            read = lambda rows: tf.cast(tf.gather(tensor, rows), tf.float32)  # noqa: E731
        else:
            read = lambda rows: _read(images, rows)  # noqa: E731
    return lambda rows: (read(rows), *(tf.gather(other, rows) for other in others))


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
