"""DeepLIFT with the rescale rule (Shrikumar et al. 2017, arXiv:1704.02685)."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import ops

from kerascnn._graph import Graph, Key, Node, Tensor, masked_in
from kerascnn._heads import last_function, without_activation

from ._engine.answers import with_predicted_classes
from ._engine.backward import Forward, add, at_source, pulled
from ._engine.batches import in_batches
from ._engine.contributions import Contributions, check_baseline, contributions
from ._engine.images import Images, is_kept
from ._engine.kinds import activates, depends_on_others
from ._engine.question import ask
from ._engine.route import Route
from ._engine.scores import asked
from ._engine.tape import pulled_back
from ._engine.targets import Target

KINDS = ("weights", "elementwise", "copies", "sums", "maximum")
ONLY_TO_LEARN = keras.layers.BatchNormalization  # uses a mask only in training
NEAR = 1e-6  # a smaller difference is rounding, and the gradient is used instead of a quotient


def deep_lift(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    baseline: np.ndarray | Sequence[np.ndarray | float | None] | float | None = None,
    batch_size: int = 8,
    verbose: bool | str = "auto",
) -> Contributions:
    """Distribute the difference in a class's score between an image and a baseline over the pixels.

    As the gradient, except that the slope of each activation y = f(z) is the quotient of the
    differences from the baseline, Δy / Δz, instead of the derivative: a saturated unit still passes
    on what it contributes. The contributions sum to the difference in score, in one backward pass.

    Limitations: the result depends on the baseline, as for `integrated_gradients`. Attention,
    recurrent and custom layers, layers that use a mask, products of tensors and normalization by
    the activations are rejected.

    Args:
        model: any functional or sequential `keras.Model` whose layers have a rule.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: as for `saliency`; `None`: the predicted class.
        baseline: as for `integrated_gradients`; `None`: 0.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        `Contributions` with `attributions`, (N, H, W, C) float32, signed, and `gap`, (N,), the
        difference between their sum and S(x) − S(x′).

    Raises:
        TypeError, ValueError: If images, target or baseline do not fit, or if there is no rule for
            a layer.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> result = kc.visualize.deep_lift(model, np.eye(28)[None, :, :, None], target=7)
    >>> result.attributions.shape, bool(abs(result.gap[0]) < 1e-3)
    ((1, 28, 28, 1), True)
    """
    question = ask(model, images, target)
    baselines = check_baseline(model, baseline, question.images)
    graph = asked(question.graph, question.score)
    route = Route(graph, _changing(graph, question.images))
    masks = {key for node in route.nodes if node.boolean for key in node.outputs}
    carrying = masked_in(graph.nodes)
    for node in route.nodes:
        masked = not node.boolean and not masks.isdisjoint(node.inputs)
        if getattr(node.operation, "_call_has_mask_arg", False):
            masked = masked or not carrying.isdisjoint(node.inputs)
        if depends_on_others(node) or (masked and not isinstance(node.operation, ONLY_TO_LEARN)):
            route.kinds[node.name] = None
    route.check("DeepLIFT", KINDS, "Use integrated_gradients, which takes any layer.")
    question = with_predicted_classes(question, batch_size)
    count, score = len(baselines), question.score

    def step(graph: Graph, *tensors: Tensor) -> list:
        *given, classes = tensors
        return contributions_of(graph, given[:count], given[count:], classes, score)

    arrays = [*question.images, *baselines, question.classes]
    compiled = question.step(("deep_lift",), step, arrays)
    differences, *found = in_batches(compiled, arrays, question.at_once(batch_size), verbose)
    return contributions(model, found, differences)  # Eq. 1: summation to delta


def contributions_of(
    graph: Graph,
    inputs: Sequence[Tensor],
    baselines: Sequence[Tensor],
    classes: Tensor,
    score: Callable | None,
) -> list[Tensor]:
    """Compute S(x) − S(x′), (N,), and the contributions of each input to it."""
    graph = asked(graph, score)
    route = Route(graph, _changing(graph, inputs))
    of_image, of_start = (
        Forward.of(route, values, classes, score) for values in (inputs, baselines)
    )
    multipliers: dict[Key, Tensor] = {}
    for key, slope in zip(graph.outputs, of_image.slopes, strict=True):
        add(multipliers, key, slope)
    for node in reversed(route.nodes):
        given = [multipliers.get(key) for key in node.outputs]
        if any(m is not None for m in given):
            for key, m in _multipliers(of_image, of_start, node, given).items():
                add(multipliers, key, m)
    return [
        of_image.scores - of_start.scores,
        *(
            at_source(multipliers, of_image.values, key)
            * (_difference(of_image, of_start, key) if key in route.sources else 0.0)
            for key in graph.inputs  # Eq. 2: C = m Δx
        ),
    ]


def _changing(graph: Graph, inputs: Sequence) -> list[Key]:
    """List the inputs of floats: the others are kept as they are, and so is what they lead to."""
    return [key for key, x in zip(graph.inputs, inputs, strict=True) if not is_kept(x)]


def _multipliers(
    image: Forward, start: Forward, node: Node, given: list[Tensor | None]
) -> dict[Key, Tensor]:
    """Pass multipliers back through a node: Eq. 3, the chain rule."""
    route, key, m = image.route, node.inputs[0], given[0]
    if route.kinds[node.name] == "maximum":
        return {key: _of_maximum(image, start, node, m)}
    if route.kinds[node.name] == "weights":
        if node.name in image.before and node.name not in route.heads:
            z, z0 = image.before[node.name], start.before[node.name]
            slope = pulled_back(last_function(node.operation), [z], m)[0]
            m = _rescaled(m, slope, z - z0, _difference(image, start, node.outputs[0]))
        return pulled(node, image.values, [m], without_activation)
    if node.name in route.heads:
        return {key: m}
    slopes = pulled(node, image.values, given)
    if activates(node):
        changes = (_difference(image, start, k) for k in (key, node.outputs[0]))
        return {key: _rescaled(m, slopes[key], *changes)}
    return slopes


def _rescaled(m: Tensor, slope: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
    """Multiply by Δy / Δx, the rescale rule, section 3.5.2; by the derivative where Δx is 0."""
    near = ops.abs(dx) < NEAR
    return ops.where(near, slope, m * dy / ops.where(near, 1, dx))


def _of_maximum(image: Forward, start: Forward, node: Node, m: Tensor) -> Tensor:
    """Pass multipliers through max-pooling, so that the contributions sum to the difference.

    With y the maximum for the image, y′ that for the baseline, and c the larger of both, the place
    of the image's maximum contributes c − y′, and that of the baseline's y − c, as in DeepSHAP.
    """
    key = node.inputs[0]
    y, y0 = (forward.values[node.outputs[0]] for forward in (image, start))
    larger = ops.maximum(y, y0)
    of_image = pulled(node, image.values, [m * (larger - y0)])[key]
    of_start = pulled(node, start.values, [m * (y - larger)])[key]
    slope = pulled(node, image.values, [m])[key]
    dx = _difference(image, start, key)
    near = ops.abs(dx) < NEAR
    return ops.where(near, slope, (of_image + of_start) / ops.where(near, 1, dx))


def _difference(image: Forward, start: Forward, key: Key) -> Tensor:
    return image.values[key] - start.values[key]
