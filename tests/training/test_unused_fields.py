"""What a recipe has and a model has not: said before the first step, and recorded."""

import json
import warnings

import keras
import numpy as np
import pytest

from kerascnn.training import recipe, train
from kerascnn.training._data import splits
from kerascnn.training._prepare import prepare
from kerascnn.training._unused_fields import without_idle

layers = keras.layers


def test_dropout_that_a_model_has_not(begin, bars, make_model, tmp_path):
    options = {"recipe": "vgg", "augment": "none", "batch_size": 10, "run_dir": tmp_path / "run"}
    with pytest.warns(
        UserWarning, match=r"dropout=0.5 of the recipe 'vgg' has no effect.*dropout=0.0"
    ):
        begin(make_model(dropout=0.0), bars, **options)  # stopped before the first step
    assert json.loads((tmp_path / "run" / "config.json").read_text())["recipe"]["dropout"] == 0.0
    begin(make_model(), bars, **options | {"run_dir": None})  # without a word


@pytest.fixture
def maps():
    """A net of a class per pixel, and its masks."""
    net = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(2, 1, activation="softmax")])
    images = np.random.default_rng(0).random((4, 6, 6, 1), "float32")
    return net, (images, (images[..., 0] > 0.5).astype(int))


def after(net, data, name, **given):
    """The recipe without what is idle, and the fields that were warned of."""
    plan = recipe(name, augment="none", batch_size=2, **given)
    ready = prepare(net, *splits(data), plan, "none", input_range=(0, 1))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        plan = without_idle(plan, net, ready, given)
    return plan, {str(one.message).partition("=")[0] for one in said}


def test_each_field_is_looked_at(bars, make_model, maps):
    net = make_model()
    assert after(net, bars, "googlenet")[1] == {"auxiliary_weight"}
    assert after(net, bars, "unet")[1] == {"border_weight"}
    assert after(net, bars, "unet")[0].border_weight == 0
    assert after(net, bars, "adam", boxes=3)[1] == {"boxes"}
    assert after(net, bars, "adam", warmup_factor=0.5)[1] == {"warmup_factor"}
    plan, idle = after(net, bars, "adam", steps=(3,), plateau_factor=0.5, border_sigma=2.0)
    assert idle == {"steps", "plateau_factor", "border_sigma"}
    assert (plan.steps, plan.plateau_factor) == ((), 0.1)
    images, masks = maps[1]
    weighted = images, masks, np.ones(masks.shape, "float32")
    assert after(maps[0], weighted, "unet")[1] == {"border_weight"}


def test_borders_that_the_training_lacks_are_not_measured_either(maps):
    net, (images, masks) = maps
    options = {"recipe": "unet", "batch_size": 4, "epochs": 1, "learning_rate": 0.0, "verbose": 0}
    with pytest.warns(UserWarning, match="records border_weight=0.0"):
        run = train(net, ((images, masks, np.ones(4)), (images, masks)), **options)
    chances = np.take_along_axis(net.predict(images, verbose=0), masks[..., None], axis=-1)
    assert run.history["val_loss"][0] == pytest.approx(-np.log(chances).mean(), rel=1e-5)
    run = train(net, ((images, masks), (images, masks)), **options)
    assert run.history["val_loss"] == run.history["loss"]


def test_borders_of_several_maps_are_recorded(maps):
    net, (images, masks) = maps
    both = keras.Model(net.inputs, [net.outputs[0], layers.Conv2D(2, 1)(net.inputs[0])])
    labels = {0: masks, 1: masks}
    assert after(both, (images, labels), "unet") == (
        recipe("unet", augment="none", batch_size=2),
        set(),
    )
    weighted = images, labels, np.ones(4)
    assert after(both, weighted, "unet")[1] == {"border_weight"}


def test_what_acts_is_left_alone(bars, make_model, maps):
    for name in ("adam", "alexnet", "vgg", "resnet"):
        assert after(make_model(), bars, name) == (
            recipe(name, augment="none", batch_size=2),
            set(),
        )
    assert after(*maps, "unet", border_sigma=2.0)[1] == set()
    step = {"schedule": "step", "steps": (3,), "warmup_epochs": 1, "warmup_factor": 0.5}
    assert after(make_model(), bars, "adam", **step)[1] == set()
