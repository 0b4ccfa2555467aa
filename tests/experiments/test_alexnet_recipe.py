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
    model, twin = (_alexnet_recipe.net((16, 16, 3), 10) for _ in range(2))
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


def test_most_weights_are_in_the_dense_layers():
    """As in AlexNet, of whose 62,378,344 parameters 58,631,144 are."""
    model = _alexnet_recipe.net((32, 32, 3), 10)
    dense = sum(x.count_params() for x in model.layers if isinstance(x, keras.layers.Dense))
    assert dense == 1_355_786  # 288 · 1024 + 1024 · 1024 + 1024 · 10 and 2,058 biases
    assert dense / model.count_params() == pytest.approx(58_631_144 / 62_378_344, abs=0.03)
    assert [x.name for x in model.layers if "dropout" in x.name] == ["fc6_dropout", "fc7_dropout"]


def test_without_momentum_the_rates_are_ten_times_as_high():
    assert _alexnet_recipe.rates_for("whole recipe", (0.01, 0.02)).tolist() == [0.01, 0.02]
    assert _alexnet_recipe.rates_for("no momentum", (0.01, 0.02)).tolist() == [0.1, 0.2]


@pytest.mark.slow
def test_a_small_run():
    result = kc.experiments.alexnet_recipe(
        data="shapes", images=32, validation=16, epochs=2, steps=(1,), batch_size=16,
        rates=(0.01, 0.1), search_epochs=1, seeds=(4,), recipes=("whole recipe", "no momentum"),
        verbose=False,
    )  # fmt: skip
    assert result["search"].shape == (2, 2, 1)
    chosen = result["search"][..., 0].argmin(axis=1)
    assert result["rate"].tolist() == [[0.01, 0.1][chosen[0]], [0.1, 1.0][chosen[1]]]
    assert result["val_accuracy"].shape == result["val_loss"].shape == (2, 1, 2)
    assert np.all((result["learnt"] >= 0) & (result["learnt"] <= 1))
    assert result["recipes"].tolist() == ["whole recipe", "no momentum"]
    assert not np.allclose(*result["val_loss"])


def test_the_record_has_the_shapes(record):
    recipes, settings = list(_alexnet_recipe.RECIPES), record.settings
    assert record["recipes"].tolist() == recipes
    for curve in ("val_accuracy", "val_loss"):
        assert record[curve].shape == (len(recipes), len(settings["seeds"]), settings["epochs"])
    assert record["learnt"].shape == (len(recipes), len(settings["seeds"]))
    best = record["search"][..., -3:].mean(axis=-1).argmin(axis=1)
    np.testing.assert_allclose(record["rate"], record["rates"][np.arange(len(recipes)), best])


def test_dropout_and_augmentation_prevent_overfitting(record):
    """What the figure's title and alt text say."""
    last, lowest = record["val_loss"][..., -1], record["val_loss"].min(axis=-1)
    recipes = record["recipes"].tolist()
    assert recipes[0] == "whole recipe"
    for name in ("no dropout", "no augmentation"):
        row = recipes.index(name)
        assert record["learnt"][row].min() > 0.9 > 0.75 > record["learnt"][0].max()
        assert record["val_accuracy"][row, :, -1].mean() < record["val_accuracy"][0, :, -1].mean()
        assert np.all(last[row] > lowest[row] + 0.1)
    assert np.all(last[0] < lowest[0] + 0.02)
