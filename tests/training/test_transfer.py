import keras
import numpy as np
import pytest

from kerascnn.training import train, transfer, unfreeze

layers = keras.layers


@pytest.fixture
def base():
    """Convolutions with normalization, and a classifier of five classes."""
    keras.utils.set_random_seed(1)  # not all four random filters are of use
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(4, 3, name="conv1"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            layers.Conv2D(4, 3, name="conv2"),
            layers.Flatten(),
            layers.Dense(5, name="top"),
            layers.Softmax(),
        ]
    )


def test_the_base_stays_as_it_is(base, bars):
    before = base.get_weights()
    model = transfer(base, classes=2)
    result = train(model, bars, epochs=12, batch_size=10, learning_rate=0.05, verbose=0)
    for now, then in zip(base.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)  # moving statistics, too
    assert result.history["val_accuracy"][-1] > 0.8
    assert len(model.trainable_weights) == 2


def test_the_classifier_of_the_base_is_left_out(base):
    model = transfer(base, classes=2)
    features = model.layers[1]
    assert features.output_shape == (None, 2 * 2 * 4)
    without = keras.Model(base.inputs, base.get_layer("conv2").output)
    pooled = transfer(without, classes=3)
    assert pooled.layers[-1].kernel.shape == (4, 3)


@pytest.mark.parametrize(
    "head",
    [
        [layers.Dense(3), layers.BatchNormalization(), layers.Softmax()],
        [layers.Dense(3, use_bias=False), layers.PReLU(), layers.Softmax()],
        [layers.Dense(3), layers.LayerNormalization(), layers.Activation("log_softmax")],
        [layers.Dense(3, activation="log_softmax")],
        [layers.Dense(1), layers.BatchNormalization(), layers.Activation("sigmoid")],
        [layers.SpectralNormalization(layers.Dense(3)), layers.Softmax()],
        [layers.Dense(3)],
        [layers.SpectralNormalization(layers.Dense(3)), layers.Activation("linear")],
        [layers.Dense(3), layers.Identity()],
        [layers.Reshape((1, 1, 5)), layers.Conv2D(3, 1), layers.PReLU(), layers.Softmax()],
        [layers.Reshape((1, 1, 5)), layers.Conv2D(3, 1, activation="softmax")],
        [layers.Reshape((1, 1, 5)), layers.Conv2D(1, 1, activation="sigmoid")],
    ],
)
@pytest.mark.filterwarnings("ignore:base ends in a Dense layer")
def test_no_class_scores_are_kept_as_features(head):
    """Neither of images nor of pixels: the five units before them are."""
    below = [keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(5, activation="relu")]
    model = transfer(keras.Sequential([*below, *head]), classes=2)
    assert model.layers[-1].kernel.shape == (5, 2)
    images = np.random.default_rng(0).random((3, 4, 4, 1), "float32")
    expected = keras.Sequential(below).predict(images, verbose=0)
    found = model.layers[1].predict(images, verbose=0).reshape(3, 5)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_dense_layer_that_may_compute_features_is_said(base):
    logits = keras.Model(base.inputs, base.get_layer("top").output)
    with pytest.warns(UserWarning, match="without an activation, .* is taken for class scores"):
        transfer(logits, classes=2)


@pytest.mark.parametrize("last", [[], [layers.ReLU()], [layers.GlobalAveragePooling2D()]])
def test_maps_that_are_no_probabilities_stay_features(last):
    base = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(3, 1), *last])
    assert transfer(base, classes=2).layers[-1].kernel.shape == (3, 2)


def test_class_scores_within_a_model_are_refused(base):
    image = keras.Input((6, 6, 1))
    logits = keras.Model(base.inputs, base.get_layer("top").output, name="inner")
    with pytest.raises(ValueError, match=r"must not end in a nested model; received 'inner'"):
        transfer(keras.Model(image, logits(image)), classes=2)


def test_fine_tuning_keeps_normalization_at_inference(base, bars):
    model = unfreeze(transfer(base, classes=2), "norm")
    names = [weight.path.split("/")[-2] for weight in model.trainable_weights]
    assert sorted(names) == ["conv2", "conv2", "predictions", "predictions"]
    images = bars[0][0]
    np.testing.assert_array_equal(model(images, training=True), model(images, training=False))
    before = base.get_layer("conv2").get_weights()[0], base.get_layer("norm").get_weights()
    train(model, bars, epochs=1, batch_size=10, verbose=0)
    assert (base.get_layer("conv2").get_weights()[0] != before[0]).any()
    for now, then in zip(base.get_layer("norm").get_weights(), before[1], strict=True):
        np.testing.assert_array_equal(now, then)
    names = {weight.path.split("/")[-2] for weight in unfreeze(model).trainable_weights}
    assert names == {"conv1", "conv2", "predictions"}


@pytest.fixture
def nested(base):
    """A transferred network whose base is a network within another."""
    image = keras.Input((6, 6, 1))
    inner = keras.Model(base.inputs, base.get_layer("conv2").output, name="inner")
    outer = keras.Model(image, layers.ReLU()(inner(layers.Rescaling(2.0)(image))), name="outer")
    return transfer(outer, classes=2)


@pytest.mark.parametrize(
    ("first", "learns"),
    [
        ("conv2", {"conv2"}),
        ("inner/conv2", {"conv2"}),
        ("norm", {"conv2"}),
        ("inner", {"conv1", "conv2"}),  # from its first layer on
        ("outer_features/inner/conv1", {"conv1", "conv2"}),
        (None, {"conv1", "conv2"}),
    ],
)
def test_layers_of_nested_models_are_reached(nested, first, learns):
    unfreeze(nested, first)
    names = {weight.path.split("/")[-2] for weight in nested.trainable_weights}
    assert names == learns | {"predictions"}


@pytest.mark.parametrize(("first", "meant"), [("conv22", "conv2"), ("inner/conv22", "inner/conv2")])
def test_a_typing_error_in_a_nested_model_is_told(nested, first, meant):
    with pytest.raises(ValueError, match=f"received '{first}'. Did you mean '{meant}'"):
        unfreeze(nested, first)


def test_any_model_with_a_model_in_it_can_be_unfrozen(base):
    image = keras.Input((6, 6, 1))
    model = keras.Sequential([image, base, layers.Dense(2, name="mine")])
    base.trainable = False
    names = {w.path.split("/")[-2] for w in unfreeze(model, "conv2").trainable_weights}
    assert names == {"conv2", "top", "mine"}
    with pytest.raises(ValueError, match="received 'mine', which is outside"):
        unfreeze(model, "mine")


@pytest.mark.slow
def test_fine_tuning_goes_on_in_a_directory_of_its_own(base, bars, tmp_path):
    """Two stages, of which the second was stopped after an epoch and is called again."""
    start = base.get_weights()

    def stages(epochs):
        base.set_weights(start)
        keras.utils.set_random_seed(3)
        model = transfer(base, classes=2)
        common = {"batch_size": 10, "verbose": 0}
        train(model, bars, epochs=2, run_dir=tmp_path / "frozen", **common)
        unfreeze(model, "conv2")
        fine = {"learning_rate": 1e-4, "epochs": epochs, **common}
        with pytest.raises(ValueError, match=r"trainable parameters is 34 .* Choose another dir"):
            train(model, bars, run_dir=tmp_path / "frozen", **fine)
        return train(model, bars, run_dir=tmp_path / "fine", **fine)

    stages(1)
    assert stages(2).history["learning_rate"] == [1e-4, 1e-4]


def test_what_cannot_be_transferred(base):
    with pytest.raises(ValueError, match="classes must be a whole number"):
        transfer(base, classes=0)
    with pytest.raises(ValueError, match="received 'half'"):
        transfer(base, classes=3, dropout="half")
    without = keras.Sequential([keras.Input((5,)), layers.Softmax()])
    with pytest.raises(ValueError, match="class scores by a layer with weights"):
        transfer(without, classes=3)
    with pytest.raises(ValueError, match="or contain a model; received one without"):
        unfreeze(base)
    with pytest.raises(ValueError, match="Did you mean 'conv"):
        unfreeze(transfer(base, classes=2), "conv3")
