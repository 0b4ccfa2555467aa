"""The input pipeline: batches that depend on (seed, epoch, batch) and on nothing else.

So a run that stopped and goes on at epoch 7 sees the images, and their random changes, of epoch 7.
"""

import keras
import numpy as np
import tensorflow as tf


def random_states(layer) -> list:
    """The states of a model's or layer's random generators (dropout, noise, augmentation)."""
    return [v for v in layer.variables if v.path.endswith("seed_generator_state")]


def seeds(count: int, *key: int) -> np.ndarray:
    """Make `(count, 2)` uint32 seeds from a key such as (seed, epoch)."""
    return np.random.SeedSequence(key).generate_state(2 * count).reshape(count, 2)


def training_batches(images, labels, *, batch_size, seed, epochs, augment=None):
    """Shuffled and augmented batches of several epochs in a row.

    Args:
        images: `(N, H, W, C)` float.
        labels: `(N, …)`.
        batch_size: Images in a batch; an epoch's last batch may hold fewer.
        seed: A whole number from 0 on.
        epochs: A range of epoch numbers from 0 on.
        augment: A Keras layer, or a function from `(N, H, W, C)` float32 to the same.

    Returns:
        A `tf.data.Dataset` of `(images, labels)` with `ceil(N / batch_size)` batches per epoch.
    """
    is_layer = isinstance(augment, keras.Layer)
    states = random_states(augment) if is_layer else []

    def batches():
        for epoch in epochs:
            order = np.random.default_rng((seed, epoch)).permutation(len(labels))
            for start in range(0, len(order), batch_size):
                rows = order[start : start + batch_size]
                keys = seeds(len(states), seed, epoch, start)
                yield images[rows].astype(np.float32), labels[rows], keys

    def augmented(images, labels, keys):
        # The layer reads its random state from the batch's own keys and leaves its variables
        # alone: batches can then be augmented in parallel and still come out the same.
        given = [(state, keys[i]) for i, state in enumerate(states)]
        with keras.StatelessScope(state_mapping=given):
            return augment(images, training=True), labels

    dataset = tf.data.Dataset.from_generator(
        batches,
        output_signature=(
            tf.TensorSpec((None, *images.shape[1:]), tf.float32),
            tf.TensorSpec((None, *labels.shape[1:]), labels.dtype),
            tf.TensorSpec((len(states), 2), states[0].dtype if states else tf.uint32),
        ),
    )
    if is_layer:
        dataset = dataset.map(augmented, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    elif augment is not None:  # a function may keep a random state of its own: one after another
        dataset = dataset.map(lambda images, labels, keys: (augment(images), labels))
    else:
        dataset = dataset.map(lambda images, labels, keys: (images, labels))
    return dataset.prefetch(tf.data.AUTOTUNE)


def validation_batches(images, labels, *, batch_size):
    """Batches in the order of the data, as often as they are asked for."""
    starts = range(0, len(labels), batch_size)

    def batches():
        for start in starts:
            rows = slice(start, start + batch_size)
            yield images[rows].astype(np.float32), labels[rows]

    dataset = tf.data.Dataset.from_generator(
        batches,
        output_signature=(
            tf.TensorSpec((None, *images.shape[1:]), tf.float32),
            tf.TensorSpec((None, *labels.shape[1:]), labels.dtype),
        ),
    )
    return dataset.apply(tf.data.experimental.assert_cardinality(len(starts))).prefetch(2)
