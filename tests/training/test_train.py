import json
from importlib import import_module
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerascnn import __version__, datasets
from kerascnn.training import evaluate, recipe, train, transfer
from kerascnn.training._data import splits
from kerascnn.training._prepare import prepare
from kerascnn.training._variables import build_metrics


class Note(keras.callbacks.Callback):
    """Note the weights of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.at = epoch - 1

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.at:
            self.weights = self.model.get_weights()


LEARNS = {"batch_size": 10, "learning_rate": 0.02, "verbose": 0}


def noise(seed=None):
    """An augmentation that draws numbers."""
    return keras.layers.GaussianNoise(0.1, seed=seed)


@pytest.fixture(scope="module")
def learnt(bars, make_model):
    """A run that several tests look at, and its weights after two epochs."""
    note = Note(2)
    options = {"epochs": 15, "seed": 4, "augment": noise(), "callbacks": [note], **LEARNS}
    return train(make_model(), bars, **options), note.weights


def test_it_learns(learnt):
    result, _ = learnt
    assert result.history["val_accuracy"][-1] == 1.0
    assert result.history["loss"][-1] < result.history["loss"][0] / 2
    assert set(result.history) == {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"}
    assert {len(values) for values in result.history.values()} == {15}
    assert result.best_epoch == 1 + int(np.argmin(result.history["val_loss"]))
    assert result.recipe == recipe("adam", epochs=15, batch_size=10, learning_rate=0.02)


def test_keras_can_go_on_with_the_model(bars, make_model):
    """Its functions saw labels (N, 1), and the dropout rate of the recipe."""
    images, labels = bars[0]
    model = make_model(1, "sigmoid", dropout=0.9)
    model.set_weights([abs(w) for w in model.get_weights()])
    train(model, bars, dropout=0.0, epochs=1, batch_size=50, learning_rate=1e-12, verbose=0)
    chances = model.predict(images, verbose=0)[:, 0]
    expected = -np.log(np.where(labels, chances, 1 - chances)).mean()
    loss, accuracy = model.evaluate(images, labels, verbose=0)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert accuracy == np.float32(((chances > 0.5) == labels).mean())
    history = model.fit(images, labels, batch_size=50, epochs=3, verbose=0).history
    assert np.ptp(history["loss"]) > 0.01  # its own dropout; the learning rate changes nothing


@pytest.mark.slow
def test_one_score_learns_two_classes(bars, make_model):
    """As softmax does above, two scores below, and a sigmoid in test_devices.py."""
    result = train(make_model(1, None), bars, epochs=15, **LEARNS)
    assert result.history["val_accuracy"][-1] == 1.0


def test_the_reported_numbers_are_the_models(learnt, bars):
    result, _ = learnt
    images, labels = bars[1]
    chances = result.model.predict(images, verbose=0)
    loss = -np.log(chances[np.arange(len(labels)), labels]).mean()
    assert result.history["val_loss"][-1] == pytest.approx(loss, rel=1e-4)
    accuracy = (chances.argmax(axis=1) == labels).mean()
    assert result.history["val_accuracy"][-1] == pytest.approx(accuracy)


def test_the_same_seed_gives_the_same_run(learnt, bars, make_model):
    first, weights = learnt
    keras.random.uniform((3,))  # what else draws numbers does not matter
    second = train(make_model(), bars, epochs=2, seed=4, augment=noise(seed=99), **LEARNS)
    assert second.history == {key: values[:2] for key, values in first.history.items()}
    for one, other in zip(second.model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_seed_gives_another_run_and_is_noted(learnt, bars, make_model, tmp_path):
    options = {"epochs": 1, "seed": 3, "augment": noise(), "run_dir": tmp_path, **LEARNS}
    result = train(make_model(), bars, **options)
    assert result.history["loss"][0] != learnt[0].history["loss"][0]
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    assert config["recipe"]["learning_rate"] == 0.02
    assert config["seed"] == 3
    assert config["model"]["parameters"] == make_model().count_params()
    assert (config["data"]["train"], config["data"]["validation"]) == (50, 20)
    versions = {name: import_module(name).__version__ for name in ("keras", "numpy", "tensorflow")}
    assert config["versions"] == {"kerascnn": __version__} | versions
    assert set(config) >= {"commit", "devices", "precision", "deterministic"}
    assert len(config["data"]["sha256"]) == 64


def test_one_step_is_the_recipes(bars, make_model):
    """The alexnet recipe on one full batch: the gradient step of the paper, nothing more."""
    model = make_model(dropout=0.0)
    twin = make_model(dropout=0.0)
    images, labels = bars[0]
    options = {"epochs": 1, "batch_size": 50, "augment": "none", "dropout": 0.0, "verbose": 0}
    result = train(model, (images, labels), recipe="alexnet", **options)

    twin.compile(
        keras.optimizers.SGD(0.01),
        keras.losses.SparseCategoricalCrossentropy(),
        run_eagerly=True,
    )
    before = twin.get_weights()
    twin.train_on_batch(images, labels)
    for ours, plain, start in zip(model.get_weights(), twin.get_weights(), before, strict=True):
        decay = 0.0005 if start.ndim > 1 else 0
        np.testing.assert_allclose(ours, plain - 0.01 * decay * start, rtol=1e-5, atol=1e-7)
    assert set(result.history) == {"loss", "accuracy", "learning_rate"}  # without validation
    assert result.best_epoch == 1


def test_the_forms_of_data(bars):
    (images, labels), validation = bars
    for given, has_validation in (
        (datasets.Dataset("bars", (images, labels), validation, validation, ("l", "r")), True),
        (((images, labels), validation), True),
        ((images, labels), False),
    ):
        fit, other = splits(given)
        assert (fit.images is images, fit.labels is labels) == (True, True)
        assert (other is not None) == has_validation
        if has_validation:
            assert (other.images is validation[0], other.labels is validation[1]) == (True, True)


def test_plateau_divides_the_rate_when_the_validation_error_stays(bars, make_model):
    images, labels = bars[0]
    result = train(  # labels that cannot be learnt; a rate too small to move a prediction
        make_model(),
        ((images, labels), bars[1]),
        recipe="alexnet",
        learning_rate=1e-9,
        minimum_rate=1e-11,
        plateau_patience=2,
        augment="none",
        epochs=8,
        batch_size=25,
        verbose=0,
    )
    # Epoch 1 is the best; 2 and 3 do not improve on it, so 4 has a tenth, and so on to the minimum.
    expected = [1e-9] * 3 + [1e-10] * 2 + [1e-11] * 3
    np.testing.assert_allclose(result.history["learning_rate"], expected, rtol=1e-5)


@pytest.fixture(scope="module")
def in_the_dark(bars, make_model):
    """A run that sees black images, and whose rate a callback halves."""

    def black(batch):
        return 0 * batch

    halve = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=9)
    options = {"epochs": 4, "batch_size": 25, "augment": black, "callbacks": [halve]}
    return train(make_model(), bars, verbose=0, **options)


def test_the_augmentation_sees_the_training_images_alone(in_the_dark, bars, make_model):
    model, (images, labels) = in_the_dark.model, bars[1]
    kernel = model.layers[0].get_weights()[0]
    np.testing.assert_array_equal(kernel, make_model().layers[0].get_weights()[0])  # no gradient
    chances = model.predict_on_batch(images)
    loss = -np.log(chances[np.arange(len(chances)), labels]).mean()
    assert in_the_dark.history["val_loss"][-1] == pytest.approx(loss, rel=1e-4)


def test_a_constant_rate_is_left_to_the_callbacks(in_the_dark):
    rates = in_the_dark.history["learning_rate"]
    np.testing.assert_allclose(rates, [1e-3, 1e-3, 5e-4, 2.5e-4], rtol=1e-5)


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_weights(bars, make_model, tmp_path):
    class Break(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                self.good = self.model.get_weights()
                self.model.set_weights([w * np.nan for w in self.good])

    broken = Break()
    model = make_model()
    with pytest.raises(ValueError, match=r"NaN in epoch 3 at step 1 of 2: lower.*was 0.001"):
        train(model, bars, epochs=5, batch_size=25, run_dir=tmp_path, callbacks=[broken], verbose=0)
    for weight, good in zip(model.get_weights(), broken.good, strict=True):
        np.testing.assert_array_equal(weight, good)
    again = make_model()
    resumed = train(again, bars, epochs=2, batch_size=25, run_dir=tmp_path, verbose=0)
    for weight, good in zip(resumed.model.get_weights(), broken.good, strict=True):
        np.testing.assert_array_equal(weight, good)


def test_a_rate_that_is_too_high_is_told(bars, make_model):
    model = make_model(activation=None)
    before = model.get_weights()
    with pytest.raises(
        ValueError, match=r"epoch 1 at step \d+ of 10.*weights from before the training again"
    ):
        train(model, bars, recipe="alexnet", learning_rate=1e30, epochs=9, batch_size=5, verbose=0)
    for weight, start in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, start)


def test_the_recipes_dropout_holds_while_it_trains(begin, bars, make_model):
    class Look(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.rate = self.model.layers[2].rate

    look, model = Look(), make_model(dropout=0.3)
    options = {"batch_size": 25, "callbacks": [look]}
    begin(model, bars, **options)
    assert look.rate == 0.3
    begin(model, bars, recipe="alexnet", augment="none", **options)
    assert (look.rate, model.layers[2].rate) == (0.5, 0.3)  # also after an error
    plain = make_model(dropout=0.0)  # what has none gets none
    with pytest.warns(UserWarning, match=r"dropout=0.5 of the recipe 'adam' has no effect"):
        begin(plain, bars, dropout=0.5, **options)
    assert look.rate == 0


def test_an_unbuilt_model_is_built(begin, bars):
    layers = keras.layers
    model = keras.Sequential([layers.Flatten(), layers.Dense(2, activation="softmax")])
    begin(model, bars, batch_size=50)
    assert model.count_params() == 74


class MovingInCode(keras.Model):
    """Moves its statistics also in inference mode. Its code cannot be traced."""

    def __init__(self):
        super().__init__()
        self.norm = keras.layers.BatchNormalization()
        self.flatten = keras.layers.Flatten()
        self.scores = keras.layers.Dense(2)

    def call(self, images):
        flat = self.flatten(self.norm(images, training=True))
        return tf.nn.softmax(self.scores(flat))


def _moving(kind):
    """Return a model whose statistics a call without `training=False` moves, and these."""
    norm, last = keras.layers.BatchNormalization(), keras.layers.Dense(2, activation="softmax")
    first = [keras.layers.RandomFlip(), norm, keras.layers.Flatten(), last]
    image = keras.Input((6, 6, 1))
    if kind == "unbuilt":
        return keras.Sequential(first), norm
    if kind == "augmented":
        return keras.Sequential([image, *first]), norm
    if kind == "in its graph":
        flat = keras.layers.Flatten()(norm(image, training=True))
        return keras.Model(image, last(flat)), norm
    model = MovingInCode()
    model(np.zeros((1, 6, 6, 1), "float32"))
    return model, model.norm


@pytest.mark.filterwarnings("ignore:the outputs of MovingInCode")
@pytest.mark.parametrize("kind", ["unbuilt", "augmented", "in its graph", "in code"])
def test_only_the_steps_move_statistics(begin, bars, kind):
    """Neither what builds a model nor what builds its metrics, nor a look at its values."""
    model, norm = _moving(kind)
    before = 0.0 if kind == "unbuilt" else float(norm.moving_mean[0])
    begin(model, bars, batch_size=50)
    assert float(norm.moving_mean[0]) == before
    build_metrics(model, bars[0])
    assert float(norm.moving_mean[0]) == before
    if kind in ("unbuilt", "augmented"):  # others move theirs also for the validation images
        train(model, bars, batch_size=50, epochs=1, verbose=0, augment="none")
        assert float(norm.moving_mean[0]) == pytest.approx(0.01 * bars[0][0].mean(), rel=1e-5)


def test_a_subclass_of_model_learns(bars):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.flatten = keras.layers.Flatten()
            self.scores = keras.layers.Dense(2)

        def call(self, images):
            return self.scores(self.flatten(images))

    result = train(Net(), bars, epochs=10, batch_size=10, learning_rate=0.02, verbose=0)
    assert result.history["val_accuracy"][-1] == 1.0


@pytest.mark.parametrize(("units", "end"), [(1, tf.nn.sigmoid), (2, tf.nn.softmax)])
def test_code_that_cannot_be_traced_learns_probabilities(bars, units, end):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.flatten = keras.layers.Flatten()
            self.scores = keras.layers.Dense(units)
            self.unused = keras.layers.ReLU()

        def call(self, images):
            return end(self.scores(self.flatten(images)))

    options = {"epochs": 10, "batch_size": 10, "learning_rate": 0.02, "verbose": 0}
    with pytest.warns(UserWarning, match="taken for probabilities"):
        result = train(Net(), bars, **options)
    assert not result.model.loss.from_logits
    assert result.history["val_accuracy"][-1] == 1.0
    end = tf.identity
    with pytest.raises(ValueError, match=r"'unknown function': pass loss=, or end call\(\) in"):
        train(Net(), bars, **options)


def test_more_than_one_input_or_output_is_told(bars):
    image = keras.Input((6, 6, 1))
    flat = keras.layers.Flatten()(image)
    two = [keras.layers.Dense(n, activation="softmax")(flat) for n in (2, 3)]
    with pytest.raises(ValueError, match=r"of one shape; received \(None, 2\) and \(None, 3\)"):
        train(keras.Model(image, two), bars, batch_size=10)
    other = keras.Input((6, 6, 1))
    both = keras.layers.Add()([flat, keras.layers.Flatten()(other)])
    paired = keras.Model([image, other], keras.layers.Softmax()(both))
    line = "must have one input; received one with 2 inputs, .*: "
    pixels, labels = np.zeros((4, 6, 6, 1), "float32"), np.arange(4)
    stream = tf.data.Dataset.from_tensor_slices(((pixels, pixels), labels)).batch(2)
    for data in (bars, ((pixels, pixels), labels), stream):
        with pytest.raises(ValueError, match=f"model {line}use Keras's own model.fit"):
            train(paired, data, batch_size=10)
        with pytest.raises(ValueError, match=f"model {line}use Keras's own model.evaluate"):
            evaluate(paired, data)
    with pytest.raises(ValueError, match=f"base {line}build the new classifier"):
        transfer(paired, 2)


def test_a_loss_of_ones_own(bars, make_model):
    """What tells a better epoch is the accuracy, where the loss has one."""
    images, labels = bars[0]
    model = make_model(classes=2, activation="tanh")
    crossentropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    plan = recipe("alexnet", batch_size=10)
    options = {"plan": plan, "augment": "none", "input_range": (0, 1)}
    both, one = splits(bars), splits(bars[0])
    assert prepare(model, *both, loss=crossentropy, **options).monitor == "val_accuracy"
    assert prepare(model, *one, loss=crossentropy, **options).monitor == "accuracy"
    squares = {"loss": keras.losses.MeanSquaredError(), **options}
    assert prepare(model, *splits((images, np.eye(2)[labels])), **squares).monitor == "loss"
    with pytest.raises(ValueError, match=r"labels must lie in 0…1, .* received 1 to 2"):
        train(model, (images, labels + 1), loss=crossentropy, recipe=plan)


def test_a_loss_that_does_not_go_with_the_output(begin, bars, make_model):
    kind = keras.losses.SparseCategoricalCrossentropy
    options = {"epochs": 1, "batch_size": 10, "verbose": 0}
    for activation, loss, wanted in (
        ("softmax", kind(from_logits=True), False),
        ("linear", "sparse_categorical_crossentropy", True),
        ("linear", kind, True),
    ):
        with pytest.raises(ValueError, match=f"loss must have from_logits={wanted}"):
            train(make_model(activation=activation), bars, loss=loss, **options)
    model = make_model()
    begin(model, bars, loss=kind, **options)
    scores = model.test_on_batch(*bars[1], return_dict=True)
    assert set(scores) == {"loss", "accuracy"}


def test_pixels_of_no_class_do_not_count(bars):
    """Nor does it matter where they are to an augmentation that moves nothing."""
    net = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 1, activation="softmax")]
    )
    images = bars[0][0]
    masks = (images[..., 0] > 0.5).astype(int)
    masks[:, 0] = 255
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=255)
    still = keras.layers.RandomBrightness(0.1, value_range=(0, 1))
    options = {"epochs": 1, "batch_size": 10, "augment": still, "verbose": 0}
    result = train(net, (images, masks), loss=loss, **options)
    assert np.isfinite(result.history["loss"]).all()


def test_a_loss_of_ones_own_for_several_outputs(bars):
    image = keras.Input((6, 6, 1))
    flat = keras.layers.Flatten()(image)
    model = keras.Model(image, [keras.layers.Dense(2, activation="tanh")(flat) for _ in range(2)])
    images, labels = bars[0]
    one_hot = np.eye(2, dtype="float32")[labels]
    errors = [((scores - one_hot) ** 2).mean() for scores in model.predict_on_batch(images)]
    result = train(
        model,
        (images, one_hot),
        recipe="googlenet",
        augment="none",
        loss=keras.losses.MeanSquaredError(),
        epochs=2,
        batch_size=50,  # all of them: the first loss is that of the first weights
        verbose=0,
    )
    expected = errors[0] + 0.3 * errors[1]  # Szegedy 2014, Section 5
    assert result.history["loss"][0] == pytest.approx(expected, rel=1e-4)
    assert result.best_epoch == 1 + int(np.argmin(result.history["loss"])) == 2


@pytest.mark.filterwarnings("ignore:.* has no effect")
@pytest.mark.parametrize("recipe", ["vgg", "resnet", "googlenet"])
def test_labels_with_places_are_not_left_behind_by_the_images(begin, bars, recipe):
    """The augmentations of these recipes would move the images alone."""
    net = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 1, activation="softmax")]
    )
    images = bars[0][0]
    masks = (images[..., 0] > 0.5).astype(int)
    options = {"recipe": recipe, "epochs": 1, "batch_size": 10, "verbose": 0}
    with pytest.raises(ValueError, match=r"augment must be 'none' for labels .* pass augment="):
        train(net, (images, masks), **options)
    for moving in (keras.layers.RandomFlip(), keras.Sequential([keras.layers.RandomZoom(0.1)])):
        with pytest.raises(ValueError, match=r"received .Random.*moves only the images"):
            train(net, (images, masks), augment=moving, **options)
    begin(net, (images, masks), augment="none", **options)


def bad(bars, **changes):
    images, labels = bars[0]
    part = (changes.get("images", images), changes.get("labels", labels))
    return (part, changes.get("validation", bars[1]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda x, y: {"images": (255 * x).astype("uint8")},
            r"uint8 from .*astype\('float32'\) / 255, or pass input_range=\(0, 255\)",
        ),
        (lambda x, y: {"images": 255 * x}, r"float in \[0.0, 1.0\]; .* input_range=\(0, 255\)"),
        (lambda x, y: {"images": x - 0.5}, r"or pass input_range="),
        (lambda x, y: {"images": np.where(x > 0.9, np.nan, x)}, "received NaN"),
        (lambda x, y: {"images": x[:0], "labels": y[:0]}, "at least one image; received none"),
        (lambda x, y: {"validation": (x[:0], y[:0])}, "validation must contain at least one image"),
        (lambda x, y: {"labels": y[:-1]}, "received 50 images and 49 labels"),
        (lambda x, y: {"labels": y + 1}, r"labels must lie in 0…1, .* received 1 to 2"),
        (lambda x, y: {"validation": (x, y + 5)}, r"labels must lie in 0…1, .* received 5 to 6"),
        (lambda x, y: {"images": x[:, :5]}, r"train images must be \(N, 6, 6, 1\)"),
        (lambda x, y: {"images": x[..., 0]}, r"train images must be \(N, 6, 6, 1\)"),
    ],
)
def test_data_that_cannot_be_learnt_from(bars, make_model, change, message, tmp_path):
    model = make_model()
    with pytest.raises(ValueError, match=message) as caught:
        train(model, bad(bars, **change(*bars[0])), batch_size=10, run_dir=tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_the_recipes_batch_size_is_reduced_to_the_number_of_images(bars, make_model):
    line = "batch_size is 50, the number of training images, instead of 128 as in the recipe 'adam'"
    with pytest.warns(UserWarning, match=line):
        result = train(make_model(), bars, epochs=1, verbose=0)
    assert result.recipe.batch_size == 50


def test_so_is_a_batch_size_that_was_given(begin, bars, make_model):
    line = "batch_size is 50, the number of training images, instead of 64; a smaller one"
    with pytest.warns(UserWarning, match=line):
        begin(make_model(), bars, batch_size=64)


@pytest.mark.parametrize("count", [2, 3, 20])
def test_lists_of_images_and_labels(bars, count):
    images, labels = (array[:count] for array in bars[0])
    for given in (labels.tolist(), tuple(labels), labels):
        fit, validation = splits((list(images), given))
        assert validation is None
        np.testing.assert_array_equal(fit.images, images)
        np.testing.assert_array_equal(fit.labels, labels)
    fit, validation = splits(([images, labels], [images[:2], labels[:2]]))  # parts as lists
    assert (len(fit), len(validation)) == (count, 2)
    with pytest.raises(ValueError, match=r"received .* of the shapes \(6, 6, 1\), \(5, 6, 1\)"):
        splits(([*images, images[0, :5]], [*labels, 0]))


def forgets(images):
    """Return nothing."""


def fails(images):
    raise KeyError("a b")


def hides_its_shape(images):
    return tf.numpy_function(np.flip, [images], tf.float32)


class Fails(keras.layers.Layer):
    def call(self, images):
        raise ValueError("no image\nis good enough")


def without_gradient(labels, outputs):
    return keras.ops.mean(keras.ops.stop_gradient(outputs), axis=-1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"recipe": "alexnt"}, ValueError, "Did you mean 'alexnet'"),
        ({"learnin_rate": 0.1}, ValueError, "Did you mean 'learning_rate'"),
        ({"seed": -1}, ValueError, "seed must be a whole number of at least 0"),
        ({"seed": True}, ValueError, "seed must be a whole number of at least 0; received True"),
        ({"verbose": 3}, ValueError, "verbose must be 'auto', 0, 1 or 2; received 3"),
        ({"input_range": 255}, ValueError, "input_range must be two numbers, .*; received 255"),
        (
            {"augment": 3, "batch_size": 5},
            TypeError,
            "augment must be a layer, a function or a name",
        ),
        (
            {"augment": keras.layers.Flatten(), "batch_size": 5},
            ValueError,
            r"augment must return \(N, H, W, C\); received \(1, 36\)",
        ),
        (
            {"augment": keras.layers.CenterCrop(3, 3), "batch_size": 5},
            ValueError,
            r"augment must return images \(None, 6, 6, 1\), .*; received \(1, 3, 3, 1\)",
        ),
        (
            {"augment": lambda images: images[0], "batch_size": 5},
            ValueError,
            r"augment must return \(N, H, W, C\); received \(6, 6, 1\)",
        ),
        (
            {"augment": forgets, "batch_size": 5},
            ValueError,
            "augment must return images .*; received None from 'forgets'",
        ),
        (
            {"augment": fails, "batch_size": 5},
            ValueError,
            "augment .* 'fails' raised KeyError: 'a b'",
        ),
        (
            {"augment": hides_its_shape, "batch_size": 5},
            ValueError,
            r"augment .* 'hides_its_shape' returns .* unknown shape, .*set_shape\(images.shape\)",
        ),
        (
            {"augment": Fails(), "batch_size": 5},
            ValueError,
            "augment .* 'Fails' raised ValueError: no image",
        ),
        (
            {"loss": without_gradient, "batch_size": 5},
            ValueError,
            "loss must have a gradient .*; received without_gradient, which has none",
        ),
        (
            {"loss": "cce", "batch_size": 5},
            ValueError,
            "loss must be one of .*'categorical_crossentropy', .*; received 'cce'",
        ),
        (
            {"loss": "categorical_crossentropi", "batch_size": 5},
            ValueError,
            "received 'categorical_crossentropi'. Did you mean 'categorical_crossentropy'",
        ),
    ],
)
def test_options_that_cannot_be(bars, make_model, options, error, message):
    with pytest.raises(error, match=message) as caught:
        train(make_model(), bars, **options)
    assert "\n" not in str(caught.value)


def test_a_list_of_batches_is_not_taken_for_training_and_validation(bars, make_model):
    stream = tf.data.Dataset.from_tensor_slices(bars[0]).batch(10)
    for data in ([*bars], [*bars, bars[0]], [[*part] for part in bars]):
        with pytest.raises(TypeError, match=r"tuple \(train, validation\) .* may be batches"):
            train(make_model(), data)
    for data in ([*bars[0]], [stream, stream]):
        size = None if data[0] is stream else 25
        train(make_model(), data, epochs=1, batch_size=size, verbose=0)


def test_what_is_no_data_or_no_model(bars, make_model):
    with pytest.raises(TypeError, match="data must be a data set"):
        train(make_model(), "mnist")
    with pytest.raises(TypeError, match=r"received 'pets': .*from_directory\('pets', image_size="):
        train(make_model(), Path("pets"))
    with pytest.raises(TypeError, match=r"model must be a keras.Model; received str"):
        train("lenet5", bars)


def test_another_range_can_be_said(begin, bars, make_model):
    (images, labels), _ = bars
    begin(make_model(), (2 * images - 1, labels), input_range=(-1, 1), batch_size=50)
    begin(make_model(), (100 * images, labels), input_range=None, batch_size=50)
    whole = (255 * images).astype("uint8"), labels
    begin(make_model(), whole, input_range=(0, 255), batch_size=50)


@pytest.mark.parametrize("nested", [False, True])
def test_a_model_that_rescales_is_told_from_one_that_does_not(begin, bars, nested):
    """It would see black pictures and learn nothing."""
    (images, labels), _ = bars
    scale = keras.layers.Rescaling(1 / 255, name="scale")
    front = keras.Sequential([scale], name="front") if nested else scale
    inputs = keras.Input((6, 6, 1))
    x = keras.layers.Flatten()(front(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2, "softmax")(x))
    with pytest.warns(UserWarning, match=r"in its layer '(front/)?scale', but the training images"):
        begin(model, (images, labels), batch_size=50)
    with pytest.warns(UserWarning, match=r"in its layer '(front/)?scale', but the images"):
        evaluate(model, (images, labels))
    begin(model, (255 * images, labels), input_range=(0, 255), batch_size=50)  # without a word


@pytest.mark.parametrize(("terminal", "lines"), [(False, 2), (True, 1)])
def test_auto_shows_a_bar_on_a_terminal_and_lines_elsewhere(monkeypatch, terminal, lines):
    from kerascnn.training._report import verbosity

    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    assert verbosity("auto") == lines
    assert verbosity(0) == 0


@pytest.mark.parametrize("stream", [False, True])
def test_an_augmentation_that_returns_nan_is_named(bars, make_model, stream):
    images, labels = (np.array(each) for each in bars[0])

    def normalized(batch):
        return batch / keras.ops.max(batch, axis=(1, 2, 3), keepdims=True)

    images[3] = 0  # 0 / 0
    part = images, labels
    if stream:
        part = tf.data.Dataset.from_tensor_slices(part).batch(10)
    options = {"augment": normalized, "epochs": 1, "batch_size": None if stream else 10}
    message = "augment must return finite numbers, and '.*normalized' returned NaN or infinity"
    with pytest.raises(ValueError, match=message):
        train(make_model(), part, verbose=0, **options)


def test_one_callback(bars, make_model):
    note = keras.callbacks.History()
    run = train(make_model(), bars, callbacks=note, epochs=1, **LEARNS)
    assert note.history["loss"] == pytest.approx(run.history["loss"])
    for wrong in (None, [None], "save"):
        with pytest.raises(TypeError, match="callbacks must be Keras callbacks"):
            train(make_model(), bars, callbacks=wrong, epochs=1, **LEARNS)
