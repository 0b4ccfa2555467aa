"""Cells of the visual system and similar learned filters (lecture map, A13)."""

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import note, parts_of
from ._registry import figure

SIDE = 61  # side of a stimulus in pixels
CENTRE, SURROUND = 3.0, 9.0  # σ of a ganglion cell's two Gaussians
CROP = slice(9, -9)  # its receptive field; outside, its weights are about 0


@figure(
    title="A ganglion cell responds to contrast, not to uniform light",
    alt="Receptive fields of an on-center and an off-center ganglion cell, and their responses: "
    "the first responds to a light spot, the second to a light ring and to a dark spot, and "
    "neither responds to uniform light.",
    rows=("A13",),
)
def ganglion_cells() -> Figure:
    """Draw the responses of two cells, differences of Gaussians with a ReLU, to four stimuli."""
    fields = {_("on-center cell"): centre_surround(), _("off-center cell"): -centre_surround()}
    shown = spots()
    fig = plt.figure()
    left, right = parts_of(fig, 1, 2, width_ratios=(1, 3))
    colors = plots.window_colors(2)
    limit = 0.3 * centre_surround().max()  # the surround is weak, but wide
    axes = left.subplots(2, 1)
    for ax, (name, field), color, signs in zip(
        axes, fields.items(), colors, ("+−", "−+"), strict=True
    ):
        _field(ax, field[CROP, CROP], dict(zip((0, 1.4 * SURROUND), signs, strict=True)), limit)
        ax.set_title(name, fontsize="medium", color=color)
    ax = right.subplots()
    best = max(response(f, s) for f in fields.values() for s in shown.values())
    for nth, (name, field) in enumerate(fields.items()):
        values = [response(field, stimulus) / best for stimulus in shown.values()]
        places = np.arange(len(shown)) + 0.38 * (nth - 0.5)
        bars = ax.bar(places, values, 0.36, color=colors[nth], label=name)
        ax.bar_label(bars, [f"{abs(value):.2f}" for value in values], fontsize="small", padding=2)
    ax.set_xticks(range(len(shown)), shown, fontsize="medium")
    ax.set_xlim(-0.6, len(shown) - 0.4)
    ax.set_ylabel(_("response (largest = 1)"))
    ax.margins(y=0.12)
    _pictures_above(ax, range(len(shown)), list(shown.values()), 0.62, (-1, 1))
    note(
        fig,
        _(
            "On-center and off-center cells: Kuffler 1953. Each is a difference of two Gaussians "
            "of equal volume (Rodieck 1965), followed by a ReLU."
        ),
    )
    return fig


def _field(ax: Axes, weights: np.ndarray, signs: dict[float, str], limit: float) -> None:
    """Draw a receptive field, with `signs` by distance from the center in case color is missing."""
    ax.imshow(weights, cmap=plots.colormap("signed"), vmin=-limit, vmax=limit)
    ax.set_axis_off()
    box = {"boxstyle": "circle,pad=0.1", "fc": plt.rcParams["axes.facecolor"], "lw": 0.5}
    middle = len(weights) // 2
    for x, sign in signs.items():
        ax.text(middle + x, middle, sign, ha="center", va="center", fontsize="small", bbox=box)


def _pictures_above(
    ax: Axes, places: Sequence[float], pictures: Sequence[np.ndarray], width: float, limits: tuple
) -> None:
    """Put images above a plot, each at its x position; `width` is in units of x."""
    for place, picture in zip(places, pictures, strict=True):
        box = (place - width / 2, 1.03, width, 0.34)
        above = ax.inset_axes(box, transform=ax.get_xaxis_transform(), anchor="S")
        above.imshow(picture, cmap="gray", vmin=limits[0], vmax=limits[1])
        above.set_xticks(())
        above.set_yticks(())
        for spine in above.spines.values():
            spine.set_visible(True)


def _from_the_middle(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each pixel's coordinates relative to the center, x and y up: (side, side) each."""
    steps = np.arange(side) - (side - 1) / 2
    return np.meshgrid(steps, -steps)


def centre_surround() -> np.ndarray:
    """Return the weights of an on-center cell, (SIDE, SIDE), whose sum is 0."""
    distance = np.hypot(*_from_the_middle(SIDE))
    gaussians = [np.exp(-(distance**2) / (2 * sigma**2)) for sigma in (CENTRE, SURROUND)]
    centre, surround = (each / each.sum() for each in gaussians)
    return centre - surround


def centre_radius() -> float:
    """Return the distance at which center and surround have equal weights."""
    squares = CENTRE**2, SURROUND**2
    return float(np.sqrt(2 * np.log(squares[1] / squares[0]) / (1 / squares[0] - 1 / squares[1])))


def spots() -> dict[str, np.ndarray]:
    """Return the stimuli by name, (SIDE, SIDE): 1 is light, 0 the background, −1 dark."""
    distance = np.hypot(*_from_the_middle(SIDE))
    radius = centre_radius()
    spot = (distance < radius).astype(float)
    ring = ((distance >= radius) & (distance < 2 * SURROUND)).astype(float)
    return {
        _("light spot"): spot,
        _("light ring"): ring,
        _("dark spot"): -spot,
        _("uniform light"): np.ones((SIDE, SIDE)),
    }


def response(weights: np.ndarray, stimulus: np.ndarray) -> float:
    """Return a cell's response to a stimulus: the weighted sum, then a ReLU."""
    return max(float((weights * stimulus).sum()), 0.0)


FIELD = 25  # side of a simple cell's receptive field in pixels
WAVELENGTH = 10.0
POOLED = 8  # pixels to each side over which a complex cell takes the maximum
ANGLES = np.arange(0, 181, 5)
OFFSETS = np.arange(-16, 17)
PREFERRED = 90  # degrees: a vertical bar


@figure(
    title="A simple cell needs the bar in the right place; a complex cell only needs the right "
    "angle",
    alt="Responses of a simple and a complex cell to a bar of light: rotated, both respond most "
    "to the vertical bar; shifted, the simple cell responds in one place only and the complex "
    "cell within 8 pixels to each side.",
    rows=("A13",),
)
def orientation_tuning() -> Figure:
    """Draw the responses of a Gabor filter and of the maximum over many to bars."""
    fig = plt.figure()
    left, right = parts_of(fig, 1, 2, width_ratios=(1, 4))
    weights = gabor()
    signs = {0.0: "+", WAVELENGTH / 2: "−", -WAVELENGTH / 2: "−"}
    ax = left.subplots()
    _field(ax, weights, signs, np.abs(weights).max())
    ax.set_title(_("simple cell"), fontsize="medium")
    axes = right.subplots(1, 2, sharey=True)
    best = simple_cell(bar(PREFERRED))
    cells = {_("complex cell"): (complex_cell, "-"), _("simple cell"): (simple_cell, (0, (3, 1)))}
    shown = ((ANGLES, rotated_bars(), 9), (OFFSETS, shifted_bars(), 8))
    for ax, (places, bars, step) in zip(axes, shown, strict=True):
        for name, (cell, dashes) in cells.items():
            values = [cell(picture) / best for picture in bars]
            ax.plot(places, values, label=name, linestyle=dashes)
        ax.set_ylim(0, 1.1)
        ax.set_xticks(places[::step])
        width = 0.19 * (places[-1] - places[0])
        _pictures_above(ax, places[::step].tolist(), bars[::step], width, (0, 1))
    axes[0].set_xlabel(_("orientation of the bar (degrees)"))
    axes[0].set_ylabel(_("response (largest = 1)"))
    axes[1].set_xlabel(_("position of the bar (pixels)"))
    left.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center")
    note(
        fig,
        _(
            "Hubel & Wiesel 1962. Simple cell: a Gabor filter and a ReLU, that is, convolution. "
            "Complex cell: the largest response of such cells within {pooled} pixels, that is, "
            "max pooling.",
            pooled=POOLED,
        ),
    )
    return fig


def gabor(orientation: float = PREFERRED) -> np.ndarray:
    """Return a Gabor filter, (FIELD, FIELD), for an orientation in degrees; its sum is 0."""
    across, along = _across_and_along(FIELD, orientation)
    envelope = np.exp(-(across**2 + (along / 2) ** 2) / (2 * (WAVELENGTH / 3) ** 2))
    wave = np.cos(2 * np.pi * across / WAVELENGTH)
    return envelope * (wave - (envelope * wave).sum() / envelope.sum())


def _across_and_along(side: int, orientation: float) -> tuple[np.ndarray, np.ndarray]:
    """Return each pixel's coordinates across and along a line of this orientation."""
    x, y = _from_the_middle(side)
    angle = np.deg2rad(orientation)
    return x * np.sin(angle) - y * np.cos(angle), x * np.cos(angle) + y * np.sin(angle)


def bar(
    orientation: float, offset: float = 0, side: int = FIELD + 2 * POOLED, width: float = 5
) -> np.ndarray:
    """Return a light bar on a dark background, (side, side) in [0, 1], off center by `offset`.

    The orientation is in degrees, counterclockwise; 0 is horizontal. Both ends of the bar are
    outside the image, so that a cell does not see them.
    """
    across, _along = _across_and_along(side, orientation)
    return np.clip(width / 2 + 0.5 - np.abs(across - offset), 0, 1)


def rotated_bars() -> list[np.ndarray]:
    """Return a centered bar at each of ANGLES."""
    return [bar(angle) for angle in ANGLES.tolist()]


def shifted_bars() -> list[np.ndarray]:
    """Return a vertical bar at each of OFFSETS."""
    return [bar(PREFERRED, offset) for offset in OFFSETS.tolist()]


def simple_cells(picture: np.ndarray) -> np.ndarray:
    """Return a simple cell's responses at every position, (2·POOLED + 1, 2·POOLED + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, (FIELD, FIELD))
    return np.maximum(np.einsum("hwij,ij->hw", windows, gabor()), 0)


def simple_cell(picture: np.ndarray) -> float:
    """Return the response of the simple cell in the center."""
    return float(simple_cells(picture)[POOLED, POOLED])


def complex_cell(picture: np.ndarray) -> float:
    """Return the largest response of the simple cells at all positions."""
    return float(simple_cells(picture).max())


LEARNED_ANGLES = np.arange(0, 180, 5)
TARGETS = (0, 45, 90, 135)  # degrees


def learned_filters() -> np.ndarray:
    """Return the filters of AlexNet's first layer, (K, side, side, 3)."""
    from kerascnn import visualize

    from ._material import trained

    return visualize.filters(trained("alexnet", "cifar10"))


@figure(
    title="A network learns oriented filters, much like the simple cells of the visual cortex",
    alt="Four filters of AlexNet's first layer, each with its response to a rotated bar, which "
    "has one peak, at about 0, 45, 90 and 135 degrees, and a filter for a color, which hardly"
    " responds to the bar at any orientation.",
    rows=("A13",),
    data=learned_filters,
)
def learned_orientation_tuning(filters: np.ndarray) -> Figure:
    """Draw the responses of a trained AlexNet's first filters to a rotated bar."""
    curves = tuning(filters)
    chosen = examples(curves)
    fig = plt.figure()
    top, bottom = parts_of(fig, 2, 1, height_ratios=(2, 3))
    axes = bottom.subplots(1, len(chosen), sharey=True)
    for above, ax, unit in zip(top.subplots(1, len(chosen)), axes, chosen, strict=True):
        plots.filter_grid(filters[[unit]], ax=above)
        above.set_title(_("filter {number}", number=unit), fontsize="medium")
        ax.plot([*LEARNED_ANGLES, 180], [*curves[unit], curves[unit][0]] / curves[chosen].max())
        ax.set_xticks((0, 90, 180))
        ax.set_ylim(0, 1.1)
    axes[0].set_ylabel(_("response (largest = 1)"))
    axes[len(chosen) // 2].set_xlabel(_("orientation of the bar (degrees)"))
    across = np.roll(curves, len(LEARNED_ANGLES) // 2, axis=1)
    best = curves.argmax(axis=1)[:, None]
    tuned = np.take_along_axis(curves, best, 1) >= 2 * np.take_along_axis(across, best, 1)
    note(
        fig,
        _(
            "{count} of the {all} filters respond to their best orientation at least twice as "
            "strongly as to the perpendicular one. Largest response over all positions of the bar; "
            "AlexNet, trained on CIFAR-10.",
            count=int(tuned.sum()),
            all=len(filters),
        ),
    )
    return fig


def tuning(filters: np.ndarray) -> np.ndarray:
    """Return responses of filters (K, side, side, C) to gray bars: (K, angles), best position.

    The background is 0, since only the bar's difference from it changes a filter's sum.
    """
    side = filters.shape[1]
    offsets = np.arange(-side, side + 0.5, 0.5)
    bars = np.array([[bar(a, at, side, 2) for at in offsets] for a in LEARNED_ANGLES.tolist()])
    sums = np.einsum("aohw,khwc->kao", bars, filters)
    return np.maximum(sums, 0).max(axis=2)


def selectivity(curves: np.ndarray) -> np.ndarray:
    """Return 0 for a flat curve (…, angles) and 1 for a single peak: 1 − circular variance."""
    turns = np.exp(2j * np.deg2rad(LEARNED_ANGLES))  # Ringach et al. 2002, orientations modulo 180°
    return np.abs(curves @ turns) / curves.sum(axis=-1)


def examples(curves: np.ndarray) -> list[int]:
    """Return the most selective strong filter for each of TARGETS, and the one least tuned."""
    strongest = curves.max(axis=1)
    preferred = LEARNED_ANGLES[curves.argmax(axis=1)]
    chosen = []
    for target in TARGETS:
        apart = np.abs((preferred - target + 90) % 180 - 90)
        fits = (apart <= 10) & (strongest >= np.median(strongest))
        chosen.append(int(np.where(fits, selectivity(curves), -1).argmax()))
    return [*chosen, int((curves.min(axis=1) / strongest).argmax())]
