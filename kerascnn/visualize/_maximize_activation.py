"""Activation maximization: images that excite a unit or a class most.

Erhan et al. 2009; Simonyan et al. 2013, arXiv:1312.6034, section 2; Yosinski et al. 2015,
arXiv:1506.06579; Olah et al. 2017, "Feature Visualization", doi:10.23915/distill.00007.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any
from zlib import crc32

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_callables, check_choice, check_count, check_number
from kerascnn._graph import Graph, Node, Tensor
from kerascnn._heads import is_binary, known_classes_of
from kerascnn._progress import progress

from ._engine.ascent import Adam, ascend
from ._engine.axes import graph_of
from ._engine.goals import POSITIONS, Classes, Goal, Sums, Units, read_goals
from ._engine.image_parameters import PARAMETERS, Fourier, Pixels
from ._engine.layers import LayerLike, count_units, select_layer
from ._engine.picture_arguments import check_shape
from ._engine.regularizers import Penalties
from ._engine.silent_units import redirected
from ._engine.targets import Target, check_target, read_scores
from ._engine.transforms import Moves
from ._engine.trunk import (
    Batches,
    batches,
    check_size,
    gradient_of,
    in_batches_of,
    input_shape,
    trunk_of,
)
from ._fast.convolutions import run_fast

RESCUE_STEPS = 16  # during which images without a gradient get a redirected one (lucid)
STILL = Moves(0, 0, 0)


def maximize_activation(
    model: keras.Model,
    target: Target | Goal | Sequence[Goal] = None,
    layer: LayerLike = None,
    *,
    units: int | Sequence[int] | np.ndarray | None = None,
    position: str = "all",
    pictures: int = 1,
    diversity: float = 0.0,
    size: int | tuple[int, int] | None = None,
    steps: int = 128,
    learning_rate: float = 0.05,
    parameters: str | Fourier | Pixels = "fourier",
    moves: Moves | None = Moves(),  # noqa: B008 - frozen
    penalties: Penalties | Callable | Sequence[Callable] = (),
    preprocessing: Callable | str | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    callback: Callable | None = None,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Generate images, from noise, that maximize the activation of units or classes.

    All units are computed together, such as `maximize_activation(model, layer="block3_conv1",
    units=range(64))`, and so are classes, such as `maximize_activation(model, target=[7, 3])`. The
    network runs only up to the layer, and a convolution computes only the given units.

    Limitations: a unit may also respond to patterns other than the one that excites it most. Use
    `pictures` and `diversity` to see more of them, and `top_patches` to see real images.

    Args:
        model: any functional or sequential `keras.Model` with one image input.
        target: classes, by their logits: an index, a list of indices, or a callable from the logits
            (N, classes) to scores (N,), such as a tf-keras-vis `Score`. Or a weighted sum of units
            and classes, such as `0.5 * unit("block3_conv1", 4) + klass(281)`, or a list of such
            sums. `None` if `layer` is given; if neither is given: all classes.
        layer: a layer or its name, instead of a target.
        units: channel index or indices of the layer; `None`: all.
        position: "all", the mean over the unit's feature map, or "center", its central neuron.
        pictures: number of images per unit, class or sum, each from different noise.
        diversity: weight of a penalty on similar images of the same unit: the cosine similarity of
            the correlations between the layer's channels (Olah et al. 2017, "Diversity").
        size: height and width in pixels; `None`: the model's input size, or 128x128 if it is
            variable.
        steps: number of steps of Adam; each takes a forward and a backward pass.
        learning_rate: learning rate of Adam.
        parameters: parameters to optimize: "fourier", the spectrum of decorrelated colors,
            "pixels", or `Pixels(blur=..., small_norm=..., small_contribution=...)` for options.
        moves: limits of the random transformation before each step, as
            `Moves(jitter, scale, rotation)`; `None`: no transformation.
        penalties: `Penalties(l2=..., total_variation=...)`, or callables from images (N, H, W, C)
            in [0, 1] to (N,), such as tf-keras-vis regularizers.
        preprocessing: function from RGB in [0, 1] to the model's input, such as
            `kerascnn.weights.preprocessing(...)` or a keras.applications `preprocess_input`; or
            the model's input range, "0-1" or "0-255". `None`: [0, 1], or 0 … 255 if the model
            begins with a layer that rescales this range.
        seed: seed of noise and moves. The image of a unit is the same, up to rounding, regardless
            of what else is computed in the call.
        batch_size: number of images per batch; `None`: chosen for speed.
        callback: called as `callback(step, images, scores)` after each step, with NumPy arrays;
            the scores are those before the step.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W, C) float32 in [0, 1]; images of the same unit, class or sum are adjacent.

    Raises:
        TypeError, ValueError: If arguments do not fit the model or each other.

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
    check_callables("callback", callback)
    kind = _kind(parameters)
    penalties = _penalties(penalties)
    if moves is not None and not isinstance(moves, Moves):
        raise TypeError(
            f"moves must be None or Moves(jitter, scale, rotation); received {moves!r}."
        )

    if layer is None and units is None:
        if diversity:
            raise ValueError(
                "diversity must be 0 for classes, since images are compared at a layer; "
                f"received {diversity!r}. Set layer and units instead."
            )
        goal, numbers, own_seeds = goal_of(model, graph, target, pictures, preprocessing)
    elif target is None:
        node = select_layer(graph, layer)
        trunk = trunk_of(model, graph, [node.name], preprocessing)
        goal = Units(trunk, position, pictures, float(diversity))
        numbers = own_seeds = np.repeat(check_units(units, node), pictures).astype("int32")
    else:
        raise ValueError("target must be None if layer or units are given; received both.")

    *own, channels = input_shape(model, goal.trunk)
    sides = check_shape("size", size, own)
    shapes = check_size(model, graph, goal.trunk, sides)
    moves = (moves or STILL).of_size(sides)
    # User-defined functions take all images at once.
    whole = len(numbers) if penalties.more or goal.needs_all else None
    by = batches(shapes, batch_size)
    if diversity:
        size_of_units = -(-by.size // pictures) * pictures
        by = Batches(size_of_units, alone=by.alone and size_of_units == 1)
    by = Batches(whole, alone=True) if whole else by
    known = whole or (1 if by.alone else None)

    @cache
    def compile_step(call: Callable) -> Callable:
        def objective(graph: Graph, point: Tensor, matrices: Tensor, numbers: Tensor) -> Tensor:
            images = kind.pictures(point)
            seen = moves(images, matrices) if moves else images
            if whole == 1:  # add a copy, which user-defined functions do not see
                seen, numbers = (ops.repeat(x, 2, axis=0) for x in (seen, numbers))
            scores = goal(graph, seen, numbers, call)[:whole]
            return ops.stack([scores, -penalties(images)])

        key = ("maximize_activation", goal, kind, penalties, bool(moves), call.__name__)
        arguments = [start, matrices[:, 0], numbers]
        return gradient_of(model, graph, key, objective, arguments, batch=known)

    # One generator per image, so that images do not depend on each other.
    rngs = [np.random.default_rng([seed, n, i % pictures]) for i, n in enumerate(own_seeds)]
    start = kind.start(np.stack([rng.standard_normal((*sides, channels)) for rng in rngs]))
    matrices = np.stack([moves.draw(rng, steps + 1, sides) for rng in rngs])
    step_of = compile_step(run_fast)

    def gradient(point: Tensor, step: int) -> tuple[Tensor, Tensor]:
        now = (point, matrices[:, step], numbers)
        values, slope = in_batches_of(by, step_of, now)
        if step <= RESCUE_STEPS:
            axes = tuple(range(1, len(slope.shape)))
            # A silent unit has a score of 0 and no gradient except that of the penalties.
            silent = ops.logical_or(ops.all(slope == 0, axis=axes), values[0] == 0)
            if ops.any(silent):  # rare, so compiled on demand
                _values, pulled = in_batches_of(by, compile_step(redirected), now)
                slope = ops.where(ops.expand_dims(silent, axes), pulled, slope)
        return values, slope

    with progress("maximize_activation", steps, verbose) as advance:

        def watch(step: int, point: Tensor, values: Tensor) -> None:
            advance()
            if callback is not None:
                images = ops.convert_to_numpy(kind.pictures(point))
                callback(step, images, ops.convert_to_numpy(values[0]))

        rule = Adam(float(learning_rate))
        point = ascend(gradient, start, rule, steps, project=kind.project, watch=watch)
    return ops.convert_to_numpy(kind.pictures(point))


def _kind(parameters: str | Fourier | Pixels) -> Fourier | Pixels:
    """Return the parameters to optimize.

    Raises:
        ValueError: If the name or object is unknown.
    """
    if isinstance(parameters, Fourier | Pixels):
        return parameters
    check_choice("parameters", parameters, PARAMETERS)
    return PARAMETERS[parameters]()


def _penalties(given: Penalties | Callable | Sequence[Callable]) -> Penalties:
    """Return the penalties, including user-defined ones.

    Raises:
        TypeError: If one is not callable.
    """
    if isinstance(given, Penalties):
        return given
    return Penalties(more=check_callables("penalties", given))


def goal_of(
    model: keras.Model,
    graph: Graph,
    target: Any,
    pictures: int,
    preprocessing: Callable | str | None,
) -> tuple[Classes | Sums, np.ndarray, np.ndarray]:
    """Return the goal, and for each image the index of its class or sum, and its seed."""
    outputs = [graph.maker(key).name for key in graph.outputs]
    several: list[Any] = list(target) if isinstance(target, list | tuple) else [target]
    goals = [each for each in several if isinstance(each, Goal)]
    if goals and len(goals) == len(several):
        of_classes = any(term.layer is None for goal in goals for _w, term in goal.terms)
        sums = read_goals(goals, graph, known_classes_of(graph) if of_classes else 0)
        layers = dict.fromkeys(name for terms in sums for _w, name, _i, _p in terms if name)
        seen = dict.fromkeys([*layers, *(outputs if of_classes else ())])
        trunk = trunk_of(model, graph, list(seen), preprocessing)
        numbers = np.repeat(np.arange(len(sums)), pictures).astype("int32")
        seeds = np.repeat([_seed_of(terms) for terms in sums], pictures)
        return Sums(trunk, sums, of_classes and is_binary(graph)), numbers, seeds
    trunk = trunk_of(model, graph, outputs, preprocessing)
    read: Any = read_scores(target, graph)
    if read is None:
        read = np.arange(known_classes_of(graph))
    if callable(read):
        zeros = np.zeros(pictures, "int32")
        return Classes(trunk, read, pictures), zeros, zeros
    numbers, _ = check_target(read, max(1, np.size(read)), graph)
    numbers = np.repeat(numbers, pictures)
    return Classes(trunk, None), numbers, numbers


def _seed_of(terms: Sequence[tuple]) -> int:
    """Return the seed of a sum: of a unit or class alone, that which it has as `units` or index."""
    if len(terms) == 1 and terms[0][0] == 1:
        return terms[0][2]
    return crc32(repr(terms).encode())


def check_units(units: int | Sequence[int] | np.ndarray | None, node: Node) -> np.ndarray:
    """Return channel indices.

    Raises:
        TypeError: If they are not whole numbers.
        ValueError: If there are none, or one is out of range.
    """
    channels = count_units(node)
    if units is None:
        return np.arange(channels)
    indices = np.atleast_1d(np.asarray(units))
    if indices.size and (indices.dtype.kind not in "iu" or indices.ndim > 1):
        raise TypeError(
            f"units must be a channel index, a list of them, or None for all; received {units!r}."
        )
    wrong = indices[(indices < 0) | (indices >= channels)]
    if len(wrong) or not len(indices):
        raise ValueError(
            f"units must be from 0 to {channels - 1}, the channels of {node.name!r}; "
            f"received {wrong[0] if len(wrong) else 'none'}."
        )
    return indices
