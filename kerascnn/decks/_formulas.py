"""The formulas of each section of the course, for slides and handouts."""

from dataclasses import dataclass

from kerascnn._text import text as _


@dataclass(frozen=True)
class Formula:
    """A formula with its name and source.

    Attributes:
        name: name of the formula in the current language.
        formula: the formula as plain text.
        source: the paper that it is from.

    >>> import kerascnn as kc
    >>> kc.decks.Formula("residual block", "y = F(x) + x", "He et al. 2016, Eq. 1").source
    'He et al. 2016, Eq. 1'
    """

    name: str
    formula: str
    source: str = ""


def formulas(section: str) -> list[Formula]:
    """Return the formulas of a section, "A" to "F"."""
    dumoulin = "Dumoulin & Visin 2016"
    return {
        "A": [
            Formula(_("dense layer"), "y = f(W x + b)"),
            Formula(_("chain rule"), "∂L/∂x = ∂L/∂y · ∂y/∂x"),
            Formula(_("gradient descent"), "w ← w − η · ∂L/∂w"),
        ],
        "B": [
            Formula(
                _("convolution (cross-correlation)"),
                "y(i, j) = Σₘ Σₙ x(i + m, j + n) · w(m, n) + b",
            ),
            Formula(_("output size"), "o = ⌊(i + 2p − k) / s⌋ + 1", dumoulin),
            Formula(_("kernel with dilation"), "k′ = d · (k − 1) + 1", dumoulin),
            Formula(_("parameters"), "k² · C · K + K"),
            Formula(_("multiply-accumulate operations"), "H′ · W′ · k² · C · K"),
            Formula(_("receptive field"), "r ← r + (k − 1) · j,  j ← j · s", "Araujo et al. 2019"),
        ],
        "C": [
            Formula(_("max pooling"), "y(i, j) = maxₘₙ x(s·i + m, s·j + n)"),
            Formula(_("average pooling"), "y(i, j) = 1/k² · Σₘ Σₙ x(s·i + m, s·j + n)"),
            Formula(_("output size"), "o = ⌊(i − k) / s⌋ + 1", dumoulin),
        ],
        "D": [
            Formula(_("residual block"), "y = F(x) + x", "He et al. 2016, Eq. 1"),
            Formula(_("projection shortcut"), "y = F(x) + Wₛ x", "He et al. 2016, Eq. 2"),
        ],
        "E": [
            Formula(_("softmax"), "pᵢ = exp(zᵢ) / Σⱼ exp(zⱼ)"),
            Formula(_("cross-entropy"), "L = −log p(y)"),
            Formula(
                _("SGD with momentum and weight decay"),
                "v ← 0.9 · v − 0.0005 · η · w − η · ∂L/∂w,  w ← w + v",
                "Krizhevsky et al. 2012",
            ),
        ],
        "F": [
            Formula("Grad-CAM", "α = mean(∂y/∂A),  L = ReLU(Σ α A)", "Selvaraju et al. 2017"),
            Formula(
                _("integrated gradients"),
                "(x − x₀) · ∫₀¹ ∂f(x₀ + a (x − x₀))/∂x da",
                "Sundararajan et al. 2017, Eq. 1",
            ),
            Formula(_("style (Gram matrix)"), "G = F Fᵀ", "Gatys et al. 2016, Eq. 3"),
        ],
    }[section]
