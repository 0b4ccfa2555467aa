"""AlexNet's recipe with one ingredient at a time taken away."""

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments import _alexnet_recipe


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("alexnet_recipe")


def names_of(model, kind):
    return [layer.name for layer in model.layers if isinstance(layer, kind)]


def activations_of(model):
    return {
        layer.activation.__name__
        for layer in model.layers
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense))
    }


def test_ingredients_of_the_net():
    model, twin = (
        kc.build_alexnet(variant="cifar", input_shape=(16, 16, 3), classes=10) for _ in range(2)
    )
    assert activations_of(model) == {"relu", "softmax"}
    assert activations_of(_alexnet_recipe.with_tanh(model)) == {"tanh", "softmax"}
    bare = _alexnet_recipe.without_normalization(twin)
    assert names_of(model, kc.layers.LocalResponseNormalization) == ["norm1", "norm2"]
    assert names_of(bare, kc.layers.LocalResponseNormalization) == []
    assert bare.count_params() == model.count_params()


def test_each_recipe_changes_one_thing():
    whole = kc.training.recipe("alexnet")
    for name, (change, overrides) in _alexnet_recipe.RECIPES.items():
        assert (change is not None) + len(overrides) == (name != "whole recipe")
        for field, value in overrides.items():
            assert getattr(whole, field) != value


@pytest.mark.slow
def test_a_small_run():
    result = kc.experiments.alexnet_recipe(
        data="shapes", images=32, validation=16, epochs=2, seeds=(4,),
        recipes=("whole recipe", "no dropout"),
    )  # fmt: skip
    assert result["val_accuracy"].shape == (2, 1, 2)
    assert np.all((result["learnt"] >= 0) & (result["learnt"] <= 1))
    assert result["recipes"].tolist() == ["whole recipe", "no dropout"]
    assert not np.allclose(*result["loss"])


def test_the_record_has_the_shapes(record):
    recipes, seeds = list(_alexnet_recipe.RECIPES), len(record.settings["seeds"])
    assert record["recipes"].tolist() == recipes
    for curve in ("loss", "val_accuracy", "learning_rate"):
        assert record[curve].shape == (len(recipes), seeds, record.settings["epochs"])
    assert record["learnt"].shape == (len(recipes), seeds)


def test_in_a_short_run_only_momentum_is_missed(record):
    """What the figure's title and alt text say; accuracies of the last epoch."""
    last = record["val_accuracy"][..., -1]  # (recipe, seed)
    whole, *others = last
    without = dict(zip(record["recipes"].tolist()[1:], others, strict=True))
    momentum = without.pop("no momentum")
    assert np.all(momentum < whole)
    assert momentum.mean() < 0.15
    assert all(accuracy.mean() > whole.mean() - 0.01 for accuracy in without.values())
    for name in ("no dropout", "tanh instead of ReLU"):
        assert np.all(without.pop(name) > whole + 0.05)
    assert all(accuracy.mean() < whole.mean() + 0.04 for accuracy in without.values())
