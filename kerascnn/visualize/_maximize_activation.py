"""Activation maximisation: pictures that a unit or a class responds to most.

Erhan et al. 2009; Simonyan et al. 2013, arXiv:1312.6034, section 2; Yosinski et al. 2015,
arXiv:1506.06579; Olah et al. 2017, "Feature Visualization", doi:10.23915/distill.00007.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_choice, check_count, check_number
from kerascnn._graph import Graph, Node, run
from kerascnn._heads import classes_of, squashing, without_activation
from kerascnn._progress import progress

from ._engine.ascent import Adam, ascend
from ._engine.axes import graph_of
from ._engine.image_parameters import PARAMETERS, Fourier, Pixels
from ._engine.layers import LayerLike, select_layer
from ._engine.picture_arguments import check_callables, check_shape
from ._engine.regularizers import VARIATIONS, Penalties
from ._engine.rescue import redirected
from ._engine.scores import called, logits_at, scores_at
from ._engine.targets import Target, check_target, read_scores
from ._engine.transforms import Moves
from ._engine.view import (
    Batches,
    View,
    batches,
    check_size,
    gradient_of,
    in_batches_of,
    input_shape,
    view_of,
)
from ._fast.convolutions import run_fast, some_units

POSITIONS = ("all", "center")
RESCUE_STEPS = 16  # for how long pictures without a gradient get a redirected one (lucid)


def maximize_activation(
    model: keras.Model,
    target: Target = None,
    layer: LayerLike = None,
    *,
    units: int | Sequence[int] | None = None,
    position: str = "all",
    pictures: int = 1,
    diversity: float = 0.0,
    size: int | tuple[int, int] | None = None,
    steps: int = 128,
    learning_rate: float = 0.05,
    parameters: str = "fourier",
    jitter: int | None = None,
    scale: float = 0.1,
    rotation: float = 10.0,
    l2: float = 0.0,
    total_variation: float = 0.0,
    variation: str = "squared",
    blur: float = 0.0,
    small_norm: float = 0.0,
    small_contribution: float = 0.0,
    regularizers: Callable | Sequence[Callable] = (),
    preprocessing: Callable | str | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    callback: Callable | None = None,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Make the pictures that units of a layer, or classes, respond to most, from noise.

    All units are pictured together: `maximize_activation(model, layer="block3_conv1",
    units=range(64))`, and classes by `maximize_activation(model, target=[7, 3])`. Only the part
    of the network that leads to the layer is run, and of a convolution only the units that are
    wanted. What makes a unit respond is not all that it responds to: `pictures` and `diversity`
    show more of it, and `top_patches` shows real images.

    Args:
        model: any functional or sequential `keras.Model` that sees one picture.
        target: classes, by their logits: an index, several, or a callable from the logits
            (N, classes) to scores (N,), tf-keras-vis's `Score` objects included; `None`, where
            no layer is given either: all classes.
        layer: a layer or its name, instead of a target.
        units: which of the layer's channels; `None`: all.
        position: "all", the mean over the unit's map, or "center", the neuron in its middle.
        pictures: how many for each unit or class, from different noise.
        diversity: weight of what keeps the pictures of one unit apart: their cosine similarity
            in the correlations of the layer's channels (Olah et al., "Diversity").
        size: height and width in pixels; `None`: the model's own, 128x128 where that is free.
        steps: of Adam, a forward and a backward pass each.
        learning_rate: of Adam.
        parameters: what is optimised: the "fourier" spectrum of decorrelated colours, or "pixels".
        jitter, scale, rotation: how far each look is moved, at most: pixels, `None` for a 16th of
            the size; part of the size; degrees.
        l2, total_variation: weights of penalties, means over the pixels: the squared distance
            from grey, and how much neighbours differ. They stand against the activation, whose
            size depends on the network.
        variation: "squared", "absolute" or "power": three meanings of total variation.
        blur: standard deviation, in pixels, of a blur after every fourth step; for "pixels".
        small_norm, small_contribution: for "pixels", a percentage: after each step so many pixels
            of a picture become grey, those nearest to it, Σ_c x_c², and those without which the
            objective would change least, |Σ_c x_c ∂S/∂x_c|, with x counted from grey (Yosinski et
            al. 2015, section 3). What is left is what matters.
        regularizers: more penalties: callables from pictures (N, H, W, C) in [0, 1] to (N,), such
            as tf-keras-vis's.
        preprocessing: from RGB in [0, 1] to what the model takes, such as
            `kerascnn.weights.preprocessing(...)`, a keras.applications `preprocess_input`, or the
            range that the model takes, "0-1" or "0-255"; `None`: [0, 1], or 0 … 255 where the
            model begins with a layer that rescales that.
        seed: of noise and moves. A unit has its own: its picture is the same, to rounding,
            whatever else is asked for in the call.
        batch_size: pictures that are computed at once; `None`: as many as are fast.
        callback: `callback(step, pictures, scores)` after each step, with NumPy arrays; the
            scores are those before the step.
        verbose: whether a progress bar is shown; "auto": on a terminal or in a notebook.

    Returns:
        (N, H, W, C) float32 in [0, 1]; those of one unit or class follow each other.

    Raises:
        TypeError, ValueError: arguments that do not fit the model or each other.

    >>> import kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.maximize_activation(model, target=[7, 3], steps=2).shape
    (2, 28, 28, 1)
    >>> kc.visualize.maximize_activation(model, layer="c3", units=[0, 5], steps=2).shape
    (2, 28, 28, 1)
    """
    graph = graph_of(model)
    check_count("pictures", pictures)
    check_count("steps", steps, least=0)
    check_count("seed", seed, least=0)
    check_number("learning_rate", learning_rate)
    check_number("diversity", diversity)
    check_choice("position", position, POSITIONS)
    check_choice("parameters", parameters, PARAMETERS)
    check_choice("variation", variation, VARIATIONS)
    of_pixels = {
        "blur": check_number("blur", blur),
        "small_norm": check_number("small_norm", small_norm, high=100.0),
        "small_contribution": check_number("small_contribution", small_contribution, high=100.0),
    }
    for name, value in of_pixels.items():
        if parameters == "fourier" and value:
            raise ValueError(
                f"{name} must be 0 for a spectrum, which has no pixels; received {value!r}. "
                "Choose parameters='pixels'."
            )
    kind = Pixels(*of_pixels.values()) if parameters == "pixels" else Fourier()
    check_number("scale", scale, high=0.9)
    check_number("rotation", rotation, high=180.0)
    more = check_callables("regularizers", regularizers)
    check_callables("callback", callback)
    weights = check_number("l2", l2), check_number("total_variation", total_variation)
    penalties = Penalties(*weights, variation, more)

    if layer is None and units is None:
        if diversity:
            raise ValueError(
                "diversity must be 0 for classes, since pictures are compared at a layer; "
                f"received {diversity!r}. Choose layer and units."
            )
        goal, numbers = _classes(model, graph, target, pictures, preprocessing)
    elif target is None:
        node = select_layer(graph, layer)
        view = view_of(model, graph, [node.name], preprocessing)
        goal = Units(view, position, pictures, float(diversity))
        numbers = np.repeat(_check_units(units, node), pictures).astype("int32")
    else:
        raise ValueError("target must be None where layer or units are given; received both.")

    *own, channels = input_shape(model, goal.view)
    size = check_shape("size", size, own)
    shapes = check_size(model, graph, goal.view, size)
    jitter = min(size) // 16 if jitter is None else check_count("jitter", jitter, least=0)
    moves = Moves(jitter, float(scale), float(rotation))
    # The user's own functions see all pictures at once.
    whole = len(numbers) if more or goal.needs_all else None
    by = batches(shapes, batch_size)
    if diversity:
        size_of_units = -(-by.size // pictures) * pictures
        by = Batches(size_of_units, alone=by.alone and size_of_units == 1)
    by = Batches(whole, alone=True) if whole else by
    known = whole or (1 if by.alone else None)

    @cache
    def compile_step(call: Callable) -> Callable:
        def objective(graph: Graph, point: object, matrices: object, numbers: object) -> object:
            images = kind.pictures(point)
            seen = moves(images, matrices) if moves else images
            if whole == 1:  # has a copy beside it, of which the user's functions know nothing
                seen, numbers = (ops.repeat(x, 2, axis=0) for x in (seen, numbers))
            scores = goal(graph, seen, numbers, call)[:whole]
            return ops.stack([scores, -penalties(images)])

        key = ("maximize_activation", goal, kind, penalties, bool(moves), call.__name__)
        arguments = [start, matrices[:, 0], numbers]
        return gradient_of(model, graph, key, objective, arguments, batch=known)

    # A generator for each picture, so that it does not depend on the others.
    rngs = [np.random.default_rng([seed, n, i % pictures]) for i, n in enumerate(numbers)]
    start = kind.start(np.stack([rng.standard_normal((*size, channels)) for rng in rngs]))
    matrices = np.stack([moves.draw(rng, steps + 1, size) for rng in rngs])
    step_of = compile_step(run_fast)

    def gradient(point: object, step: int) -> tuple[object, object]:
        now = (point, matrices[:, step], numbers)
        values, slope = in_batches_of(by, step_of, now)
        if step <= RESCUE_STEPS:
            axes = tuple(range(1, len(slope.shape)))
            # A silent unit has the score 0, and no gradient but that of penalties.
            silent = ops.logical_or(ops.all(slope == 0, axis=axes), values[0] == 0)
            if ops.any(silent):  # rare, and so compiled only now
                _values, pulled = in_batches_of(by, compile_step(redirected), now)
                slope = ops.where(ops.expand_dims(silent, axes), pulled, slope)
        return values, slope

    with progress("maximize_activation", steps, verbose) as advance:

        def watch(step: int, point: object, values: object) -> None:
            advance()
            if callback is not None:
                images = ops.convert_to_numpy(kind.pictures(point))
                callback(step, images, ops.convert_to_numpy(values[0]))

        rule = Adam(float(learning_rate))
        point = ascend(gradient, start, rule, steps, project=kind.project, watch=watch)
    return ops.convert_to_numpy(kind.pictures(point))


@dataclass(frozen=True)
class Units:
    """How strongly units of a layer respond.

    Attributes:
        view: up to the layer.
        position: "all" or "center".
        pictures: how many that follow each other are of one unit.
        diversity: weight of what keeps them apart.
    """

    view: View
    position: str
    pictures: int
    diversity: float
    needs_all = False  # pictures at once

    def __call__(self, graph: Graph, images: object, units: object, call: Callable) -> object:
        """Scores (N,) of pictures (N, H, W, C), each for its own of `units` (N,)."""
        target, whole = graph.node(self.view.layers[0]), []
        # Of a softmax or sigmoid, what enters it, as for classes.
        last = without_activation if squashing(target.operation) else call

        def call_some(node: Node, args: tuple, kwargs: dict) -> object:
            if node is not target:
                return call(node, args, kwargs)
            if self.diversity:
                whole.append(ops.cast(run(node, args, kwargs), "float32"))
            return some_units(last, node, args, kwargs, units)

        (maps,) = self.view(graph, images, call_some)
        scores = self._own(maps)
        return scores - self.diversity * similarity(whole[0], self.pictures) if whole else scores

    def _own(self, maps: object) -> object:
        """(N, h, w, N) -> (N,): of each picture the map of its own unit, as one number."""
        if self.position == "center":
            for _ in maps.shape[1:-1]:
                maps = maps[:, maps.shape[1] // 2]
        else:
            maps = ops.mean(maps, axis=tuple(range(1, len(maps.shape) - 1)))
        return ops.diagonal(maps)


@dataclass(frozen=True)
class Classes:
    """The logits of classes, or the scores that a callable gives for a number of pictures."""

    view: View
    score: Callable | None
    pictures: int = 0

    @property
    def needs_all(self) -> bool:
        """Whether all pictures must be seen at once."""
        return self.score is not None

    def __call__(self, graph: Graph, images: object, classes: object, call: Callable) -> object:
        """Scores (N,) of pictures (N, H, W, C), each for its own of `classes` (N,)."""
        inputs = self.view.inputs_for(images)
        if self.score is None:
            return scores_at(graph, inputs, classes, call=call)[1]
        logits = logits_at(graph, inputs, call=call)[1]
        return called(graph, self.score, [each[: self.pictures] for each in logits], self.pictures)


def similarity(maps: object, pictures: int) -> object:
    """How alike the pictures of one unit are, by the correlations G of a layer's channels.

    Σ_{b≠a} vec(G_a)·vec(G_b) / (‖vec(G_a)‖ ‖vec(G_b)‖), Olah et al. 2017, "Diversity".

    Args:
        maps: (N, h, w, K).
        pictures: how many that follow each other are of one unit.

    Returns:
        (N,): of each picture with the others of its unit.
    """
    channels = maps.shape[-1]
    rows = ops.reshape(maps, (-1, int(np.prod(maps.shape[1:-1])), channels))
    gram = ops.reshape(ops.matmul(ops.transpose(rows, (0, 2, 1)), rows), (-1, channels**2))
    unit = ops.reshape(ops.normalize(gram, axis=-1), (-1, pictures, channels**2))
    cosines = ops.matmul(unit, ops.transpose(unit, (0, 2, 1)))
    return ops.reshape(ops.sum(cosines, axis=-1) - 1, (-1,))  # each with itself is 1


def _classes(
    model: keras.Model,
    graph: Graph,
    target: Target,
    pictures: int,
    preprocessing: Callable | str | None,
) -> tuple[Classes, np.ndarray]:
    """The goal, and the class of each picture."""
    outputs = [graph.maker(key).name for key in graph.outputs]
    view = view_of(model, graph, outputs, preprocessing)
    target = read_scores(target, graph)
    if target is None:
        target = np.arange(classes_of(graph))
    if callable(target):
        return Classes(view, target, pictures), np.zeros(pictures, "int32")
    numbers, _ = check_target(target, max(1, np.size(target)), graph)
    return Classes(view, None), np.repeat(numbers, pictures)


def _check_units(units: int | Sequence[int] | None, node: Node) -> np.ndarray:
    """Indices of channels.

    Raises:
        TypeError: no whole numbers.
        ValueError: none, or one out of range.
    """
    channels = node.shapes[0][-1]
    if units is None:
        return np.arange(channels)
    indices = np.atleast_1d(np.asarray(units))
    if indices.size and (indices.dtype.kind not in "iu" or indices.ndim > 1):
        raise TypeError(
            f"units must be a channel's index, a list of them, or None for all; received {units!r}."
        )
    wrong = indices[(indices < 0) | (indices >= channels)]
    if len(wrong) or not len(indices):
        raise ValueError(
            f"units must be from 0 to {channels - 1}, the channels of {node.name!r}; "
            f"received {wrong[0] if len(wrong) else 'none'}."
        )
    return indices
