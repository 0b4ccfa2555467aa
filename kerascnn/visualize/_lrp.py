"""Layer-wise relevance propagation.

Bach et al. 2015, doi:10.1371/journal.pone.0130140; Montavon et al. 2017, arXiv:1512.02479; Montavon
et al. 2019, "Layer-Wise Relevance Propagation: An Overview", doi:10.1007/978-3-030-28954-6_10.
"""

from dataclasses import dataclass

import keras
from keras import ops

from kerascnn._checks import check_number
from kerascnn._errors import unknown
from kerascnn._graph import Graph, Tensor

from ._engine.affine import Affine
from ._engine.batches import in_batches
from ._engine.composites import Bounds, Composite, Rule, check_bounds, rules_of
from ._engine.contributions import Contributions, contributions
from ._engine.images import Images
from ._engine.layers import LayerLike, select_layer
from ._engine.question import ask
from ._engine.relevance import KINDS, STABILIZER, Known, away_from_zero, relevances
from ._engine.route import Route
from ._engine.scores import asked
from ._engine.targets import Target

INSTEAD = "Use integrated_gradients, which takes any layer, or set layer to one after them."


def lrp(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    layer: LayerLike = None,
    composite: str | Rule | Composite = "epsilon_plus",
    bounds: Bounds | None = None,
    batch_size: int = 8,
    verbose: bool | str = "auto",
) -> Contributions:
    """Distribute the score of a class over the pixels, layer by layer, from the output back.

    Each layer distributes the relevance R_k of its outputs to its inputs, by a rule that keeps the
    sum: Σ_j R_j = Σ_k R_k. Only biases, and the rules' stabilizers, absorb some of it. Batch
    normalization is merged into the layer with weights before it; without one, it passes relevance
    unchanged, as activations do. `Add` and average pooling distribute relevance in proportion to
    what they add, max-pooling passes it to the maximum, and a product with one factor per channel
    passes it to the other factor.

    Limitations: the result depends on the rules. LRP-0 and epsilon are as noisy as the gradient;
    z-plus shows no evidence against the class. Attention, recurrent and custom layers are rejected.

    Args:
        model: any functional or sequential `keras.Model` whose layers have a rule.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: as for `saliency`; `None`: the predicted class.
        layer: a layer, or its name, whose output gets the relevance; `None`: the input.
        composite: the rules of the layers with weights: "epsilon_plus" (z-plus for convolutions,
            epsilon for dense layers), "epsilon_alpha2_beta1", "epsilon_plus_flat", with the flat
            rule for the first layer, "epsilon_gamma_box", with gamma 0.25 for convolutions and the
            z-B rule for the first layer, or "zero", LRP-0 for all layers; a rule for all layers,
            such as `Epsilon(0.1)`; or a `Composite` of rules.
        bounds: lowest and highest possible value of a pixel, for the z-B rule, in the range of the
            images, which it encloses: two numbers, colors (C,) or images.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        `Contributions` with `attributions`, (N, H, W, C) float32, signed, in units of the score,
        and `gap`, (N,), their sum minus the score: what biases and stabilizers absorb, negated.

    Raises:
        TypeError, ValueError: If images, target or an option do not fit, or if there is no rule for
            a layer.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> result = kc.visualize.lrp(model, np.eye(28)[None, :, :, None], target=7)
    >>> result.attributions.shape
    (1, 28, 28, 1)
    """
    composite = _check_composite(composite)
    question = ask(model, images, target)
    node = None if layer is None else select_layer(question.graph, layer)
    graph = asked(question.graph, question.score)
    route = Route(graph, graph.inputs if node is None else node.outputs[:1])
    if not route.nodes:
        raise ValueError(f"layer must lead to the scores; {layer!r} does not.")
    route.check("relevance", KINDS, INSTEAD)
    rules = rules_of(composite, route)
    ends = check_bounds(bounds, question, rules)
    count, score, name = len(question.images), question.score, node and node.name

    def step(graph: Graph, *tensors: Tensor) -> list:
        *given, classes = tensors
        images, low, high = (given[i * count : (i + 1) * count] for i in range(3))
        scores, found = relevances(
            graph, images, classes, score, rules,
            at=None if name is None else graph.node(name).outputs[0],
            bounds=(low, high) if low else None,
        )  # fmt: skip
        return [scores, *found]

    arrays = [*question.images, *ends, question.classes]
    compiled = question.step(("lrp", name, tuple(rules.items())), step, arrays)
    scores, *found = in_batches(compiled, arrays, question.at_once(batch_size), verbose)
    return contributions(model, found, scores)


# Rules: a is the input of a layer, w its weights, b its biases, z_k = Σ_j a_j w_jk + b_k its
# output, R_k the relevance of an output, and R_j that of an input.


@dataclass(frozen=True)
class Epsilon(Rule):
    """LRP-ε: R_j = Σ_k a_j w_jk / (z_k + ε sign(z_k)) R_k; with ε = 0, LRP-0.

    Attributes:
        epsilon: ε, at least 0; larger values remove weak and contradictory evidence.

    Raises:
        ValueError: If ε is not a number of at least 0.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_linear_regression(input_shape=(1, 3, 1), classes=2)
    >>> model.set_weights([np.array([[1, 0], [2, 0], [-1, 0]]), np.zeros(2)])
    >>> rule = kc.visualize.Epsilon(2)
    >>> result = kc.visualize.lrp(model, np.ones((1, 1, 3, 1)), 0, composite=rule)
    >>> print(result.attributions.ravel().round(2))  # of the score 2
    [ 0.5  1.  -0.5]
    """

    epsilon: float = STABILIZER

    def __post_init__(self) -> None:
        object.__setattr__(self, "epsilon", check_number("epsilon", self.epsilon))

    def __call__(self, layer: Affine, a: Tensor, z: Tensor, R: Tensor, known: Known) -> Tensor:
        # Montavon et al. 2019, Eq. 10.1 and 10.2
        s = R / away_from_zero(z, self.epsilon) if self.epsilon else ops.divide_no_nan(R, z)
        return a * layer.back(a, layer.kernel, s)


@dataclass(frozen=True)
class Gamma(Rule):
    """LRP-γ, which favors positive contributions: w is replaced by w + γ max(w, 0), b likewise.

    For inputs of either sign, the generalized rule of Andéol et al. 2021: where z_k > 0, positive
    contributions a_j w_jk are favored, where z_k < 0, negative ones.

    Attributes:
        gamma: γ, at least 0; 0 is LRP-0, and the rule tends to z-plus as γ grows.

    Raises:
        ValueError: If γ is not a number of at least 0.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_linear_regression(input_shape=(1, 3, 1), classes=2)
    >>> model.set_weights([np.array([[1, 0], [2, 0], [-1, 0]]), np.zeros(2)])
    >>> rule = kc.visualize.Gamma(1)
    >>> result = kc.visualize.lrp(model, np.ones((1, 1, 3, 1)), 0, composite=rule)
    >>> print(result.attributions.ravel().round(2))  # of the score 2
    [ 0.8  1.6 -0.4]
    """

    gamma: float = 0.25  # Montavon et al. 2019, Table 10.1 and Fig. 10.4

    def __post_init__(self) -> None:
        object.__setattr__(self, "gamma", check_number("gamma", self.gamma))

    def __call__(self, layer: Affine, a: Tensor, z: Tensor, R: Tensor, known: Known) -> Tensor:
        w, b = layer.kernel, layer.bias
        up, down = (w + self.gamma * part(w) for part in (_positive, _negative))
        up_b, down_b = (
            None if b is None else b + self.gamma * part(b) for part in (_positive, _negative)
        )
        # Montavon et al. 2019, Eq. 10.3: R_j = Σ_k a_j (w + γw⁺)_jk / Σ_j a_j (w + γw⁺)_jk R_k
        total = _in_proportion(layer, a, up, down, up_b, ops.where(z > 0, R, 0), known)
        if known.only_positive:
            return total
        return total + _in_proportion(layer, a, down, up, down_b, ops.where(z < 0, R, 0), known)


@dataclass(frozen=True)
class AlphaBeta(Rule):
    """LRP-αβ: R_j = Σ_k (α (a_j w_jk)⁺ / Σ_j (a_j w_jk)⁺ − β (a_j w_jk)⁻ / Σ_j (a_j w_jk)⁻) R_k.

    Attributes:
        alpha, beta: weights of contributions for and against, with α − β = 1. `AlphaBeta(1, 0)` is
            the z-plus rule of deep Taylor decomposition.

    Raises:
        ValueError: If α − β is not 1, or one is negative.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_linear_regression(input_shape=(1, 3, 1), classes=2)
    >>> model.set_weights([np.array([[1, 0], [2, 0], [-1, 0]]), np.zeros(2)])
    >>> rule = kc.visualize.AlphaBeta(2, 1)
    >>> result = kc.visualize.lrp(model, np.ones((1, 1, 3, 1)), 0, composite=rule)
    >>> print(result.attributions.ravel().round(2))  # of the score 2
    [ 1.33  2.67 -2.  ]
    """

    alpha: float = 2.0
    beta: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", check_number("alpha", self.alpha))
        object.__setattr__(self, "beta", check_number("beta", self.beta))
        if abs(self.alpha - self.beta - 1) > 1e-6:
            raise ValueError(
                "alpha must be beta + 1, so that relevance is conserved; received "
                f"alpha={self.alpha!r} and beta={self.beta!r}."
            )

    def __call__(self, layer: Affine, a: Tensor, z: Tensor, R: Tensor, known: Known) -> Tensor:
        w, b = layer.kernel, layer.bias
        up, down = _positive(w), _negative(w)
        up_b, down_b = (None if b is None else part(b) for part in (_positive, _negative))
        # Bach et al. 2015, Eq. 60; (a w)⁺ = a⁺ w⁺ + a⁻ w⁻
        total = self.alpha * _in_proportion(layer, a, up, down, up_b, R, known)
        if not self.beta:
            return total
        return total - self.beta * _in_proportion(layer, a, down, up, down_b, R, known)


@dataclass(frozen=True)
class ZBox(Rule):
    """The z-B rule for pixels, whose lowest and highest possible values l and h are known.

    R_j = Σ_k (x_j w_jk − l_j w⁺_jk − h_j w⁻_jk) / Σ_j (…) R_k, for first layers only.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_linear_regression(input_shape=(1, 3, 1), classes=2)
    >>> model.set_weights([np.array([[1, 0], [2, 0], [-1, 0]]), np.zeros(2)])
    >>> rule = kc.visualize.ZBox()
    >>> result = kc.visualize.lrp(model, np.ones((1, 1, 3, 1)), 0, composite=rule, bounds=(0, 1))
    >>> print(result.attributions.ravel().round(2))  # of the score 2
    [0.67 1.33 0.  ]
    """

    reaches_zeros = needs_bounds = True

    def __call__(self, layer: Affine, a: Tensor, z: Tensor, R: Tensor, known: Known) -> Tensor:
        assert known.bounds is not None  # `needs_bounds`
        low, high = known.bounds
        w, b = layer.kernel, layer.bias
        up, down = _positive(w), _negative(w)
        up_b, down_b = (None if b is None else part(b) for part in (_positive, _negative))
        # Montavon et al. 2017, Eq. 17
        s = R / away_from_zero(z - layer(low, up, up_b) - layer(high, down, down_b))
        return (
            a * layer.back(a, w, s)
            - low * layer.back(low, up, s)
            - high * layer.back(high, down, s)
        )


@dataclass(frozen=True)
class WSquare(Rule):
    """The w² rule: R_j = Σ_k w²_jk / (Σ_j w²_jk + b²_k) R_k, regardless of the input.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_linear_regression(input_shape=(1, 3, 1), classes=2)
    >>> model.set_weights([np.array([[1, 0], [2, 0], [-1, 0]]), np.zeros(2)])
    >>> rule = kc.visualize.WSquare()
    >>> result = kc.visualize.lrp(model, np.ones((1, 1, 3, 1)), 0, composite=rule)
    >>> print(result.attributions.ravel().round(2))  # of the score 2
    [0.33 1.33 0.33]
    """

    reaches_zeros = True

    def __call__(self, layer: Affine, a: Tensor, z: Tensor, R: Tensor, known: Known) -> Tensor:
        ones, w = _ones(a, known), ops.square(layer.kernel)
        b = None if layer.bias is None else ops.square(layer.bias)
        return ones * layer.back(
            ones, w, R / away_from_zero(layer(ones, w, b))
        )  # Montavon 2017, Eq. 15


@dataclass(frozen=True)
class Flat(Rule):
    """The flat rule: each input of an output gets the same share of its relevance.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_linear_regression(input_shape=(1, 3, 1), classes=2)
    >>> model.set_weights([np.array([[1, 0], [2, 0], [-1, 0]]), np.zeros(2)])
    >>> rule = kc.visualize.Flat()
    >>> result = kc.visualize.lrp(model, np.ones((1, 1, 3, 1)), 0, composite=rule)
    >>> print(result.attributions.ravel().round(2))  # of the score 2
    [0.67 0.67 0.67]
    """

    reaches_zeros = True

    def __call__(self, layer: Affine, a: Tensor, z: Tensor, R: Tensor, known: Known) -> Tensor:
        ones, w = _ones(a, known), ops.ones_like(layer.kernel)
        return ones * layer.back(
            ones, w, R / away_from_zero(layer(ones, w))
        )  # Lapuschkin et al. 2019


def _ones(a: Tensor, known: Known) -> Tensor:
    return ops.ones_like(a) if known.present is None else known.present


def _positive(x: Tensor) -> Tensor:
    return ops.maximum(x, 0)


def _negative(x: Tensor) -> Tensor:
    return ops.minimum(x, 0)


def _in_proportion(
    layer: Affine, a: Tensor, w: Tensor, w_of_negative: Tensor, b: Tensor | None, R: Tensor,
    known: Known,
) -> Tensor:  # fmt: skip
    """Distribute relevance in proportion to a⁺ w + a⁻ w′, with a bias in the denominator."""
    parts = [(a, w)] if known.positive else [(_positive(a), w), (_negative(a), w_of_negative)]
    z = sum(layer(part, w, b if i == 0 else None) for i, (part, w) in enumerate(parts))
    s = R / away_from_zero(z)
    return sum(part * layer.back(part, w, s) for part, w in parts)


PLUS = AlphaBeta(1, 0)
COMPOSITES = {
    "epsilon_plus": Composite(PLUS, Epsilon()),
    "epsilon_alpha2_beta1": Composite(AlphaBeta(2, 1), Epsilon()),
    "epsilon_plus_flat": Composite(PLUS, Epsilon(), first=Flat()),  # Kohlbrenner et al. 2020
    "epsilon_gamma_box": Composite(
        Gamma(0.25), Epsilon(), ZBox()
    ),  # Montavon et al. 2019, Fig. 10.4
    "zero": Composite(Epsilon(0), Epsilon(0)),
}


def _check_composite(composite: str | Rule | Composite) -> Composite:
    if isinstance(composite, Rule):
        return Composite(composite, composite)
    if isinstance(composite, Composite):
        return composite
    if not isinstance(composite, str) or composite not in COMPOSITES:
        raise unknown("composite", composite, COMPOSITES)
    return COMPOSITES[composite]
