"""Linear and logistic regression on images (A2)."""

from dataclasses import dataclass

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from kerascnn import datasets, plots
from kerascnn._text import text as _

from ._drawing import note, parts_of
from ._registry import figure

SIZE = 24  # pixels of a patch
BRIGHT = 0.2  # in the blurred photo, in [0, 1]: brighter pixels belong to a galaxy
AREAS = (12, 400)  # minimum and maximum pixels per galaxy
RIDGE = 10.0  # penalty on the squared weights, since there are more weights than patches


@dataclass(frozen=True)
class Galaxies:
    """Patches of a photo, each with a galaxy in the center.

    Attributes:
        patches: (N, SIZE, SIZE, 3) in [0, 1].
        areas: (N,) sizes of the galaxies in pixels.
        columns: (N,) horizontal positions in the photo, from 0 on the left to 1 on the right.
    """

    patches: np.ndarray
    areas: np.ndarray
    columns: np.ndarray

    @property
    def training(self) -> np.ndarray:
        """Return (N,) booleans: whether a patch is in the left half, which is used for training."""
        return self.columns < 0.5


def galaxies() -> Galaxies:
    """Find the galaxies, and a few stars, in the photo of the Hubble deep field."""
    from scipy import ndimage

    photo = datasets.photo("hubble_deep_field") / 255
    regions, count = ndimage.label(ndimage.gaussian_filter(photo.mean(axis=-1), 1) > BRIGHT)
    numbers = np.arange(1, count + 1)
    areas = np.bincount(regions.ravel())[1:]
    centers = np.rint(ndimage.center_of_mass(regions > 0, regions, numbers)).astype(int)
    half = SIZE // 2
    inside = ((centers >= half) & (centers <= np.subtract(photo.shape[:2], half))).all(axis=1)
    inside &= np.abs(centers[:, 1] - photo.shape[1] / 2) >= half  # in one half of the photo
    kept = inside & (areas >= AREAS[0]) & (areas <= AREAS[1])
    patches = [photo[r - half : r + half, c - half : c + half] for r, c in centers[kept]]
    return Galaxies(np.stack(patches), areas[kept], centers[kept, 1] / photo.shape[1])


@dataclass(frozen=True)
class Fit:
    """A linear model on the patches.

    Attributes:
        weights: (SIZE, SIZE, 3).
        bias: one number.
        quality: R² or accuracy on the patches that it was not fitted to.
    """

    weights: np.ndarray
    bias: float
    quality: float

    def score(self, patch: np.ndarray) -> float:
        """Return Σ w·x + b."""
        return float((self.weights * patch).sum() + self.bias)


@dataclass(frozen=True)
class Fits:
    """Both models and their data.

    Attributes:
        data: the galaxies.
        linear: linear regression of the area.
        logistic: logistic regression of whether the area is larger than the border.
        border: the median area of the galaxies used for training.
    """

    data: Galaxies
    linear: Fit
    logistic: Fit
    border: float


def fits() -> Fits:
    """Fit a linear regression of the area and a logistic regression of large or small."""
    from sklearn.linear_model import LogisticRegression, Ridge

    data = galaxies()
    x, part = data.patches.reshape(len(data.patches), -1), data.training
    border = float(np.median(data.areas[part]))
    large = data.areas > border
    linear = Ridge(RIDGE).fit(x[part], data.areas[part])
    logistic = LogisticRegression(C=1 / RIDGE, max_iter=1000).fit(x[part], large[part])
    shape = data.patches.shape[1:]
    return Fits(
        data,
        Fit(
            linear.coef_.reshape(shape),
            float(linear.intercept_),
            linear.score(x[~part], data.areas[~part]),
        ),
        Fit(
            logistic.coef_.reshape(shape),
            float(logistic.intercept_[0]),
            logistic.score(x[~part], large[~part]),
        ),
        border,
    )


SHOWN = 60  # area of the galaxy shown, in pixels


@figure(
    title="The weights of a linear model are an image: one weight per pixel",
    alt="A patch of 24 by 24 pixels with a galaxy, times the weights of a linear regression as "
    "three images for red, green and blue, a wide ring, gives its area; times those of a "
    "logistic regression, a narrow ring, the probability that it is large.",
    rows=("A2",),
    data=fits,
    photos=("hubble_deep_field",),
)
def weights_as_images(models: Fits) -> Figure:
    """Draw the weights of linear and logistic regression and the predictions for a new galaxy."""
    data, linear, logistic = models.data, models.linear, models.logistic
    held_out = np.flatnonzero(~data.training)
    shown = held_out[np.argmin(np.abs(data.areas[held_out] - SHOWN))]
    patch, area = data.patches[shown], data.areas[shown]
    probability = 1 / (1 + np.exp(-logistic.score(patch)))
    fig = plt.figure()
    top, bottom = parts_of(fig, 2, 1)
    top.suptitle(_("Linear regression: how large is the galaxy?"), fontsize="medium")
    _draw(
        top, patch, linear,
        _("+ b = {predicted} pixels", predicted=f"{linear.score(patch):.0f}"),
        _("(measured: {area})", area=area),
    )  # fmt: skip
    bottom.suptitle(
        _("Logistic regression: is it larger than {border} pixels?", border=f"{models.border:.0f}"),
        fontsize="medium",
    )
    _draw(
        bottom, patch, logistic,
        _("+ b, sigmoid: {percent} %", percent=f"{100 * probability:.0f}"),
        _("(measured: {area})", area=area),
    )  # fmt: skip
    note(
        fig,
        _(
            "{size} = {weights} weights and one bias, fitted to {fitted} galaxies in the left half "
            "of the Hubble deep field. On {tested} in the right half: R² = {r2}, accuracy "
            "{accuracy} %. Areas measured by thresholding.",
            size=f"{SIZE}×{SIZE}×3",
            weights=f"{linear.weights.size:,}",
            fitted=int(data.training.sum()),
            tested=len(held_out),
            r2=f"{linear.quality:.2f}",
            accuracy=f"{100 * logistic.quality:.0f}",
        ),
    )
    return fig


def _draw(part: SubFigure, patch: np.ndarray, fit: Fit, result: str, truth: str) -> None:
    """Draw the patch, the weights of its three channels, and the result."""
    first, *maps, last = part.subplots(1, 5, width_ratios=(1, 1, 1, 1, 1.5))
    first.imshow(patch)
    strongest = np.abs(fit.weights).max()
    look = {"cmap": plots.colormap("signed"), "vmin": -strongest, "vmax": strongest}
    names = (_("red"), _("green"), _("blue"))
    for ax, channel, name in zip(maps, np.moveaxis(fit.weights, -1, 0), names, strict=True):
        image = ax.imshow(channel, interpolation="nearest", **look)
        ax.set_xlabel(name, fontsize="small")
    for ax in (first, *maps):
        ax.set(xticks=(), yticks=())
        ax.spines[:].set_visible(False)
    maps[0].text(-0.12, 0.5, "·", transform=maps[0].transAxes, fontsize="xx-large", ha="center",
                 va="center")  # fmt: skip
    bar = part.colorbar(image, ax=maps, location="right", label=_("weight"), shrink=0.8)
    bar.locator = MaxNLocator(3)
    last.set_axis_off()
    last.text(0, 0.5, f"{result}\n\n{truth}", va="center")
