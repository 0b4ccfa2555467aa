"""Several methods, several metrics, one table."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import cache, partial
from operator import attrgetter
from typing import Any, NamedTuple

import keras
import numpy as np

from kerascnn import visualize
from kerascnn._checks import is_whole
from kerascnn._errors import unknown
from kerascnn._progress import progress
from kerascnn.visualize._cams import CAMS
from kerascnn.visualize._engine.answers import predicted_classes
from kerascnn.visualize._engine.heatmaps import check_attributions, check_masks, maps_by, resized
from kerascnn.visualize._engine.images import Images, image_input
from kerascnn.visualize._engine.layers import select_maps
from kerascnn.visualize._engine.placing import on_images, placed
from kerascnn.visualize._engine.question import Question, ask
from kerascnn.visualize._engine.targets import Target

from ._attribution_mass import attribution_mass
from ._average_drop import average_drop
from ._comparison import Comparison
from ._deletion_insertion import deletion_insertion
from ._efficient_mprt import efficient_mprt
from ._grid_pointing_game import grid_pointing_game
from ._infidelity import Perturbed, infidelity
from ._pointing_game import pointing_game
from ._randomization_test import RandomizationTest, randomization_test
from ._rank_accuracy import rank_accuracy
from ._road import road
from ._sensitivity_max import sensitivity_max
from ._sparseness import sparseness

Methods = Sequence[str | Callable] | Mapping[str, str | Callable]
Metrics = Sequence[str] | Mapping[str, Mapping[str, Any] | Callable]


class Metric(NamedTuple):
    """A function, which part of its result counts, what is better, and settings of our own.

    `prepare` takes the same arguments except the heatmaps, and returns an object whose `measure`
    takes those: what it computes is the same for all methods.
    """

    function: Callable
    better: str = ""
    value: Callable[[Any], np.ndarray] = np.asarray
    settings: Mapping[str, Any] = {}
    prepare: Callable | None = None


def similarity_left(result: RandomizationTest) -> np.ndarray:
    """Return the mean over the layers of the correlations of absolute maps; NaN if one is NaN."""
    return result.absolute_correlations.mean(axis=0)


METRICS = {
    "deletion": Metric(deletion_insertion, "lower", attrgetter("deletion_auc")),
    "insertion": Metric(deletion_insertion, "higher", attrgetter("insertion_auc")),
    "road": Metric(road, "higher", attrgetter("score")),
    "average_drop": Metric(average_drop, "lower", attrgetter("drop")),
    "average_increase": Metric(average_drop, "higher", attrgetter("increase")),
    "infidelity": Metric(infidelity, "lower", prepare=Perturbed),
    "sensitivity_max": Metric(sensitivity_max, "lower"),
    "mprt": Metric(randomization_test, "lower", similarity_left),
    "smooth_mprt": Metric(
        randomization_test, "lower", similarity_left, {"samples": 10, "order": "bottom_up"}
    ),
    "efficient_mprt": Metric(efficient_mprt, "higher"),
    "sparseness": Metric(sparseness, "higher"),
    "pointing_game": Metric(pointing_game, "higher"),
    "attribution_mass": Metric(attribution_mass, "higher"),
    "rank_accuracy": Metric(rank_accuracy, "higher"),
    "grid_pointing_game": Metric(grid_pointing_game, "higher", attrgetter("scores")),
}
# Batches are for images of this size; of smaller images they are larger, up to MANY.
USUAL_SIZE, MANY = 224 * 224, 128
BATCH = 32  # of a metric
USUAL = ("deletion", "insertion", "infidelity", "sensitivity_max", "sparseness")
# What `evaluate` gives to a metric that has a parameter of this name; all else is a setting.
GIVEN = {
    "model", "images", "target", "heatmaps", "original", "masks", "method", "seed", "batch_size",
    "input", "verbose",
}  # fmt: skip


def evaluate(
    methods: Methods,
    model: keras.Model,
    images: Images,
    metrics: Metrics = USUAL,
    *,
    target: Target = None,
    masks: np.ndarray | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    input: int | str | None = None,
    batch_size: int | None = None,
    verbose: bool | str = "auto",
) -> Comparison:
    """Measure the heatmaps of several methods with several metrics.

    To measure how well a model predicts the labels of a data set, use `kerascnn.evaluate`; this
    function measures heatmaps, not models.

    Methods and metrics with random numbers run once for each seed, so that the table shows how much
    of a difference is chance. Heatmaps are resized bilinearly to the images before they are
    measured.

    Limitations: rankings of methods depend on the metrics and on their settings, and metrics
    disagree with each other. A table is no proof that a method explains anything.

    Args:
        methods: names of methods of `kerascnn.visualize`, such as "grad_cam"; functions
            `method(model, images, target)` that return heatmaps (N, h, w) or attributions
            (N, H, W, C); or a dict of them by the names to show, such as
            `{"SmoothGrad": functools.partial(smooth_grad, samples=10)}`.
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on, or one array for each of
            several inputs.
        metrics: names of metrics; or a dict of settings by name, such as
            `{"deletion": {"steps": 20}, "sparseness": {}}`. A value may also be a function of your
            own with parameters among `model, images, heatmaps, target, masks, method, seed`, which
            returns one number per image. Names: "deletion", "insertion", "road", "average_drop",
            "average_increase", "infidelity", "sensitivity_max", "mprt", "smooth_mprt",
            "efficient_mprt", "sparseness", "grid_pointing_game"; and with masks, "pointing_game",
            "attribution_mass", "rank_accuracy".
        target: class index, one index per image, or a callable, as for `grad_cam`; `None`: the
            predicted class.
        masks: (N, H, W) booleans, true on the object, for metrics that compare with it.
        seeds: seeds of random numbers, at least one.
        input: which of several inputs is measured, by its position or name. `None`: the only one
            that takes images.
        batch_size: number of images per batch of a metric; smaller batches need less memory.
            `None`: 32, or up to 128 of small images. Methods take their own, and more images at
            once if they are small.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        A `Comparison`, which prints as a table with intervals over the seeds and the settings, and
        has `to_markdown()`, `to_latex()`, `to_csv()`, `to_html()` and `to_dataframe()`.

    Raises:
        TypeError, ValueError: If arguments do not fit.

    >>> import kerascnn as kc
    >>> model, images = kc.build_lenet5(weights="mnist"), kc.datasets.load("digits").test[0][:2]
    >>> table = kc.visualize.evaluate(["saliency", "grad_cam"], model, images, ["sparseness"])
    >>> table.methods, table.metrics, table.values["grad_cam"]["sparseness"].shape
    (('saliency', 'grad_cam'), ('sparseness',), (1, 2))
    """
    named, measured = _methods(methods), _metrics(metrics)
    seeds = _check_seeds(seeds)
    question = ask(model, images, target)
    place = image_input(model, question.graph, input)
    size = question.images[place].shape[1:3]
    largest = max((x.shape[1:3] for x in question.images if x.ndim == 4), key=np.prod)
    if masks is not None:
        masks = check_masks(masks, len(question))
    for name, metric in measured.items():
        if masks is None and "masks" in inspect.signature(metric.function).parameters:
            raise ValueError(
                f"masks must be given for the metric {name!r}: (N, H, W) booleans, true on the "
                "object; received None."
            )
    explained = predicted_classes(question) if target is None else target
    given = {
        "model": model, "images": images, "target": explained, "masks": masks,
        "batch_size": _full(BATCH, largest) if batch_size is None else batch_size,
        "input": input, "verbose": False,
    }  # fmt: skip
    values: dict[str, dict[str, np.ndarray]] = {}
    prepared: dict = {}
    with progress("Evaluation", len(named) * len(measured) * len(seeds), verbose) as advance:
        for label, method in named.items():
            rows: dict[str, list[np.ndarray]] = {name: [] for name in measured}
            varies = _takes_seed(method)
            method = _with_full_batches(method, largest)
            for seed in seeds:
                seeded = partial(method, seed=seed) if varies else method
                one = partial(_one_of, seeded, place, question)
                if varies or seed == seeds[0]:
                    maps = maps_by(one, model, images, explained, len(question))
                    given["original"] = maps
                    given["heatmaps"] = resized(check_attributions(maps, len(question)), size)
                given |= {"method": one, "seed": seed}
                done: dict = {}
                for name, metric in measured.items():
                    if not rows[name] or varies or _takes_seed(metric.function):
                        rows[name].append(_result(name, metric, given, done, prepared))
                    advance()
            values[label] = {name: np.stack(found) for name, found in rows.items()}
    return Comparison(
        values,
        {name: metric.better for name, metric in measured.items()},
        {name: _settings_of(metric) for name, metric in measured.items()},
        seeds,
        len(question),
    )


def _one_of(
    method: Callable, place: int, question: Question, model: Any, images: Any, target: Any
) -> Any:
    """Call a method, and choose the heatmaps of one of several inputs.

    Class activation maps of a layer that does not cover the images are placed on them.
    """
    cam = _inside(method) in [getattr(visualize, name) for name in CAMS]
    with placed() if cam else nullcontext():
        maps = method(model, images, target)
    maps = getattr(maps, "attributions", maps)
    if cam and maps.ndim == 3:
        bound = method.keywords if isinstance(method, partial) else {}
        with_tokens = bound.get("reshape") is not None
        node = select_maps(
            question.graph, bound.get("layer"), question.score, tokens=with_tokens or None,
            maps_only=_inside(method) is visualize.score_cam,
        )  # fmt: skip
        maps = on_images(model, question.images, maps, node, place)
    return maps[place] if len(question.images) > 1 and isinstance(maps, list) else maps


def _result(
    name: str, metric: Metric, given: Mapping[str, Any], done: dict, prepared: dict
) -> np.ndarray:
    """Return the values of a metric for each image, (n,) float64.

    Two metrics may be parts of one result, which is computed once and kept in `done`. What is the
    same for all methods is kept in `prepared`.
    """
    key = metric.function, tuple((n, id(v)) for n, v in sorted(metric.settings.items()))
    if key not in done:
        make = metric.prepare or metric.function
        own = make is sensitivity_max  # a function of the user's may mean something else by it
        names = [n for n in _options_of(make) if n in given and (own or n != "original")]
        arguments = {**{n: given[n] for n in names}, **metric.settings}
        if metric.prepare:
            once = *key, given["seed"]
            if once not in prepared:
                prepared[once] = metric.prepare(**arguments)
            done[key] = prepared[once].measure(given["heatmaps"])
        else:
            done[key] = metric.function(**arguments)
    value = np.asarray(metric.value(done[key]))
    if value.dtype.kind not in "fiub" or not value.size:
        raise TypeError(f"metric {name!r} must return numbers, (N,); received {value!r:.60}.")
    return value.astype("float64").ravel()


def _takes_seed(function: Callable) -> bool:
    """Whether a function uses a seed that is not bound yet."""
    return "seed" in _options_of(function)


def _options_of(function: Callable) -> dict[str, inspect.Parameter]:
    """Return the parameters of a function that are not bound yet, by name."""
    bound = function.keywords if isinstance(function, partial) else {}
    parameters = inspect.signature(function).parameters
    return {name: p for name, p in parameters.items() if name not in bound}


def _with_full_batches(method: Callable, size: tuple[int, int]) -> Callable:
    """Give our own methods as many small images at once as take the memory of a usual batch."""
    usual = _options_of(method).get("batch_size")
    if usual is None or _inside(method) not in _known().values():
        return method
    return partial(method, batch_size=_full(usual.default, size))


def _full(usual: int, size: tuple[int, int]) -> int:
    """Return how many images of a size take the memory of a usual batch, up to MANY."""
    return max(usual, min(MANY, usual * USUAL_SIZE // (size[0] * size[1])))


def _settings_of(metric: Metric) -> dict[str, Any]:
    """Return all settings of a metric, with the defaults of those that were not given."""
    options = inspect.signature(metric.function).parameters.values()
    defaults = {p.name: p.default for p in options if p.default is not p.empty}
    return {n: v for n, v in {**defaults, **metric.settings}.items() if n not in GIVEN}


def _methods(methods: Methods) -> dict[str, Callable]:
    """Return the methods by the names to show."""
    if isinstance(methods, str) or not isinstance(methods, Sequence | Mapping) or not len(methods):
        raise TypeError(
            "methods must be a list of names or functions, such as ['saliency', 'grad_cam'], or a "
            f"dict of them; received {methods!r:.60}."
        )
    if not isinstance(methods, Mapping):
        names = [m if isinstance(m, str) else _name_of(m) for m in methods]
        if len(set(names)) < len(names):
            raise ValueError(
                f"methods must have different names; received {', '.join(names)}. Give a dict of "
                "methods by name."
            )
        methods = dict(zip(names, methods, strict=True))
    return {name: _method(method) for name, method in methods.items()}


def _name_of(method: object) -> str:
    return getattr(_inside(method), "__name__", repr(method))


def _inside(method: object) -> object:
    """Return the function whose arguments a method binds."""
    while isinstance(method, partial):
        method = method.func
    return method


def _method(method: str | Callable) -> Callable:
    if callable(method):
        return method
    known = _known()
    if method not in known:
        raise unknown("methods", method, sorted(known))
    options = inspect.signature(known[method]).parameters.values()
    if needed := [p.name for p in options if p.kind is p.KEYWORD_ONLY and p.default is p.empty]:
        raise ValueError(
            f"methods must work without options; {method!r} needs {', '.join(needed)}. Use "
            f"functools.partial(kerascnn.visualize.{method}, {needed[0]}=...)."
        )
    return known[method]


@cache
def _known() -> dict[str, Callable]:
    """The methods of `kerascnn.visualize` that make heatmaps, known by their first arguments."""
    found = {}
    for name in dir(visualize):
        function = getattr(visualize, name)
        if inspect.isfunction(function):
            parameters = list(inspect.signature(function).parameters)
            if parameters[:3] == ["model", "images", "target"]:
                found[name] = function
    return found


def _metrics(metrics: Metrics) -> dict[str, Metric]:
    """Return the metrics by name, with their settings."""
    if isinstance(metrics, str) or not isinstance(metrics, Sequence | Mapping) or not len(metrics):
        raise TypeError(
            "metrics must be a list of names, such as ['deletion', 'sparseness'], or a dict of "
            f"settings by name; received {metrics!r:.60}."
        )
    if not isinstance(metrics, Mapping):
        metrics = {name: {} for name in metrics}
    return {name: _metric(name, settings) for name, settings in metrics.items()}


def _metric(name: str, settings: Mapping[str, Any] | Callable) -> Metric:
    if callable(settings):
        return Metric(settings)
    if name not in METRICS:
        raise unknown("metrics", name, METRICS)
    if not isinstance(settings, Mapping):
        raise TypeError(
            f"the settings of {name!r} must be a dict of its options, or {{}}; received "
            f"{settings!r:.60}."
        )
    metric = METRICS[name]
    allowed = set(inspect.signature(metric.function).parameters) - GIVEN
    for setting in settings:
        if setting not in allowed:
            raise unknown(f"the setting of {name!r}", setting, sorted(allowed))
    return metric._replace(settings={**metric.settings, **settings})


def _check_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    valid = isinstance(seeds, Sequence | np.ndarray | range) and len(seeds)
    if not valid or not all(is_whole(seed) for seed in seeds) or len(set(seeds)) < len(seeds):
        raise ValueError(
            "seeds must be a list of different whole numbers of at least 0, such as [0, 1, 2]; "
            f"received {seeds!r:.60}."
        )
    return tuple(map(int, seeds))
