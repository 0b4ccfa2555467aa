"""Data that come in batches: a tf.data.Dataset, a PyDataset, and what is like them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerascnn.training import evaluate, train

layers = keras.layers
OPTIONS = {"epochs": 2, "learning_rate": 0.05, "seed": 4, "verbose": 0}
COUNT, SIZE = 10, 4  # batches of 4, 4 and 2


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    return rng.random((COUNT, 3, 3, 1), "float32"), np.arange(COUNT) % 2


@pytest.fixture(scope="module")
def dataset(arrays):
    return tf.data.Dataset.from_tensor_slices(arrays).batch(SIZE)


def model(size=3):
    image = keras.Input((size, size, 1))
    maps = layers.Conv2D(2, 2, activation="relu")(image)
    scores = layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(maps))
    net = keras.Model(image, scores)
    rng = np.random.default_rng(1)
    net.set_weights([rng.normal(0, 0.5, w.shape) for w in net.get_weights()])
    return net


def missing(*given):
    raise OSError("no such picture, 7.png")


def unreadable(form):
    if form == "file":
        names = tf.data.Dataset.from_tensor_slices(["no/7.png"])
        return names.map(lambda name: (tf.io.decode_png(tf.io.read_file(name)), 0)).batch(1)
    if form == "map":
        types = [tf.float32, tf.int64]
        return tf.data.Dataset.range(2).map(lambda n: tf.numpy_function(missing, [n], types))
    signature = tf.TensorSpec((None, 3, 3, 1)), tf.TensorSpec((None,), tf.int64)

    def batches():
        yield np.zeros((SIZE, 3, 3, 1)), np.arange(SIZE) % 2
        missing()

    return tf.data.Dataset.from_generator(batches, output_signature=signature)


@pytest.mark.parametrize("form", ["file", "map", "generator"])
def test_batches_that_cannot_be_read(form):
    reason = "NotFoundError: no/7.png; " if form == "file" else "OSError: no such picture, 7.png"
    for call in (evaluate, train):
        options = OPTIONS if call is train else {}
        with pytest.raises(ValueError, match=f"reading them raised {reason}") as caught:
            call(model(), unreadable(form), **options)
        assert "\n" not in str(caught.value)


class Batches(keras.utils.PyDataset):
    """Batches by their numbers; notes which were asked for."""

    def __init__(self, images, labels, **options):
        super().__init__(**options)
        self.arrays = images, labels
        self.asked = []

    def __len__(self):
        return -(-COUNT // SIZE)

    def __getitem__(self, i):
        self.asked.append(i)
        return tuple(array[SIZE * i : SIZE * (i + 1)] for array in self.arrays)


class Again:
    """Anything that can be gone through again."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __iter__(self):
        return iter(self.dataset)


@pytest.fixture(scope="module")
def fitted(dataset):
    """What Keras's own fit comes to: weights, and the loss of each epoch."""
    net = model()
    net.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy")
    history = net.fit(dataset, epochs=2, shuffle=False, verbose=0).history
    return net.get_weights(), history["loss"], net.evaluate(dataset, verbose=0)


@pytest.mark.parametrize("form", ["known length", "unknown length", "iterable"])
def test_batches_in_their_order_are_trained_on_as_by_fit(dataset, fitted, form):
    """An end that comes unforeseen is no step: Adam counts its steps."""
    data = {
        "known length": dataset,
        "unknown length": dataset.filter(lambda images, labels: True),
        "iterable": Again(dataset),
    }[form]
    run = train(model(), (data, data), **OPTIONS)
    weights, losses, after = fitted
    np.testing.assert_allclose(run.history["loss"], losses, rtol=1e-5)
    assert run.history["val_loss"][-1] == pytest.approx(after, rel=1e-5)
    for mine, theirs in zip(run.model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    assert run.recipe.batch_size == SIZE


@pytest.mark.parametrize("workers", [1, 3])
def test_a_pydatasets_batches_are_shuffled_by_the_seed(arrays, workers):
    runs = [Batches(*arrays, workers=workers) for _ in range(2)]
    first, second = (train(model(), (data, None), **OPTIONS) for data in runs)
    assert first.history == second.history
    if workers == 1:
        orders = runs[0].asked[-6:-3], runs[0].asked[-3:]
        assert [sorted(order) for order in orders] == [[0, 1, 2]] * 2
        expected = [np.random.default_rng((4, epoch)).permutation(3).tolist() for epoch in (0, 1)]
        assert list(orders) == expected


class Stop(keras.callbacks.Callback):
    """Ctrl-C after a step of the second epoch."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (1, self.step):
            raise KeyboardInterrupt


SLOW = pytest.mark.slow


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "step"),
    [
        ("unknown length", 2),
        pytest.param("unknown length", 0, marks=SLOW),
        pytest.param("PyDataset", 0, marks=SLOW),
        pytest.param("PyDataset", 2, marks=SLOW),
    ],
)
def test_a_stopped_run_goes_on_bit_for_bit(arrays, dataset, tmp_path, form, step):
    unknown = dataset.filter(lambda images, labels: True)
    data = Batches(*arrays) if form == "PyDataset" else unknown
    whole = train(model(), (data, data), **OPTIONS)
    options = OPTIONS | {"run_dir": tmp_path, "backup_seconds": 0}
    with pytest.raises(KeyboardInterrupt):
        train(model(), (data, data), callbacks=[Stop(step)], **options)
    resumed = train(model(), (data, data), **options)
    assert resumed.history == whole.history
    np.testing.assert_array_equal(resumed.model.get_weights()[0], whole.model.get_weights()[0])


def test_images_of_any_size_and_weights(arrays):
    """Batches of different sizes for a model that takes any; the third part is weights."""
    images, labels = arrays
    weights = np.linspace(0, 1, COUNT).astype("float32")
    larger = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    batches = [(images, labels, weights), (larger, labels, weights)]
    net = model(None)
    run = train(net, Again(batches), epochs=1, learning_rate=0.0, verbose=0)
    losses = []
    for part, *_ in batches:
        chances = net.predict(part, verbose=0)[np.arange(COUNT), labels]
        losses.append(-(weights * np.log(chances)).mean())
    assert run.history["loss"][0] == pytest.approx(np.mean(losses), rel=1e-4)


def test_masks_of_any_size():
    """The middle that an output has is another for each size."""
    image = keras.Input((None, None, 1))
    net = keras.Model(image, layers.Conv2D(1, 3, activation="sigmoid")(image))
    rng = np.random.default_rng(0)
    batches = [
        (rng.random((2, side, side, 1), "float32"), rng.integers(0, 2, (2, side, side)))
        for side in (4, 7)
    ]
    run = train(net, Again(batches), epochs=1, learning_rate=0.0, verbose=0)
    losses = []
    for images, masks in batches:
        chances = net.predict(images, verbose=0)[..., 0]
        right = np.where(masks[:, 1:-1, 1:-1], chances, 1 - chances)
        losses.append(-np.log(right).mean())
    assert run.history["loss"][0] == pytest.approx(np.mean(losses), rel=1e-4)


def test_evaluate_takes_them(arrays, dataset):
    whole, streamed = (evaluate(model(), data) for data in (arrays, dataset))
    np.testing.assert_array_equal(streamed.confusion, whole.confusion)
    assert streamed.loss == pytest.approx(whole.loss)


@pytest.mark.filterwarnings("ignore:Your `PyDataset` class should call:UserWarning")  # Keras 3.10
def test_the_iterators_of_an_image_data_generator(arrays):
    """They have `__next__`, as generators do, but start again in each epoch."""
    flow = tf.keras.preprocessing.image.ImageDataGenerator().flow
    iterator = flow(*arrays, batch_size=SIZE, shuffle=False)
    whole, streamed = (evaluate(model(), data) for data in (arrays, iterator))
    np.testing.assert_array_equal(streamed.confusion, whole.confusion)
    runs = [train(model(), (data, data), **OPTIONS) for data in (iterator, Batches(*arrays))]
    assert runs[0].history == runs[1].history
    assert len(runs[0].history["val_loss"]) == 2


def test_augmentation_changes_the_training_batches_alone(dataset):
    black = keras.layers.RandomBrightness((-1, -1), value_range=(0, 1))
    run = train(model(), (dataset, dataset), augment=black, epochs=1, verbose=0)
    kernel = run.model.layers[1].get_weights()[0]
    np.testing.assert_array_equal(kernel, model().layers[1].get_weights()[0])  # no gradient


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (
            "generator",
            "received a generator, which can be iterated only once: use a keras.utils.PyDataset",
        ),
        ("endless", r"must be finite, .*pass data.take\(steps\)"),
        ("single images", r"received \(3, 3, 1\): make a batch .* data.batch\(32\)"),
        ("dict", "received a dict of 'image', 'label': convert it to a pair"),
        ("late label", r"^labels must lie in 0…1, the model's 2 classes; received 0 to 9\.$"),
        ("late NaN", r"^train images must be numbers; received NaN"),
        ("late validation", r"^validation images must be float in \[0.0, 1.0\]; received"),
        ("empty", "must contain at least one batch; received none"),
        ("images alone", "data must be a|each part of data must be a pair"),
        ("with labels beside", "images must be one array"),
    ],
)
def test_what_cannot_be_streamed(arrays, dataset, form, message):
    images, labels = arrays
    late, broken = labels.copy(), images.copy()
    late[-1], broken[-1] = 9, np.nan
    batches = lambda *parts: tf.data.Dataset.from_tensor_slices(parts).batch(SIZE)  # noqa: E731
    data = {
        "generator": (batch for batch in [arrays]),
        "endless": dataset.repeat(),
        "single images": dataset.unbatch(),
        "dict": dataset.map(lambda image, label: {"image": image, "label": label}),
        "late label": batches(images, late),
        "late NaN": batches(broken, labels),
        "late validation": (
            dataset,
            batches(np.concatenate([images[:-1], images[-1:] + 2]), labels),
        ),
        "empty": dataset.take(0),
        "images alone": dataset.map(lambda image, label: image),
        "with labels beside": (dataset, labels, labels),
    }[form]
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        train(model(), data, **OPTIONS)
    assert "\n" not in str(caught.value)


def test_their_batches_are_as_large_as_they_are(dataset):
    with pytest.raises(ValueError, match="batch_size must be None for data that come in batches, "):
        train(model(), dataset, batch_size=2, **OPTIONS)
    with pytest.raises(ValueError, match="sample_weight must be None for data that come in"):
        train(model(), dataset, sample_weight=np.ones(COUNT), **OPTIONS)
    net = model()
    options = OPTIONS | {"epochs": 1, "learning_rate": 0.0}
    doubled = train(net, dataset, class_weight={0: 2.0, 1: 2.0}, **options).history["loss"][0]
    assert doubled == pytest.approx(2 * train(net, dataset, **options).history["loss"][0])
