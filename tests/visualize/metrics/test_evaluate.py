"""One table of several methods and metrics: against the metrics alone, and what it says."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn import visualize
from kerascnn.visualize import evaluate, metrics
from kerascnn.visualize.metrics import _infidelity
from kerascnn.visualize.metrics._evaluate import _full, _with_full_batches


@pytest.fixture(scope="module")
def shared(small_net):
    return small_net((12, 8, 2), classes=4)


def masks_of(images):
    return images[..., 0] > 0.7


def test_each_metric_is_that_of_the_function(model, images):
    masks, target = masks_of(images), [0, 1, 2]
    every = {name: {} for name in metrics._evaluate.METRICS}
    every |= {
        "deletion": {"steps": 4}, "insertion": {"steps": 4}, "mprt": {"independent": True},
        "smooth_mprt": {"samples": 2}, "sensitivity_max": {"samples": 2},
    }  # fmt: skip
    del every["grid_pointing_game"]
    table = evaluate(
        ["grad_cam"], model, images, every, target=target, masks=masks, seeds=[5], verbose=False
    )
    maps = visualize.grad_cam(model, images, target)
    maps = np.array(keras.ops.image.resize(maps[..., None], (12, 8), data_format="channels_last"))
    maps, method = maps[..., 0], visualize.grad_cam
    removal = metrics.deletion_insertion(model, images, maps, target, steps=4)
    test = partial(metrics.randomization_test, model, images, method, target=target, seed=5)
    expected = {
        "deletion": removal.deletion_auc,
        "insertion": removal.insertion_auc,
        "road": metrics.road(model, images, maps, target, seed=5).score,
        "average_drop": metrics.average_drop(model, images, maps, target).drop,
        "average_increase": metrics.average_drop(model, images, maps, target).increase,
        "infidelity": metrics.infidelity(model, images, maps, target, seed=5),
        "sensitivity_max": metrics.sensitivity_max(
            model, images, method, target=target, samples=2, seed=5
        ),
        "mprt": test(independent=True).absolute_correlations.mean(axis=0),
        "smooth_mprt": test(samples=2, order="bottom_up").absolute_correlations.mean(axis=0),
        "efficient_mprt": metrics.efficient_mprt(model, images, method, target=target, seed=5),
        "sparseness": metrics.sparseness(maps),
        "pointing_game": metrics.pointing_game(maps, masks),
        "attribution_mass": metrics.attribution_mass(maps, masks),
        "rank_accuracy": metrics.rank_accuracy(maps, masks),
    }
    assert set(table.metrics) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(table.values["grad_cam"][name], [values], rtol=1e-5, atol=1e-7)
        known = values[~np.isnan(values)]
        assert table.mean("grad_cam", name) == pytest.approx(known.mean(), rel=1e-5, abs=1e-7)


def test_grids(model, images):
    table = evaluate(
        ["saliency"], model, np.concatenate([images] * 2), ["grid_pointing_game"],
        target=[0, 1, 2, 3, 0, 1], seeds=[0], verbose=False,
    )  # fmt: skip
    assert table.values["saliency"]["grid_pointing_game"].shape == (1, 4)


def test_what_is_random_runs_for_each_seed(model, images):
    calls = []

    def plain(model, images, target):
        calls.append("plain")
        return images[..., 0]

    def random(model, images, target, *, seed=0):
        calls.append(seed)
        return images[..., 0] + np.random.default_rng(seed).normal(size=images.shape[:3])

    table = evaluate(
        {"plain": plain, "random": random, "bound": partial(random, seed=7)},
        model, images, {"sparseness": {}, "infidelity": {"samples": 2}}, seeds=[1, 2, 3],
        verbose=False,
    )  # fmt: skip
    assert calls == ["plain", 1, 2, 3, 7]
    shapes = {m: {n: v.shape for n, v in of.items()} for m, of in table.values.items()}
    assert shapes == {
        "plain": {"sparseness": (1, 3), "infidelity": (3, 3)},
        "random": {"sparseness": (3, 3), "infidelity": (3, 3)},
        "bound": {"sparseness": (1, 3), "infidelity": (3, 3)},
    }
    means = table.values["random"]["sparseness"].mean(axis=1)
    assert table.interval("random", "sparseness") == pytest.approx((means.min(), means.max()))
    low, high = table.interval("plain", "sparseness")
    assert low == high == table.mean("plain", "sparseness")


def test_perturbed_images_are_scored_once_for_all_methods(model, images, monkeypatch):
    scored = []

    def counted(question, *, batch_size, scores_of=_infidelity.scores_of):
        scored.append(question)
        return scores_of(question, batch_size=batch_size)

    monkeypatch.setattr(_infidelity, "scores_of", counted)
    evaluate(
        ["saliency", "grad_cam"], model, images, {"infidelity": {"samples": 2}}, seeds=[0, 1],
        verbose=False,
    )  # fmt: skip
    assert len(scored) == 2 * (1 + 2)  # for each seed, the images and two perturbations


def test_what_a_partial_binds_stays_bound(model, images):
    maps = visualize.saliency(model, images, 1)
    bound = partial(metrics.infidelity, samples=2, seed=7, target=3)
    near = partial(lambda heatmaps, original: [original, *heatmaps[1:, 0, 0]], original=0.25)
    table = evaluate(
        ["saliency"], model, images, {"bound": bound, "near": near}, target=1, seeds=[0],
        verbose=False,
    )  # fmt: skip
    values = table.values["saliency"]
    np.testing.assert_allclose(values["bound"][0], bound(model, images, maps), rtol=1e-6)
    assert values["near"][0, 0] == 0.25


def test_smooth_grad_by_name_varies(model, images):
    table = evaluate(
        {"SmoothGrad": partial(visualize.smooth_grad, samples=2)}, model, images, ["sparseness"],
        seeds=[0, 1], verbose=False,
    )  # fmt: skip
    first, second = table.values["SmoothGrad"]["sparseness"]
    assert not np.allclose(first, second)


def test_the_table_names_intervals_and_settings(model, images):
    table = evaluate(
        ["saliency"], model, images,
        {"deletion": {"steps": 3, "fill": np.zeros(2)}, "infidelity": {"samples": 2}},
        seeds=[0, 1], verbose=False,
    )  # fmt: skip
    assert str(table) == repr(table) == table.to_text()
    for text in (str(table), table.to_markdown(), table.to_latex(), table.to_html()):
        for part in ("deletion", "↓", "steps=3", "blur=5.0", "samples=2"):
            assert part in text, part
    assert "fill=array(2,)" in table.to_html()
    low, high = table.interval("saliency", "infidelity")
    assert f"[{low:.3g}, {high:.3g}]" in str(table)
    assert "of the seeds 0, 1" in table.to_markdown()
    plain = evaluate(["saliency"], model, images, ["sparseness"], verbose=False)
    assert f"| {plain.mean('saliency', 'sparseness'):.3g} |" in plain.to_markdown()
    assert "of the seeds" not in str(plain)
    frame = table.to_dataframe()
    assert frame["method"].tolist() == ["saliency"] * 2
    assert frame["metric"].tolist() == ["deletion", "infidelity"]
    assert frame["mean"][1] == table.mean("saliency", "infidelity")
    assert frame["better"].tolist() == ["lower", "lower"]
    assert table.to_csv().splitlines()[0] == "method,metric,mean,low,high,undefined,better,settings"


def test_what_is_not_defined_is_left_out_and_said(model, images):
    def partly(model, images, target):
        maps = images[..., 0].copy()
        maps[0] = 0
        return maps

    table = evaluate([partly], model, images, ["sparseness"], verbose=False)
    values = table.values["partly"]["sparseness"]
    assert np.isnan(values).tolist() == [[True, False, False]]
    assert table.mean("partly", "sparseness") == pytest.approx(values[0, 1:].mean())
    assert "1 of 3 values of sparseness for partly are NaN" in table.to_markdown()
    nothing = evaluate(
        [lambda m, x, t: 0 * x[..., 0]], model, images, ["sparseness"], verbose=False
    )
    assert np.isnan(nothing.mean("<lambda>", "sparseness"))


def test_a_metric_of_the_users(model, images):
    def brightest(heatmaps, masks, seed):
        return heatmaps.max(axis=(1, 2)) + masks.sum() + seed

    table = evaluate(
        ["grad_cam"], model, images, {"brightest": brightest}, masks=masks_of(images), seeds=[2, 3],
        verbose=False,
    )  # fmt: skip
    first, second = table.values["grad_cam"]["brightest"]
    np.testing.assert_allclose(second - first, 1, rtol=1e-6)
    with pytest.raises(TypeError, match="metric 'text' must return numbers"):
        evaluate(["grad_cam"], model, images, {"text": lambda: "no"}, verbose=False)


def test_one_of_several_inputs(rng):
    photo, age = keras.Input((6, 5, 2), name="photo"), keras.Input((3,), name="age")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3, activation="relu")(photo))
    model = keras.Model([photo, age], layers.Dense(2, "softmax")(layers.Concatenate()([x, age])))
    arrays = [rng.random((2, 6, 5, 2), "float32"), rng.random((2, 3), "float32")]
    table = evaluate(
        ["saliency", "integrated_gradients"], model, arrays,
        {"deletion": {"steps": 2}, "infidelity": {"samples": 2}, "sparseness": {}},
        seeds=[0], input="photo", verbose=False,
    )  # fmt: skip
    heatmaps = visualize.saliency(model, arrays)[0]
    expected = metrics.sparseness(heatmaps)
    np.testing.assert_allclose(table.values["saliency"]["sparseness"], [expected], rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"methods": ["gradcam"]}, ValueError, "Did you mean 'grad_cam'"),
        ({"methods": "grad_cam"}, TypeError, r"methods must be a list.*\['saliency', 'grad_cam'\]"),
        ({"methods": []}, TypeError, "methods must be a list"),
        (
            {"methods": ["saliency", visualize.saliency]},
            ValueError,
            "methods must have different names; received saliency, saliency. Give a dict",
        ),
        (
            {"methods": ["expected_gradients"]},
            ValueError,
            r"'expected_gradients' needs baselines. Use functools.partial\(kerascnn.visualize.exp",
        ),
        ({"metrics": {"deletion": 3}}, TypeError, "the settings of 'deletion' must be a dict"),
        ({"metrics": ["deletions"]}, ValueError, "Did you mean 'deletion'"),
        ({"metrics": "deletion"}, TypeError, "metrics must be a list of names"),
        ({"metrics": {"road": {"steps": 3}}}, ValueError, "the setting of 'road' must be one of"),
        ({"metrics": ["pointing_game"]}, ValueError, "masks must be given for the metric"),
        ({"masks": np.ones((2, 12, 8), bool)}, ValueError, r"masks must have the shape \(3, H"),
        ({"seeds": []}, ValueError, "seeds must be a list of different whole numbers"),
        ({"seeds": [1, 1]}, ValueError, r"received \[1, 1\]"),
        ({"seeds": 3}, ValueError, "received 3"),
    ],
)
def test_errors_teach(change, kind, message, model, images):
    arguments = {"methods": ["saliency"], "metrics": ["sparseness"], **change}
    with pytest.raises(kind, match=message) as caught:
        evaluate(model=model, images=images, **arguments)
    assert "\n" not in str(caught.value)


def test_small_images_come_in_larger_batches_of_our_own_methods():
    """As many pixels as in a usual batch, of 8 images of 224x224, but not more than 128 images."""
    method = visualize.integrated_gradients
    assert _with_full_batches(method, (32, 32)).keywords == {"batch_size": 128}
    assert _with_full_batches(method, (112, 112)).keywords == {"batch_size": 32}
    assert _with_full_batches(method, (500, 500)).keywords == {"batch_size": 8}
    assert _with_full_batches(partial(method, steps=2, batch_size=3), (32, 32)).keywords == {
        "steps": 2, "batch_size": 3,
    }  # fmt: skip

    def own(model, images, target, batch_size=1):
        return images

    assert _with_full_batches(own, (9, 9)) is own
    assert [_full(32, size) for size in ((224, 224), (160, 160), (64, 64))] == [32, 62, 128]
