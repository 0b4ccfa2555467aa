"""Outputs that have labels of their own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerascnn.training import train

layers = keras.layers
SIDE = 4
ONCE = {"epochs": 1, "learning_rate": 0.0, "verbose": 0}


def outputs():
    image = keras.Input((SIDE, SIDE, 1))
    flat = layers.Flatten()(image)
    kind = layers.Dense(3, activation="softmax", name="kind")(flat)
    mask = layers.Conv2D(1, 1, activation="sigmoid", name="mask")(image)
    return image, kind, mask, layers.Dense(1, name="area")(flat)


@pytest.fixture(scope="module")
def net():
    image, *several = outputs()
    return keras.Model(image, several)


@pytest.fixture(scope="module")
def labels():
    rng = np.random.default_rng(0)
    masks = rng.integers(0, 2, (SIDE, SIDE, SIDE))
    return {"area": masks.mean(axis=(1, 2)), "kind": np.array([0, 1, 2, 1]), "mask": masks}


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).random((SIDE, SIDE, SIDE, 1), "float32")


def losses(net, images, labels):
    """The loss of each output for each image, by hand."""
    kind, mask, area = net.predict(images, verbose=0)
    right = np.where(labels["mask"], mask[..., 0], 1 - mask[..., 0])
    return {
        "kind": -np.log(kind[np.arange(SIDE), labels["kind"]]),
        "mask": -np.log(right).mean(axis=(1, 2)),
        "area": (area[:, 0] - labels["area"]) ** 2,
    }


@pytest.mark.parametrize("form", ["dict", "list", "stream"])
def test_each_output_learns_its_own(net, images, labels, form):
    given = {
        "dict": (images, labels),
        "list": (images, [labels[name] for name in ("kind", "mask", "area")]),
        "stream": tf.data.Dataset.from_tensor_slices((images, labels)).batch(3),
    }[form]
    size = {} if form == "stream" else {"batch_size": 3}
    history = train(net, (given, given), **size, **ONCE).history
    expected = {name: each.mean() for name, each in losses(net, images, labels).items()}
    for part in ("", "val_"):
        assert history[f"{part}loss"][0] == pytest.approx(sum(expected.values()), rel=1e-4)
    accuracy = net.predict(images, verbose=0)[0].argmax(axis=1) == labels["kind"]
    assert history["val_kind_accuracy"][0] == pytest.approx(accuracy.mean())


def test_weights_by_output_or_for_all(net, images, labels):
    weights = np.array([0.0, 1.0, 2.0, 3.0])
    each = losses(net, images, labels)
    run = train(net, (images, labels), sample_weight=weights, batch_size=SIDE, **ONCE)
    expected = sum((one * weights).mean() for one in each.values())
    assert run.history["loss"][0] == pytest.approx(expected, rel=1e-4)
    run = train(net, (images, labels, {"mask": weights}), batch_size=SIDE, **ONCE)
    expected += sum((one * (1 - weights)).mean() for key, one in each.items() if key != "mask")
    assert run.history["loss"][0] == pytest.approx(expected, rel=1e-4)


def test_a_model_that_gives_a_dict(images, labels):
    image, kind, _, area = outputs()
    net = keras.Model(image, {"what": kind, "how_much": area})
    given = {"how_much": labels["area"], "what": labels["kind"]}
    loss = {"how_much": "mean_absolute_error"}
    run = train(net, (images, given), loss=loss, batch_size=SIDE, **ONCE)
    found = net.predict(images, verbose=0)
    right = found["what"][np.arange(SIDE), labels["kind"]]
    expected = np.abs(found["how_much"][:, 0] - labels["area"]).mean() - np.log(right).mean()
    assert run.history["loss"][0] == pytest.approx(expected, rel=1e-4)
    with pytest.raises(ValueError, match="give labels as a dict of 'how_much', 'what'"):
        train(net, (images, labels["kind"]), batch_size=SIDE, **ONCE)


def test_outputs_of_one_name_are_several_and_a_dict_within_a_dict_is_refused(images, labels):
    image, kind, mask, area = outputs()
    twice = keras.Model(image, [kind, kind])
    run = train(twice, (images, labels["kind"]), batch_size=SIDE, **ONCE)
    right = twice.predict(images, verbose=0)[0][np.arange(SIDE), labels["kind"]]
    assert run.history["loss"][0] == pytest.approx(-1.3 * np.log(right).mean(), rel=1e-4)
    with pytest.raises(ValueError, match="a key for each output, 'kind', 'kind'"):
        train(twice, (images, {"kind": labels["kind"]}), batch_size=SIDE, **ONCE)
    inner = keras.Model(image, {"a": {"mask": mask, "area": area}})
    with pytest.raises(ValueError, match="must be tensors, or a dict of them; received"):
        train(inner, (images, labels), batch_size=SIDE, **ONCE)


def test_the_best_epoch_goes_by_the_loss_and_a_run_directory_keeps_it(
    net, images, labels, tmp_path
):
    options = ONCE | {"batch_size": 2, "recipe": "alexnet", "augment": "none", "dropout": 0.0}
    options |= {"run_dir": tmp_path}
    first = train(net, (images, labels), **options)
    again = train(net, (images, labels), **options)
    assert (again.history, again.best_epoch) == (first.history, 1)
    with pytest.raises(ValueError, match="holds another run: loss is"):
        train(net, (images, labels), loss={"area": "mae"}, **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": None}, "a key for each output, 'kind', 'mask', 'area'; received 'area', 'mask'"),
        ({"kind": np.array([0, 1, 2, 3])}, "output 'kind': labels must lie in 0…2"),
        ({"area": np.array([0, 1, np.nan, 3])}, "train labels of 'area' must be finite numbers"),
        ({"mask": np.zeros((3, SIDE, SIDE), int)}, "labels of 'mask' must be one for each image"),
        ({"kind": np.ones(SIDE, int)}, "at least two classes; received only 1"),
    ],
)
def test_labels_that_do_not_go_with_their_output(net, images, labels, change, message):
    given = {key: value for key, value in (labels | change).items() if value is not None}
    with pytest.raises(ValueError, match=message) as caught:
        train(net, (images, given), batch_size=SIDE, **ONCE)
    assert "\n" not in str(caught.value)


def test_options_that_do_not_go_with_several_outputs(net, images, labels):
    for options, message in (
        ({"class_weight": {0: 1.0}}, "class_weight needs one output that learns classes"),
        ({"loss": {"kinds": "mse"}}, "loss must be one of .*; received 'kinds'. Did you mean"),
        ({"sample_weight": {"masks": np.ones(SIDE)}}, "weights must be one of .*'masks'. Did you"),
        ({"sample_weight": {"mask": np.ones((SIDE, 3))}}, r"output 'mask': weights must be \(N\)"),
    ):
        with pytest.raises(ValueError, match=message):
            train(net, (images, labels), batch_size=SIDE, **ONCE, **options)
