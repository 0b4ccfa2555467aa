"""Smaller and larger maps: pooling, dilation, transposed convolution (B17, C3, C4, C6, C7)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import arithmetic, datasets, plots
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure


def run(layer: object, *arrays: np.ndarray) -> np.ndarray:
    """What a Keras layer makes of images (H, W) or maps (H, W, C), without the batch axis."""
    given = [np.asarray(a, "float32")[None] for a in arrays]
    given = [a if a.ndim == 4 else a[..., None] for a in given]
    return np.squeeze(np.array(layer(given[0] if len(given) == 1 else given)), 0)


@figure(
    title="2×2 pooling drops three quarters of the values and keeps every channel",
    alt="A photo of 128 by 128 by 3 and its average and maximum over 2 by 2 and 8 by 8 pixels: "
    "averages blur, maxima keep the bright details, and all three channels are left.",
    rows=("C3",),
    photos=("astronaut",),
)
def pooled_photo() -> Figure:
    """Pool a photo by its mean and by its maximum, over small and over large windows."""
    from keras.layers import AveragePooling2D, MaxPooling2D

    photo = datasets.photo("astronaut")[0:256:2, 90:346:2] / 255
    kinds = {_("average"): AveragePooling2D, _("maximum"): MaxPooling2D}
    fig, axes = plt.subplots(2, 3)
    for row, (name, kind) in zip(axes, kinds.items(), strict=True):
        for ax, window in zip(row, (1, 2, 8), strict=True):
            picture = run(kind(window), photo) if window > 1 else photo
            ax.imshow(picture.clip(0, 1), interpolation="nearest")
            ax.set_axis_off()
            size = "×".join(map(str, picture.shape))
            ax.set_title(size if window == 1 else f"{name} {window}×{window}: {size}",
                         fontsize="small")  # fmt: skip
    return fig


SHIFTS = range(9)


@figure(
    title="Shift the input a little, and its max-pooled map changes less",
    alt="Curves of how much a digit image and its maps after max pooling over 2, 4 and 8 pixels "
    "change when the image is shifted by 0 to 8 pixels: the larger the window, the less.",
    rows=("C4",),
)
def pooling_and_shifts() -> Figure:
    """Measure how much real digits and their pooled maps change when they are shifted."""
    changes = changes_by_shift()
    fig, ax = plt.subplots()
    for name, values in changes.items():
        ax.plot(list(SHIFTS), 100 * values, marker="o", label=name)
    ax.set_xlabel(_("shift (pixels)"))
    ax.set_ylabel(_("change (% of the size)"))
    ax.set_ylim(0)
    ax.legend()
    note(fig, _("500 test digits; ‖f(x) − f(shifted x)‖ / ‖f(x)‖, mean."))
    return fig


def changes_by_shift() -> dict[str, np.ndarray]:
    """The mean relative change of digits and of their pooled maps for each shift."""
    from keras.layers import MaxPooling2D

    digits = datasets.load("digits").test[0][:500]
    digits = np.pad(digits, ((0, 0), (2, 2), (2, 10), (0, 0)))  # room to move: 32 × 40
    found = {}
    for window in (1, 2, 4, 8):
        pool = MaxPooling2D(window) if window > 1 else lambda x: x
        own = np.array(pool(digits))
        size = np.sqrt((own**2).sum(axis=(1, 2, 3)))
        moved = [np.array(pool(np.roll(digits, shift, axis=2))) for shift in SHIFTS]
        changes = [np.sqrt(((m - own) ** 2).sum(axis=(1, 2, 3))) / size for m in moved]
        name = _("input") if window == 1 else _("max pooling {window}×{window}", window=window)
        found[name] = np.mean(changes, axis=1)
    return found


MAP = np.array(
    [[1, 3, 2, 0, 1], [4, 6, 5, 1, 0], [2, 3, 7, 4, 2], [0, 1, 2, 8, 3], [1, 0, 1, 3, 9]]
)


@figure(
    title="Pooling windows may overlap, or cover the whole map",
    alt="A map of 5 by 5: overlapping windows of 3 with stride 2 give the maxima 7, 7, 7, 9; "
    "global pooling gives one number, its maximum 9 or its mean 2.76.",
    rows=("C6",),
)
def overlapping_and_global_pooling() -> Figure:
    """Pool a map with overlapping windows, and as a whole."""
    from keras.layers import GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D

    overlapping = run(MaxPooling2D(3, 2), MAP)[..., 0]
    batch = MAP[None, ..., None].astype("float32")
    highest, mean = (
        float(np.squeeze(kind()(batch))) for kind in (GlobalMaxPooling2D, GlobalAveragePooling2D)
    )
    fig, axes = plt.subplots(1, 2)
    colors = plots.window_colors(4)
    places = [(r, c) for r in (0, 2) for c in (0, 2)]
    plots.number_grid(
        MAP, ax=axes[0],
        highlight={(r, c, 3, 3): k for (r, c), k in zip(places, colors, strict=True)},
    )  # fmt: skip
    plots.number_grid(
        overlapping, ax=axes[0], origin=(7, 1.5),
        highlight={(r // 2, c // 2, 1, 1): k for (r, c), k in zip(places, colors, strict=True)},
    )  # fmt: skip
    axes[0].set_title(_("maximum, 3×3, stride 2: they overlap"), fontsize="medium")
    plots.number_grid(MAP, ax=axes[1], highlight={(0, 0, 5, 5): colors[0]})
    plots.number_grid([[highest]], ax=axes[1], origin=(7, 1), label=_("maximum"))
    plots.number_grid([[mean]], ax=axes[1], origin=(7, 3.2), label=_("mean"), fmt="{:.2f}")
    axes[1].set_title(_("global: one number for each map"), fontsize="medium")
    return fig


SWITCHED = np.array([[1, 2, 6, 3], [3, 5, 2, 1], [1, 2, 2, 1], [7, 3, 4, 8]])


@figure(
    title="Unpooling with switches puts the maxima back where they came from",
    alt="A map of 4 by 4 is max-pooled to 5, 6, 7, 8; nearest up-sampling repeats each four times, "
    "bilinear up-sampling blends them, and unpooling puts each in its place, with zeros around.",
    rows=("C7",),
)
def up_sampling() -> Figure:
    """Enlarge a pooled map again in three ways."""
    from keras.layers import UpSampling2D

    from kerascnn.layers import MaxPoolWithSwitches2D, MaxUnpool2D

    batch = SWITCHED[None, ..., None].astype("float32")
    pooled, switches = MaxPoolWithSwitches2D(2)(batch)
    back = np.array(MaxUnpool2D((4, 4))([pooled, switches]))[0, ..., 0]
    small = np.array(pooled)[0, ..., 0]
    windows = {
        (r, c, 2, 2): k
        for (r, c), k in zip([(0, 0), (0, 2), (2, 0), (2, 2)], plots.window_colors(4), strict=True)
    }
    kept = {(*place, 1, 1): "output" for place in np.argwhere(back)}
    shown = [
        (_("map"), SWITCHED, windows),
        (_("pooled"), small, {(r // 2, c // 2, 1, 1): k for (r, c, *_s), k in windows.items()}),
        (_("nearest"), run(UpSampling2D(2), small)[..., 0], windows),
        (_("bilinear"), run(UpSampling2D(2, interpolation="bilinear"), small)[..., 0], None),
        (_("unpooling with switches"), back, kept),
    ]
    fig, axes = plt.subplots(1, 5, width_ratios=(4, 2, 4, 4, 4))
    for ax, (name, values, marked) in zip(axes, shown, strict=True):
        plots.number_grid(values, ax=ax, highlight=marked, fmt="{:.3g}")
        ax.set_title(name, fontsize="small")
    return fig


@figure(
    title="Dilation: the same nine weights see further",
    alt="A 3 by 3 kernel on a grid of 9 by 9 with dilation 1, 2 and 4: its nine taps spread over "
    "3, 5 and 9 pixels.",
    rows=("B17",),
)
def dilation() -> Figure:
    """Spread the taps of a 3x3 kernel with dilation 1, 2 and 4."""
    fig, axes = plt.subplots(1, 3)
    size = 9
    for ax, rate in zip(axes, (1, 2, 4), strict=True):
        extent = arithmetic.receptive_field([(3, 1, rate)])
        first = (size - extent) // 2
        taps = {
            (first + rate * i, first + rate * j, 1, 1): "kernel" for i in range(3) for j in range(3)
        }
        plots.number_grid(
            np.ma.masked_all((size, size)),
            highlight={(first, first, extent, extent): "window", **taps},
            ax=ax,
        )
        ax.set_title(_("dilation {rate}: {extent}×{extent}", rate=rate, extent=extent))
    note(fig, _("Effective size: dilation · (F − 1) + 1. Weights: 9 in all three."))
    return fig


SMALL = np.array([[1, 2], [3, 4]])
STAMP = np.array([[1, 1, 1], [1, 2, 1], [1, 1, 1]])


@figure(
    title="A transposed convolution stamps its kernel and adds where stamps overlap",
    alt="A map of 2 by 2 and a kernel of 3 by 3: with stride 1 the four stamps overlap in an "
    "output of 4 by 4, with stride 2 in 5 by 5, and padding cuts the border off.",
    rows=("B17",),
)
def transposed_convolution() -> Figure:
    """Stamp a kernel with stride 1, stride 2, and with the border cut off."""
    from keras.layers import Conv2DTranspose

    fig, axes = plt.subplots(1, 5, width_ratios=(2, 3, 4, 5, 4))
    plots.number_grid(SMALL, ax=axes[0], highlight=_corners(1, 1))
    axes[0].set_title(_("input"), fontsize="small")
    plots.number_grid(STAMP, ax=axes[1], frame="kernel")
    axes[1].set_title(_("kernel"), fontsize="small")
    options = ((1, "valid"), (2, "valid"), (2, "same"))
    for ax, (stride, padding) in zip(axes[2:], options, strict=True):
        layer = Conv2DTranspose(1, 3, stride, padding, use_bias=False)
        layer.build((None, 2, 2, 1))
        layer.set_weights([STAMP[:, :, None, None].astype("float32")])
        output = run(layer, SMALL)[..., 0]
        marked = _corners(stride, 3) if padding == "valid" else None
        plots.number_grid(output, ax=ax, highlight=marked)
        words = _("stride {stride}", stride=stride)
        ax.set_title(words if padding == "valid" else f"{words}, “same”", fontsize="small")
    note(fig, _("Output: (W − 1) · S + F without padding; “same” keeps W · S of it."))
    return fig


def _corners(step: int, side: int) -> dict:
    places = [(0, 0), (0, step), (step, 0), (step, step)]
    return {(*p, side, side): k for p, k in zip(places, plots.window_colors(4), strict=True)}


@figure(
    title="Checkerboards: where the stride does not divide the kernel",
    alt="How often each pixel is written by a transposed convolution with stride 2: kernels of 3 "
    "write a checkerboard of 1, 2 and 4, kernels of 4 write every pixel inside four times.",
    rows=("B17",),
)
def checkerboard() -> Figure:
    """Count how often each output pixel of a transposed convolution is written."""
    fig, axes = plt.subplots(1, 2)
    for ax, kernel in zip(axes, (3, 4), strict=True):
        counts = writes(kernel, 2, 6)[:11, :11].astype(int)
        plots.number_grid(counts, ax=ax, cmap="Greys", limits=(0, 6))
        ax.set_title(_("kernel {size}, stride 2", size=f"{kernel}×{kernel}"))
    note(
        fig,
        _("Choose kernels that the stride divides (Odena et al. 2016, 10.23915/distill.00003)."),
    )
    return fig


def writes(kernel: int, stride: int, size: int) -> np.ndarray:
    """How many products each output pixel adds up: a transposed convolution of ones with ones."""
    from keras.layers import Conv2DTranspose

    layer = Conv2DTranspose(1, kernel, stride, use_bias=False, kernel_initializer="ones")
    return run(layer, np.ones((size, size)))[..., 0]
