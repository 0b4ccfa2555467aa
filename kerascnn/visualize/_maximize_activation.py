"""Activation maximisation: pictures that a unit or a class responds to most.

Erhan et al. 2009; Simonyan et al. 2013, arXiv:1312.6034, section 2; Yosinski et al. 2015,
arXiv:1506.06579; Olah et al. 2017, "Feature Visualization", doi:10.23915/distill.00007.
"""

from collections.abc import Callable, Sequence
from functools import cache
from zlib import crc32

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_callables, check_choice, check_count, check_number
from kerascnn._graph import Graph, Node
from kerascnn._heads import classes_of, is_binary
from kerascnn._progress import progress

from ._engine.ascent import Adam, ascend
from ._engine.axes import graph_of
from ._engine.goals import POSITIONS, Classes, Goal, Sums, Units, read_goals
from ._engine.image_parameters import PARAMETERS, Fourier, Pixels
from ._engine.layers import LayerLike, select_layer
from ._engine.picture_arguments import check_shape
from ._engine.regularizers import Penalties
from ._engine.rescue import redirected
from ._engine.targets import Target, check_target, read_scores
from ._engine.transforms import Moves
from ._engine.view import (
    Batches,
    batches,
    check_size,
    gradient_of,
    in_batches_of,
    input_shape,
    view_of,
)
from ._fast.convolutions import run_fast

RESCUE_STEPS = 16  # for how long images without a gradient get a redirected one (lucid)
STILL = Moves(0, 0, 0)


def maximize_activation(
    model: keras.Model,
    target: Target | Goal | Sequence[Goal] = None,
    layer: LayerLike = None,
    *,
    units: int | Sequence[int] | None = None,
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
    """Generate the images that units of a layer, or classes, respond to most, from noise.

    All units are computed together: `maximize_activation(model, layer="block3_conv1",
    units=range(64))`, and classes by `maximize_activation(model, target=[7, 3])`. Only the part
    of the network that leads to the layer runs, and of a convolution only the units that are
    wanted. What excites a unit most is not all that it responds to: `pictures` and `diversity`
    show more of it, and `top_patches` shows real images.

    Args:
        model: any functional or sequential `keras.Model` that takes one image.
        target: classes, by their logits: an index, several, or a callable from the logits
            (N, classes) to scores (N,), tf-keras-vis's `Score` objects included; or a weighted sum
            of units and classes, such as `0.5 * unit("block3_conv1", 4) + klass(281)`, or a list
            of such sums. `None`, where no layer is given either: all classes.
        layer: a layer or its name, instead of a target.
        units: which of the layer's channels; `None`: all.
        position: "all", the mean over the unit's map, or "center", the neuron in its middle.
        pictures: how many for each unit, class or sum, from different noise.
        diversity: weight of a term that keeps the images of one unit apart: their cosine
            similarity in the correlations of the layer's channels (Olah et al., "Diversity").
        size: height and width in pixels; `None`: the model's own, 128x128 where that is free.
        steps: of Adam, a forward and a backward pass each.
        learning_rate: of Adam.
        parameters: what is optimised: "fourier", the spectrum of decorrelated colours, or
            "pixels"; `Pixels(blur=..., small_norm=..., small_contribution=...)` has options.
        moves: how far each look is moved at random, `Moves(jitter, scale, rotation)`; `None`: not
            at all.
        penalties: `Penalties(l2=..., total_variation=...)`, or callables from images (N, H, W, C)
            in [0, 1] to (N,), such as tf-keras-vis's regularizers.
        preprocessing: function from RGB in [0, 1] to the model's input, such as
            `kerascnn.weights.preprocessing(...)` or a keras.applications `preprocess_input`; or
            the model's input range, "0-1" or "0-255". `None`: [0, 1], or 0 … 255 if the model
            begins with a layer that rescales this range.
        seed: of noise and moves. A unit has its own: its image is the same, to rounding,
            whatever else is computed in the call.
        batch_size: images that are computed at once; `None`: as many as are fast.
        callback: `callback(step, images, scores)` after each step, with NumPy arrays; the
            scores are those before the step.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W, C) float32 in [0, 1]; those of one unit, class or sum follow each other.

    Raises:
        TypeError, ValueError: if arguments do not fit the model or each other.

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
                "diversity must be 0 for classes, since pictures are compared at a layer; "
                f"received {diversity!r}. Choose layer and units."
            )
        goal, numbers, own_seeds = _goal(model, graph, target, pictures, preprocessing)
    elif target is None:
        node = select_layer(graph, layer)
        view = view_of(model, graph, [node.name], preprocessing)
        goal = Units(view, position, pictures, float(diversity))
        numbers = own_seeds = np.repeat(_check_units(units, node), pictures).astype("int32")
    else:
        raise ValueError("target must be None where layer or units are given; received both.")

    *own, channels = input_shape(model, goal.view)
    size = check_shape("size", size, own)
    shapes = check_size(model, graph, goal.view, size)
    moves = (moves or STILL).of_size(size)
    # The user's own functions see all images at once.
    whole = len(numbers) if penalties.more or goal.needs_all else None
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

    # A generator for each image, so that it does not depend on the others.
    rngs = [np.random.default_rng([seed, n, i % pictures]) for i, n in enumerate(own_seeds)]
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


def _kind(parameters: str | Fourier | Pixels) -> Fourier | Pixels:
    """What is optimised.

    Raises:
        ValueError: another name or object.
    """
    if isinstance(parameters, Fourier | Pixels):
        return parameters
    check_choice("parameters", parameters, PARAMETERS)
    return PARAMETERS[parameters]()


def _penalties(given: Penalties | Callable | Sequence[Callable]) -> Penalties:
    """The penalties, with those of the user.

    Raises:
        TypeError: something that cannot be called.
    """
    if isinstance(given, Penalties):
        return given
    return Penalties(more=check_callables("penalties", given))


def _goal(
    model: keras.Model,
    graph: Graph,
    target: Target | Goal | Sequence[Goal],
    pictures: int,
    preprocessing: Callable | str | None,
) -> tuple[Classes | Sums, np.ndarray, np.ndarray]:
    """The goal, and for each image the number of its class or its sum, and its own seed."""
    outputs = [graph.maker(key).name for key in graph.outputs]
    several = isinstance(target, list | tuple) and target
    if isinstance(target, Goal) or (several and all(isinstance(t, Goal) for t in target)):
        terms = [term for goal in (target if several else [target]) for _w, term in goal.terms]
        of_classes = any(term.layer is None for term in terms)
        sums = read_goals(target, graph, classes_of(graph) if of_classes else None)
        layers = dict.fromkeys(name for terms in sums for _w, name, _i, _p in terms if name)
        seen = dict.fromkeys([*layers, *(outputs if of_classes else ())])
        view = view_of(model, graph, list(seen), preprocessing)
        numbers = np.repeat(np.arange(len(sums)), pictures).astype("int32")
        seeds = np.repeat([crc32(repr(terms).encode()) for terms in sums], pictures)
        return Sums(view, sums, of_classes and is_binary(graph)), numbers, seeds
    view = view_of(model, graph, outputs, preprocessing)
    target = read_scores(target, graph)
    if target is None:
        target = np.arange(classes_of(graph))
    if callable(target):
        zeros = np.zeros(pictures, "int32")
        return Classes(view, target, pictures), zeros, zeros
    numbers, _ = check_target(target, max(1, np.size(target)), graph)
    numbers = np.repeat(numbers, pictures)
    return Classes(view, None), numbers, numbers


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
