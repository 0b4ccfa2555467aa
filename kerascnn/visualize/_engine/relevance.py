"""Propagate relevance from the score of a model back to its input, node by node.

The rules of layers with weights are arguments; those of all other nodes are here. Batch
normalization is merged into the layer with weights before it. Where there is none, it passes
relevance unchanged, as activations do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import keras
from keras import ops

from kerascnn._graph import Graph, Key, Node, Tensor, run

from .affine import SINGLE, affine_of, scale_and_shift
from .backward import Forward, add, at_source, is_float, is_integer, pulled
from .kinds import signal_of
from .route import Route
from .scores import asked

KINDS = (
    "weights", "elementwise", "copies", "sums", "centers", "maximum", "gate", "embedding",
)  # fmt: skip
STABILIZER = 1e-6  # keeps quotients finite where a sum is 0, as in Zennit


@dataclass(frozen=True)
class Known:
    """What is known of a layer's input a and output z, so that rules need not compute it.

    Attributes:
        positive: whether no input is below 0.
        only_positive: whether relevance is 0 wherever z is not positive.
        bounds: lowest and highest values of the input, in its shape; only for first layers.
        present: 1 where the input can have relevance, 0 where a layer before it has put zeros
            around an image; only for rules that distribute relevance to inputs of 0.
    """

    positive: bool = False
    only_positive: bool = False
    bounds: tuple[Tensor, Tensor] | None = None
    present: Tensor | None = None


def away_from_zero(z: Tensor, epsilon: float = STABILIZER) -> Tensor:
    """Return z + ε · sign(z), where the sign of 0 is +1."""
    return ops.where(z < 0, z - epsilon, z + epsilon)


def relevances(
    graph: Graph,
    inputs: Sequence[Tensor],
    classes: Tensor,
    score: Callable | None,
    rules: Mapping[str, Sequence[Callable]],
    *,
    at: Key | None = None,
    bounds: Sequence[Sequence[Tensor]] | None = None,
) -> tuple[Tensor, list[Tensor]]:
    """Compute the score, and its relevance at the inputs or at a layer's output.

    Args:
        graph: the model's graph.
        inputs: one tensor per input of the model.
        classes: (N,) int class indices.
        score: a callable target instead.
        rules: two rules of each node with weights, by name: that of the part that sees its input,
            and that of the parts behind it. A rule maps an `Affine`, its input a, its output z, the
            relevance of z and what is `Known` to the relevance of a.
        at: key of the tensor whose relevance is computed; `None`: all inputs.
        bounds: the lowest and the highest values of each input, for rules that need them.

    Returns:
        The scores (N,), and one relevance per input, or that of the layer.
    """
    graph = asked(graph, score)
    sources = graph.inputs if at is None else (at,)
    forward = Forward.of(Route(graph, sources), inputs, classes, score)
    relevance: dict[Key, Tensor] = {}
    for key, logit, slope in zip(graph.outputs, forward.logits, forward.slopes, strict=True):
        add(relevance, key, logit * slope)  # the score itself, if it is a logit
    boxes = _bounds_of_first(forward.route, rules, bounds)
    for node in reversed(forward.route.nodes):
        given = [relevance.get(key) for key in node.outputs]
        if any(R is not None for R in given):
            for key, share in _shares(forward, rules, boxes, node, given).items():
                add(relevance, key, share)
    return forward.scores, [at_source(relevance, forward.values, key) for key in sources]


def _bounds_of_first(
    route: Route,
    rules: Mapping[str, Sequence[Callable]],
    bounds: Sequence[Sequence[Tensor]] | None,
) -> dict[str, tuple[Tensor, Tensor]]:
    """Compute the lowest and highest input of each first layer that needs them, by its name."""
    if bounds is None:
        return {}
    nodes = [node for node in route.weighted() if rules[node.name][0].needs_bounds]
    keys = tuple(node.inputs[0] for node in nodes)
    both = [ops.concatenate(ends, axis=0) for ends in zip(*bounds, strict=True)]
    values = route.graph.evaluate(both, _run_in_order, until=keys)
    low, high = ({k: ops.cast(ops.split(values[k], 2)[i], SINGLE) for k in keys} for i in (0, 1))
    return {node.name: (low[k], high[k]) for node, k in zip(nodes, keys, strict=True)}


def _run_in_order(node: Node, args: tuple, kwargs: dict) -> Tensor:
    """Compute a node for the lowest and, behind them, the highest values; keep this order."""

    def in_order(values: Tensor) -> Tensor:
        if keras.backend.standardize_dtype(values.dtype) == "bool":  # a mask
            return values
        first, second = ops.split(values, 2)
        return ops.concatenate([ops.minimum(first, second), ops.maximum(first, second)])

    return keras.tree.map_structure(in_order, run(node, args, kwargs))


def _shares(
    forward: Forward,
    rules: Mapping[str, Sequence[Callable]],
    bounds: dict[str, tuple[Tensor, Tensor]],
    node: Node,
    given: list[Tensor | None],
) -> dict[Key, Tensor]:
    """Distribute the relevance of a node's outputs to its inputs."""
    route, values = forward.route, forward.values
    kind, R = route.kinds[node.name], given[0]
    if kind == "weights" or node.name in route.merges:
        own = route.merges.get(node.name, node)
        box = bounds.get(own.name)
        return {own.inputs[0]: _of_weights(forward, rules, box, own, node, R)}
    if kind == "elementwise":  # each input is all that its output depends on
        return {node.inputs[0]: R}
    if kind == "embedding":
        return {node.inputs[0]: ops.sum(R, axis=-1)}
    if kind == "gate":  # "signal takes all": Arras et al. 2017, arXiv:1706.07206
        signal = signal_of(route.graph, node)
        assert signal is not None  # it is what makes it a gate
        return {signal: R}
    if kind == "centers" and is_integer(values[node.inputs[0]]):
        raise ValueError(
            f"model must normalize floats; {node.name!r} receives integers, whose mean Keras "
            "rounds. Cast them with keras.ops.cast first."
        )
    values = _with_gradients(values, node.inputs)
    if kind in ("copies", "maximum"):  # the winner takes all
        return pulled(node, values, given)
    function = _centered if kind == "centers" else run
    y = keras.tree.flatten(function(node, *node.arguments(values)))[0]
    slopes = pulled(node, values, [R / away_from_zero(y)], function)
    # R_i = x_i Σ_k (∂y_k/∂x_i) R_k / y_k: in proportion to the summands
    return {key: values[key] * slope for key, slope in slopes.items()}


def _with_gradients(values: dict[Key, Tensor], keys: Sequence[Key]) -> dict[Key, Tensor]:
    """Convert values to floats if all of them are integers, through which no gradient flows."""
    if not all(is_integer(values[key]) for key in keys):
        return values
    return values | {key: ops.cast(values[key], SINGLE) for key in keys}


def _of_weights(
    forward: Forward,
    rules: Mapping[str, Sequence[Callable]],
    bounds: tuple[Tensor, Tensor] | None,
    node: Node,
    last: Node,
    R: Tensor,
) -> Tensor:
    """Apply the rule of a layer with weights; `last` is it, or the normalization merged into it."""
    route, values = forward.route, forward.values
    layers, key = affine_of(node.operation), node.inputs[0]
    z = forward.before.get(last.name, values[last.outputs[0]])
    if last is not node:
        layers[-1] = layers[-1].merged(*scale_and_shift(last.operation))
    blind = {name for name, (rule, _) in rules.items() if rule.reaches_zeros}
    outer, inner = rules[node.name]
    chain, a = [], ops.cast(values[key], SINGLE)
    for layer in layers[:-1]:
        chain.append((layer, a, layer(a, layer.kernel, layer.bias), Known()))
        a = chain[-1][2]
    chain.append((layers[-1], a, z, Known(only_positive=route.only_positive(last, blind))))
    layer, a, z, known = chain[0]
    present = _present(forward, key) if outer.reaches_zeros else None
    known = replace(known, positive=route.never_negative(key), bounds=bounds, present=present)
    chain[0] = layer, a, z, known
    for layer, a, z, known in reversed(chain[1:]):
        R = inner(layer, a, z, R, known)
    return outer(*chain[0][:3], R, chain[0][3])


def _present(forward: Forward, key: Key) -> Tensor:
    """Return 1 where a tensor has values of the image, and 0 where zeros were put around it."""
    node = forward.route.makers.get(key)
    if node is not None and forward.route.kinds[node.name] == "elementwise":
        return _present(forward, node.inputs[0])
    if node is None or forward.route.kinds[node.name] != "copies":
        return ops.ones_like(forward.values[key], SINGLE)
    before = {k: _present(forward, k) for k in node.inputs if is_float(forward.values[k])}
    args, kwargs = node.arguments(forward.values | before)
    return keras.tree.flatten(run(node, args, kwargs))[node.outputs.index(key)]


def _centered(node: Node, args: tuple, kwargs: dict) -> Tensor:
    """Compute a layer normalization whose standard deviation counts as a constant.

    Ali et al. 2022, arXiv:2202.07304, section 3.2, "LN-rule".
    """
    layer, x = node.operation, args[0]
    axes = [axis % len(x.shape) for axis in keras.tree.flatten(layer.axis)]
    mean, variance = ops.moments(x, axes=axes, keepdims=True)
    y = (x - mean) * ops.stop_gradient(ops.rsqrt(variance + layer.epsilon))
    shape = [n if i in axes else 1 for i, n in enumerate(x.shape)]
    if layer.scale:
        y = y * ops.reshape(layer.gamma, shape)
    return y + ops.reshape(layer.beta, shape) if layer.center else y
