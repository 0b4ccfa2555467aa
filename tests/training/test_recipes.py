from dataclasses import FrozenInstanceError, replace

import pytest

from kerascnn import training
from kerascnn.training import CoupledDecaySGD
from kerascnn.training._optimizers import make_optimizer


def test_alexnet_is_the_papers():
    alexnet = training.recipe("alexnet")
    assert (alexnet.batch_size, alexnet.momentum, alexnet.weight_decay) == (128, 0.9, 0.0005)
    assert (alexnet.learning_rate, alexnet.epochs) == (0.01, 90)
    assert (alexnet.schedule, alexnet.plateau_factor) == ("plateau", 0.1)
    # "reduced three times prior to termination"
    assert alexnet.learning_rate * alexnet.plateau_factor**3 == pytest.approx(alexnet.minimum_rate)


def test_the_optimizer_has_the_recipes_numbers():
    optimizer = make_optimizer(training.recipe("alexnet"))
    assert type(optimizer) is CoupledDecaySGD
    assert (optimizer.momentum, optimizer.kernel_decay) == (0.9, 0.0005)
    assert optimizer.weight_decay is None  # Keras's own rule stays out
    assert float(optimizer.learning_rate) == pytest.approx(0.01)
    adam = make_optimizer(training.recipe("adam"))
    assert (adam.beta_1, adam.beta_2, float(adam.learning_rate)) == (
        0.9,
        0.999,
        pytest.approx(1e-3),
    )


def test_every_recipe_is_found_by_its_name():
    for name in training.recipes():
        assert training.recipe(name).name == name


def test_a_recipe_is_frozen_and_overriding_makes_another():
    adam = training.recipe("adam")
    with pytest.raises(FrozenInstanceError):
        adam.epochs = 3
    assert training.recipe("adam", epochs=3, batch_size=None) == replace(adam, epochs=3)
    assert training.recipe(adam, epochs=3).epochs == 3
    assert training.recipe("adam") == adam


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        (
            "adem",
            {},
            "recipe must be one of 'adam', 'alexnet', 'vgg'; received 'adem'. Did you mean 'adam'",
        ),
        ("adam", {"learning_rte": 1}, "Did you mean 'learning_rate'"),
        ("adam", {"name": "mine"}, "a field of its recipe must be one of"),
        ("adam", {"optimizer": "sdg"}, "optimizer must be one of 'adam', 'sgd'; received 'sdg'"),
        ("adam", {"schedule": "step"}, "schedule must be one of"),
        ("adam", {"batch_size": 0}, "batch_size must be a whole number from 1 on; received 0"),
        ("adam", {"epochs": 2.5}, "epochs must be a whole number from 1 on; received 2.5"),
        ("adam", {"learning_rate": "fast"}, "learning_rate must be a number"),
        ("adam", {"learning_rate": -1.0}, "learning_rate must be a number of at least 0"),
        ("alexnet", {"momentum": 1.0}, "momentum must be a number of at least 0 and below 1"),
        ("adam", {"weight_decay": 1e-4}, "belong to the optimizer 'sgd'"),
    ],
)
def test_what_a_recipe_cannot_be(name, overrides, message):
    with pytest.raises(ValueError, match=message):
        training.recipe(name, **overrides)
