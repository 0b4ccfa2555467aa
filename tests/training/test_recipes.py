from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from kerascnn import training
from kerascnn.training import CoupledDecaySGD
from kerascnn.training._optimizers import make_optimizer
from kerascnn.training._schedules import rate_at


def test_alexnet_is_the_papers():
    alexnet = training.recipe("alexnet")
    assert (alexnet.batch_size, alexnet.momentum, alexnet.weight_decay) == (128, 0.9, 0.0005)
    assert (alexnet.learning_rate, alexnet.epochs) == (0.01, 90)
    assert (alexnet.schedule, alexnet.plateau_factor) == ("plateau", 0.1)
    # "reduced three times prior to termination"
    assert alexnet.learning_rate * alexnet.plateau_factor**3 == pytest.approx(alexnet.minimum_rate)


def rates(name, epochs):
    return [rate_at(training.recipe(name), epoch) for epoch in epochs]


def test_the_other_papers():
    resnet, googlenet, unet, yolo = map(training.recipe, ("resnet", "googlenet", "unet", "yolo"))
    assert (resnet.learning_rate, resnet.momentum, resnet.weight_decay) == (0.1, 0.9, 1e-4)
    assert rates("resnet", (0, 29, 30, 60, 90)) == pytest.approx([0.1, 0.1, 0.01, 1e-3, 1e-4])
    # "decreasing the learning rate by 4% every 8 epochs"
    assert rates("googlenet", (7, 8, 16)) == pytest.approx([0.01, 0.0096, 0.009216])
    assert (googlenet.auxiliary_weight, googlenet.momentum) == (0.3, 0.9)
    assert (unet.momentum, unet.batch_size) == (0.99, 1)
    assert (unet.border_weight, unet.border_sigma) == (10, 5)
    # from 1e-3 to 1e-2, for 75 epochs, 1e-3 for 30, 1e-4 for 30
    assert rates("yolo", (0, 3, 74, 75, 104, 105)) == pytest.approx(
        [1e-3, 1e-2, 1e-2, 1e-3, 1e-3, 1e-4]
    )
    assert (yolo.batch_size, yolo.epochs, yolo.weight_decay) == (64, 75 + 30 + 30, 5e-4)


def test_cosine_falls_along_half_a_wave():
    cosine = training.recipe("adam", schedule="cosine", epochs=4)
    # 1e-3 (1 + cos(pi t / 4)) / 2 at t = 0, 1, 2, 3
    expected = [1e-3, 8.5355e-4, 5e-4, 1.4645e-4]
    assert [rate_at(cosine, epoch) for epoch in range(4)] == pytest.approx(expected, rel=1e-4)


def test_the_optimizer_has_the_recipes_numbers():
    optimizer = make_optimizer(training.recipe("alexnet"), None)
    assert type(optimizer) is CoupledDecaySGD
    assert (optimizer.momentum, optimizer.kernel_decay) == (0.9, 0.0005)
    assert optimizer.weight_decay is None  # Keras's own rule stays out
    assert float(optimizer.learning_rate) == pytest.approx(0.01)
    adam = make_optimizer(training.recipe("adam"), None)
    assert (adam.beta_1, adam.beta_2, float(adam.learning_rate)) == (
        0.9,
        0.999,
        pytest.approx(1e-3),
    )


def test_every_recipe_is_found_by_its_name():
    for name in training.recipes():
        assert training.recipe(name).name == name


def test_numbers_of_numpy_become_plain_ones_as_json_needs_them():
    given = {"epochs": np.int64(3), "steps": (np.int32(2),), "learning_rate": np.float64(0.5)}
    plan = training.recipe("resnet", **given)
    assert (plan.epochs, plan.steps, plan.learning_rate) == (3, (2,), 0.5)
    assert {type(plan.epochs), type(plan.steps[0]), type(plan.learning_rate)} == {int, float}
    for field in ("epochs", "boxes", "momentum"):
        with pytest.raises(ValueError, match=f"{field} must be a .*; received True"):
            training.recipe("yolo", **{field: True})


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
            "recipe must be one of 'adam', 'alexnet', .* received 'adem'. Did you mean 'adam'",
        ),
        ("adam", {"learning_rte": 1}, "Did you mean 'learning_rate'"),
        ("adam", {"name": "mine"}, "a field of its recipe must be one of"),
        (
            "adam",
            {"optimizer": "sdg"},
            "optimizer must be one of 'adam', 'muon', 'sgd'; received 'sdg'",
        ),
        ("adam", {"schedule": "stairs"}, "schedule must be one of"),
        ("adam", {"batch_size": 0}, "batch_size must be a whole number of at least 1; received 0"),
        ("adam", {"epochs": 2.5}, "epochs must be a whole number of at least 1; received 2.5"),
        ("adam", {"learning_rate": "fast"}, "learning_rate must be a number"),
        ("adam", {"learning_rate": -1.0}, "learning_rate must be a number of at least 0"),
        ("alexnet", {"momentum": 1.0}, "momentum must be a number of at least 0 and below 1"),
        ("adam", {"augment": "flips"}, "augment must be one of 'none'"),
        ("adam", {"steps": (0,)}, "steps must be a tuple of whole numbers"),
        ("alexnet", {"warmup_epochs": 2}, "warmup_epochs must be 0 with schedule 'plateau'"),
        ("adam", {"dropout": 1.0}, "dropout must be a number of at least 0 and below 1"),
        ("adam", {"weight_decay": 1e-4}, "belong to the optimizers 'sgd' and 'muon'"),
    ],
)
def test_what_a_recipe_cannot_be(name, overrides, message):
    with pytest.raises(ValueError, match=message):
        training.recipe(name, **overrides)
