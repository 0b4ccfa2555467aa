"""Which rule of relevance propagation each layer with weights gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import keras
import numpy as np

from kerascnn._graph import Node, Tensor

from .affine import Affine
from .kinds import keeps_order
from .question import Question
from .relevance import Known
from .route import Route, described

Bounds = Sequence[float | Sequence[float] | np.ndarray]
ROUNDING = 1e-3  # of preprocessing, relative to the distance of the bounds


class Rule:
    """How a layer with weights distributes the relevance of its outputs to its inputs."""

    reaches_zeros = False  # whether inputs of 0 can have relevance
    needs_bounds = False  # whether it needs the lowest and the highest value of the pixels

    def __call__(self, layer: Affine, a: Tensor, z: Tensor, R: Tensor, known: Known) -> Tensor:
        """Compute R_j from R_k."""
        raise NotImplementedError


@dataclass(frozen=True)
class Composite:
    """Rules by the type of a layer.

    Attributes:
        convolution: rule of convolutions.
        dense: rule of dense layers.
        first: rule of the first layer with weights, on each way from the input; `None`: as the
            others. Of a separable convolution, it is the rule of the depthwise part, which sees the
            pixels.
        layers: rules of some layers by name, before all others.

    Raises:
        TypeError: If one is not a rule.

    >>> import numpy as np, kerascnn as kc
    >>> from kerascnn.visualize import Composite, Epsilon, Flat, Gamma
    >>> model = kc.build_mlp(hidden=[4], input_shape=(5, 5, 1))
    >>> rules = Composite(convolution=Gamma(0.25), dense=Epsilon(0.1), first=Flat())
    >>> result = kc.visualize.lrp(model, np.ones((1, 5, 5, 1)), 3, composite=rules)
    >>> result.attributions.shape
    (1, 5, 5, 1)
    """

    convolution: Rule
    dense: Rule
    first: Rule | None = None
    layers: Mapping[str, Rule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rule in (self.convolution, self.dense, self.first or self.dense, *self.layers.values()):
            if not isinstance(rule, Rule):
                raise TypeError(
                    "rules must be Epsilon(), Gamma(), AlphaBeta(), ZBox(), WSquare() or Flat(); "
                    f"received {rule!r}."
                )


def rules_of(composite: Composite, route: Route) -> dict[str, tuple[Rule, Rule]]:
    """Return the rules of each layer with weights, by the name of its node.

    The first is for the part of the layer that sees its input, the second for the parts behind it,
    such as the pointwise part of a separable convolution.
    """
    of_pixels = not route.sources.isdisjoint(route.graph.inputs)
    first = route.first() if of_pixels else set()
    own: dict[str, Rule] = {}
    for name, rule in composite.layers.items():
        own.update({node.name: rule for node in route.graph.calls(name)})
    rules: dict[str, tuple[Rule, Rule]] = {}
    for node in route.weighted():
        rule = inner = composite.dense if _is_dense(node) else composite.convolution
        if node.name in first and composite.first is not None:
            rule = composite.first
        if node.name in own:
            rule = own[node.name]
            inner = inner if rule.needs_bounds else rule
        rules[node.name] = rule, inner
        if rule.needs_bounds and node.name not in first:
            raise ValueError(
                f"the rule ZBox must be that of a first layer, which sees pixels; {node.name!r} "
                "is none."
            )
        if rule.needs_bounds:
            _check_order(route, node)
    if unused := set(own) - set(rules):
        raise ValueError(
            f"layers, in a Composite, must name layers with weights; {sorted(unused)[0]!r} has "
            "none, or does not lead to the scores."
        )
    return rules


def _check_order(route: Route, node: Node) -> None:
    """Check that the bounds of the pixels give those of the input of a first layer."""
    for other in route.before(node.inputs[0]):
        if not keeps_order(other, route.kinds[other.name]):
            raise ValueError(
                f"layer {node.name!r} must not have the rule ZBox, since the bounds of its input "
                f"are unknown behind {other.name!r} ({described(other)}). Use a rule without "
                "bounds for it, such as Flat()."
            )


def _is_dense(node: Node) -> bool:
    return isinstance(node.operation, (keras.layers.Dense, keras.layers.EinsumDense))


def check_bounds(
    bounds: Bounds | None, question: Question, rules: Mapping[str, tuple[Rule, Rule]]
) -> list[np.ndarray]:
    """Return the lowest and the highest images, in the shape of the images, if a rule needs them.

    Raises:
        ValueError: If they are missing or do not fit.
    """
    if not any(rule.needs_bounds for rule, _ in rules.values()):
        return []
    if not isinstance(bounds, (tuple, list, np.ndarray)) or len(bounds) != 2:
        raise ValueError(
            "bounds must be the lowest and the highest value of a pixel in the range of the "
            f"images, such as (0, 1), for the rule ZBox; received {bounds!r}."
        )
    ends = []
    for end in bounds:
        for images in question.images:
            values = np.asarray(end)
            fits = values.ndim < images.ndim and all(
                n in (1, m) for n, m in zip(values.shape[::-1], images.shape[::-1], strict=False)
            )
            if values.dtype.kind not in "fiu" or not fits or not np.isfinite(values).all():
                raise ValueError(
                    f"bounds must be finite numbers, colors ({images.shape[-1]},) or images "
                    f"{images.shape[1:]}; received {values.dtype} of shape {values.shape}."
                )
            ends.append(np.broadcast_to(values.astype(images.dtype), images.shape))
    count = len(question.images)
    for images, low, high in zip(question.images, ends[:count], ends[count:], strict=True):
        slack = ROUNDING * np.abs(high - low)
        if (images < low - slack).any() or (images > high + slack).any():
            raise ValueError(
                "bounds must enclose the images, lowest value first; received bounds from "
                f"{low.min():.4g} to {high.max():.4g}, and images from {images.min():.4g} to "
                f"{images.max():.4g}. Give the range of the images after preprocessing."
            )
    return ends
