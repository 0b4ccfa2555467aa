import keras
import numpy as np
import pytest
from keras import ops

from kerascnn._heads import last_activation
from kerascnn.datasets import weight_map
from kerascnn.training import recipe, train
from kerascnn.training._data import Part, splits
from kerascnn.training._objective import objective_for
from kerascnn.training._prepare import prepare

layers = keras.layers


def objective(model, labels, **options):
    goal = objective_for(model, labels, image_shape=(4, 4, 1), recipe=recipe("adam"), **options)
    return goal.loss, goal.metrics


CLASSES = np.array([0, 1, 2, 1])
BINARY = np.array([0, 1, 1, 0])


def model(*stack):
    return keras.Sequential([keras.Input((4, 4, 1)), *stack])


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ([layers.Flatten(), layers.Dense(3, activation="softmax")], "softmax"),
        ([layers.Flatten(), layers.Dense(3), layers.Softmax()], "softmax"),
        ([layers.Flatten(), layers.Dense(3), layers.Activation("softmax")], "softmax"),
        ([layers.Conv2D(3, 4, activation="softmax"), layers.Flatten()], "softmax"),
        ([layers.Flatten(), layers.Dense(3)], "linear"),
        ([layers.Flatten(), layers.Dense(1, activation="sigmoid")], "sigmoid"),
        ([layers.Flatten(), layers.Dense(3, activation="tanh")], "tanh"),
        ([layers.GlobalAveragePooling2D()], "GlobalAveragePooling2D"),
    ],
)
def test_the_head_is_found(stack, expected):
    assert last_activation(model(*stack)) == expected


def test_the_head_of_a_nested_model_is_found():
    inner = keras.Sequential([layers.Flatten(), layers.Dense(3, activation="softmax")])
    assert last_activation(model(layers.Conv2D(2, 3), inner)) == "softmax"


def test_softmax_and_logits_give_the_same_loss_and_accuracy():
    logits = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    with_softmax = objective(model(layers.Flatten(), layers.Dense(3, "softmax")), CLASSES)
    linear = objective(model(layers.Flatten(), layers.Dense(3)), CLASSES)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.log(softmax[np.arange(4), CLASSES]).mean()
    assert float(with_softmax[0](CLASSES, softmax)) == pytest.approx(expected, rel=1e-5)
    assert float(linear[0](CLASSES, logits)) == pytest.approx(expected, rel=1e-5)
    right = (logits.argmax(axis=1) == CLASSES).mean()
    for (_, metrics), output in ((with_softmax, softmax), (linear, logits)):
        metrics[0].update_state(CLASSES, output)
        assert metrics[0].name == "accuracy"
        assert float(metrics[0].result()) == right


def test_one_output_decides_between_two_classes():
    logits = np.array([[-1.0], [0.3], [2.0], [-0.2]], "float32")  # 0.3 is above 0, below 1/2
    linear = objective(model(layers.Flatten(), layers.Dense(1)), BINARY)
    sigmoid = objective(model(layers.Flatten(), layers.Dense(1, "sigmoid")), BINARY)
    chance = 1 / (1 + np.exp(-logits))
    expected = -np.log(np.where(BINARY[:, None], chance, 1 - chance)).mean()
    for (loss, metrics), output in ((linear, logits), (sigmoid, chance)):
        assert float(loss(BINARY[:, None], output)) == pytest.approx(expected, rel=1e-5)
        metrics[0].update_state(BINARY[:, None], output)
        assert float(metrics[0].result()) == 1.0


def test_float_labels_and_a_linear_output_are_regression():
    loss, metrics = objective(model(layers.Flatten(), layers.Dense(1)), BINARY * 1.5)
    assert float(loss(np.array([[1.0]]), np.array([[3.0]]))) == 4.0
    assert metrics == []


@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("kind", ["images", "maps", "smaller maps"])
def test_the_forms_of_labels(in_a_form, units, kind):
    end = "softmax" if units > 1 else "sigmoid"
    stack = [layers.Conv2D(units, 3 if kind == "smaller maps" else 1, activation=end)]
    if kind == "images":
        stack = [layers.Flatten(), layers.Dense(units, end)]
    net = model(*stack)
    labels = np.arange(2 if kind == "images" else 32).reshape(2, *[4, 4] * (kind != "images")) % 2
    part = Part(np.zeros((2, 4, 4, 1), "float32"), in_a_form(labels))
    goal = objective_for(net, part.labels, image_shape=(4, 4, 1), recipe=recipe("unet"))
    goal.check(part)
    ready = goal.prepare(part)
    expected = labels[:, 1:-1, 1:-1] if kind == "smaller maps" else labels
    expected = expected if units > 1 else expected[..., None]
    assert ready.labels.shape == expected.shape
    np.testing.assert_array_equal(ready.labels, expected)
    assert (ready.weights is not None) == (kind != "images")  # borders between objects


@pytest.mark.parametrize(
    ("last", "labels", "message"),
    [
        (
            layers.Dense(3, "softmax"),
            np.array([0, 3]),
            r"lie in 0…2, the model's 3 classes; rec.* 0 to 3",
        ),
        (layers.Dense(3, "softmax"), np.array([-1, 2]), "received -1 to 2"),
        (layers.Dense(3, "softmax"), np.eye(3, dtype=int), r"indices \(N\).*argmax"),
        (
            layers.Dense(3, "softmax"),
            np.array([0.0, 0.5]),
            r"whole numbers; received float64 \(N\): for .*'mse'",
        ),
        (layers.Dense(3), np.full((4, 3), 0.2), r"\(N, 3\): for numbers .* such as loss='mse'"),
        (layers.Dense(3, "softmax"), np.array([False, True]), r"received bool \(N\)\.$"),
        (layers.Dense(3, "softmax"), np.array([[0.0], [3.0]]), r"lie in 0…2.*received 0 to 3"),
        (layers.Dense(1, "sigmoid"), np.array([0, 1, 2]), "must be 0 or 1.*one output per class"),
        (layers.Dense(1, "sigmoid"), np.array([0, 255]), r"0 to 255: convert .* labels > 0\."),
        (layers.Dense(1, "sigmoid"), np.array([-1, 1]), r"-1 to 1: convert .* labels > 0\."),
        (layers.Dense(1, "sigmoid"), np.array([0.1, 0.9]), "pass loss='binary_crossentropy'"),
        (layers.Dense(3, "sigmoid"), CLASSES, "with classifier_activation='softmax'"),
        (layers.Dense(3, "tanh"), CLASSES, "received 'tanh': pass loss="),
    ],
)
def test_labels_and_outputs_that_do_not_go_together(last, labels, message):
    with pytest.raises(ValueError, match=message):
        objective(model(layers.Flatten(), last), labels)


@pytest.mark.parametrize(
    "loss", ["mse", keras.losses.Huber(), keras.losses.CategoricalCrossentropy]
)
def test_labels_that_keras_would_repeat_until_they_are_as_many(loss):
    net = model(layers.Flatten(), layers.Dense(3, "softmax"))
    message = r"labels must be \(N, 3\), like the output, .* int64 \(N\): use a sparse"
    with pytest.raises(ValueError, match=message):
        objective(net, CLASSES, loss=loss)
    with pytest.raises(ValueError, match=r"received float64 \(N, 4\)\.$"):
        objective(net, np.zeros((4, 4)), loss=loss)
    chosen, metrics = objective(net, np.eye(3)[CLASSES], loss=loss)
    assert (chosen, metrics) == (loss, []) or isinstance(chosen, loss)
    one = model(layers.Flatten(), layers.Dense(1, "softmax"))
    for labels in (BINARY, BINARY[:, None]):  # Keras makes these of one shape by itself
        objective(one, labels, loss=loss)


def test_a_loss_of_ones_own_takes_any_labels():
    """Whatever it is called."""

    def dice(true, predicted):
        return predicted

    net = model(layers.Flatten(), layers.Dense(3, "softmax"))
    assert objective(net, CLASSES, loss=dice) == (dice, [])


@pytest.mark.parametrize("loss", ["bce", "BinaryCrossentropy"])
def test_keras_short_names_are_known(loss):
    with pytest.raises(ValueError, match="loss must have from_logits=True for a linear output"):
        objective(model(layers.Flatten(), layers.Dense(1)), BINARY, loss=loss)
    with pytest.raises(ValueError, match=r"labels must be \(N, 3\)"):
        objective(model(layers.Flatten(), layers.Dense(3, "sigmoid")), CLASSES, loss=loss)
    with pytest.raises(ValueError, match=r"loss must be one loss, .* received a list"):
        objective(model(layers.Flatten(), layers.Dense(1, "sigmoid")), BINARY, loss=[loss])


@pytest.mark.parametrize("last", ["linear", "sigmoid"])
@pytest.mark.parametrize("labels", [np.zeros((4, 4)), np.zeros((4, 2), int), np.zeros((4, 4, 4))])
def test_labels_of_one_output_are_of_its_shape(last, labels):
    with pytest.raises(ValueError, match=r"labels must be \(N, 1\), like the output"):
        objective(model(layers.Flatten(), layers.Dense(1, last)), labels)


def loss_of(net, part, loss):
    """The loss that `train` would begin with, and labels as it prepares them."""
    plan = recipe("adam", batch_size=4)
    ready = prepare(net, *splits(part), plan, "none", loss=loss, input_range=(0, 1))
    fit, _ = ready.targets()
    net.compile(**ready.goal.compile_arguments(), run_eagerly=True)
    scores = net.test_on_batch(fit.images, fit.labels, fit.weights, return_dict=True)
    return scores["loss"]


@pytest.mark.parametrize("loss", [None, "mse"])
def test_a_number_for_each_image(loss, rng):
    """An output (N,), which has no axis of classes."""
    image = keras.Input((4, 4, 1))
    number = layers.Dense(1, kernel_initializer="zeros")(layers.Flatten()(image))
    net = keras.Model(image, ops.squeeze(number, -1))
    images, labels = rng.random((4, 4, 4, 1), "float32"), np.array([1.0, -2.0, 3.0, 0.0])
    for given in (labels, labels[:, None]):
        assert loss_of(net, (images, given), loss) == pytest.approx((1 + 4 + 9 + 0) / 4)
    with pytest.raises(ValueError, match=r"labels must be \(N, 1\), like the output"):
        train(net, (images, np.zeros((4, 3))), loss=loss, batch_size=4)


@pytest.mark.parametrize("loss", [None, "binary_crossentropy"])
def test_masks_of_two_classes_learn_the_middle(loss, rng):
    """With or without the axis that a sigmoid has; by the default loss and by its name."""
    net = model(layers.Conv2D(1, 3, activation="sigmoid", kernel_initializer="zeros"))
    masks = rng.integers(0, 2, (4, 4, 4))
    images, weights = rng.random((4, 4, 4, 1), "float32"), rng.random((4, 4, 4), "float32")
    expected = np.log(2) * weights[:, 1:3, 1:3].mean()  # a half everywhere
    for labels in (masks, masks[..., None], masks == 1):
        part = (images, labels, weights)
        assert loss_of(net, part, loss) == pytest.approx(expected, rel=1e-4)


def test_a_loss_of_ones_own_learns_the_middle_of_masks_too(rng):
    """Of one-hot masks, and of indices; what is no mask stays as it is."""

    def distance(true, predicted):
        seen.append(tuple(true.shape))
        true = ops.one_hot(true, 3) if len(true.shape) == 3 else true
        return ops.mean(ops.square(true - predicted), axis=(1, 2, 3))

    net, seen = model(layers.Conv2D(3, 3, activation="softmax", kernel_initializer="zeros")), []
    masks, images = rng.integers(0, 3, (4, 4, 4)), rng.random((4, 4, 4, 1), "float32")
    expected = ((1 - 1 / 3) ** 2 + 2 * (1 / 3) ** 2) / 3  # a third everywhere
    for labels in (masks, np.eye(3, dtype="float32")[masks]):
        assert loss_of(net, (images, labels), distance) == pytest.approx(expected, rel=1e-4)
    assert {shape[1:3] for shape in seen} == {(2, 2)}
    boxes = rng.random((4, 6, 5), "float32")
    shapes = []
    train(
        net, (images, boxes), loss=lambda true, _: shapes.append(true.shape) or 0 * ops.sum(_),
        batch_size=4, epochs=1, verbose=0,
    )  # fmt: skip
    assert {tuple(shape[1:]) for shape in shapes} == {(6, 5)}


def test_a_label_per_pixel():
    pixels = model(layers.Conv2D(3, 1, activation="softmax"))
    loss, _ = objective(pixels, np.zeros((2, 4, 4), int))
    even = np.full((2, 4, 4, 3), 1 / 3, "float32")
    assert float(loss(np.zeros((2, 4, 4), int), even)) == pytest.approx(np.log(3), rel=1e-5)
    with pytest.raises(ValueError, match=r"indices \(N, 4, 4\)"):
        objective(pixels, CLASSES)


def test_a_smaller_map_learns_the_middle():
    """As U-Net's valid convolutions need it; weights are cut alike."""
    net = model(layers.Conv2D(2, 3, activation="softmax"))
    masks = np.arange(32).reshape(2, 4, 4) % 2
    goal = objective_for(net, masks, image_shape=(4, 4, 1), recipe=recipe("unet"))
    part = goal.prepare(Part(None, masks, masks + 0.5))
    np.testing.assert_array_equal(part.labels, masks[:, 1:3, 1:3])
    np.testing.assert_array_equal(part.weights, masks[:, 1:3, 1:3] + 0.5)
    weighted = goal.prepare(Part(None, masks))
    columns = np.array([0, 1, 0, 2]) * np.ones((2, 4, 1), int)  # each column of ones is a cell
    expected = weight_map(columns, w0=10, sigma=5)[:, 1:3, 1:3]
    np.testing.assert_array_equal(weighted.weights, expected)
    adam = objective_for(net, masks, image_shape=(4, 4, 1), recipe=recipe("adam"))
    assert adam.prepare(Part(None, masks)).weights is None


def test_weights_of_pixels_weigh_the_loss(rng):
    net = model(layers.Conv2D(1, 1, activation="sigmoid"))
    images = rng.random((3, 4, 4, 1), dtype="float32")
    masks, weights = rng.integers(0, 2, (3, 4, 4)), rng.random((3, 4, 4))
    options = {"learning_rate": 0.0, "epochs": 1, "batch_size": 3, "verbose": 0}
    history = train(net, (images, masks, weights), **options).history
    chances = net.predict(images, verbose=0)[..., 0]
    losses = -np.log(np.where(masks, chances, 1 - chances))
    assert history["loss"][0] == pytest.approx((weights * losses).mean(), rel=1e-4)
    assert history["accuracy"][0] == pytest.approx(((chances > 0.5) == masks).mean())


def test_auxiliary_heads_learn_the_same_labels_at_their_weight(rng):
    """Szegedy 2014, Section 5: the losses of the auxiliary classifiers count 0.3 each."""
    image = keras.Input((4, 4, 1))
    flat = layers.Flatten()(image)
    heads = [layers.Dense(2, activation="softmax", name=f"head{i}")(flat) for i in range(3)]
    net = keras.Model(image, heads)
    images, labels = rng.random((12, 4, 4, 1), dtype="float32"), np.arange(12) % 2
    options = {"learning_rate": 0.0, "epochs": 1, "batch_size": 12, "verbose": 0, "augment": "none"}
    data = ((images, labels), (images[:6], labels[:6]))
    result = train(net, data, recipe="googlenet", **options)
    chances = net.predict(images, verbose=0)
    losses = [-np.log(c[np.arange(12), labels]).mean() for c in chances]
    expected = losses[0] + 0.3 * losses[1] + 0.3 * losses[2]
    assert result.history["loss"][0] == pytest.approx(expected, rel=1e-4)
    right = (chances[0].argmax(axis=1) == labels).mean()
    assert result.history["accuracy"][0] == pytest.approx(right)
    assert "val_accuracy" in result.history


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (ops.softmax, "softmax"),
        (lambda x: ops.reshape(ops.sigmoid(x), (-1, 2)), "sigmoid"),
        (lambda x: x[:, :1], "linear"),
        (lambda x: 2 * x, "multiply"),
        (lambda x: layers.Activation("linear", dtype="float32")(layers.Softmax()(x)), "softmax"),
        (lambda x: layers.Activation("linear")(layers.ReLU()(x)), "linear"),
    ],
)
def test_the_last_function_counts_as_the_last_layer_does(end, expected):
    scores = keras.Input((3,))
    assert last_activation(keras.Model(scores, end(layers.Dense(2)(scores)))) == expected


def test_one_class_alone_is_told(bars, make_model):
    images, labels = bars[0]
    with pytest.raises(ValueError, match="at least two classes; received only 1"):
        train(make_model(), (images, np.ones_like(labels)), batch_size=10)
