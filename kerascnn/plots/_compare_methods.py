"""Explanations of the same images by several methods, side by side."""

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from kerascnn._errors import unknown
from kerascnn._text import text as _

from ._check import array, in_words, pictures
from ._image_grid import NORMALIZE
from ._mosaic import check_titles
from ._overlay import draw_heat
from ._ranges import around_grey, strongest
from ._style import colormap
from ._table import Table, outline, table

CLIP = 99.0  # percentile, as in Smilkov 2017, Sec. 3.1: a few pixels would outshine all others


def compare_methods(
    images: ArrayLike,
    maps: Mapping[str, np.ndarray],
    *,
    labels: Sequence[str] | Sequence[int] | None = None,
    class_names: Sequence[str] | None = None,
    normalize: str = "each",
    clip: float = CLIP,
    overlay: bool | Collection[str] | None = None,
    gray: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw one row per image and one column per method, with the image first.

    - Maps (N, h, w) that are coarser than the images are overlaid on them, as by `overlay`.
    - Maps (N, H, W) of the same size are drawn on their own: white on black, or red and blue
      around 0 if there are negative values.
    - Gradients (N, H, W, C) are shown as images, with mid-gray for 0.

    Each map has its own scale, so that its structure is visible. Values can be compared within a
    map, not between methods.

    Args:
        images: (N, H, W), (N, H, W, 1) or (N, H, W, 3), float in [0, 1] or uint8, before
            preprocessing.
        maps: dict from each method's name to its (N, h, w) maps or (N, h, w, C) gradients, C = 1 or
            3, raw values in any range; or to the result of
            `kerascnn.visualize.integrated_gradients`. The names of kerascnn's functions are shown
            as the usual names of the methods: "grad_cam" as "Grad-CAM".
        labels: N texts to the left of the rows, such as class and score, or class indices, such as
            the targets.
        class_names: the names of the classes, shown in place of their indices.
        normalize: "each" scales each map on its own; "all" scales all maps of a method together.
        clip: percentile of the absolute values that gets the strongest color; 100 is the largest
            value.
        overlay: whether to overlay the maps on the image, or the names of the methods to overlay;
            `None` overlays those that are coarser than the image.
        gray: whether to show gradients as the largest absolute value over the channels (Simonyan
            2013, Sec. 3.1), white on black, rather than in color.
        ax: Axes to draw on; `None` creates a new figure that is large enough.

    Returns:
        The Axes; one unit is the longer side of an image.

    Raises:
        TypeError: If an array is not numeric, or `maps` is not a dict.
        ValueError: If a shape or the number of maps or labels is wrong, a value is NaN, images are
            outside [0, 1], or an option is unknown.

    >>> import matplotlib.pyplot as plt
    >>> ax = compare_methods(np.zeros((2, 8, 8)), {"grad_cam": np.ones((2, 2, 2))})
    >>> [text.get_text() for text in ax.texts]
    ['input', 'Grad-CAM']
    >>> plt.close(ax.figure)
    """
    images = pictures("images", images, "N", advice="pass the images from before preprocessing")
    maps = _checked(maps, images)
    if labels is not None:
        check_titles("labels", labels, len(images))
        labels = [str(one) for one in in_words("labels", labels, class_names) or ()]
    if normalize not in NORMALIZE:
        raise unknown("normalize", normalize, NORMALIZE)
    if not 0 < clip <= 100:
        raise ValueError(f"clip must be a percentile above 0, up to 100; received {clip}")
    if overlay is not None and not isinstance(overlay, bool):
        overlay = {overlay} if isinstance(overlay, str) else set(overlay)
        for name in overlay - set(maps):
            raise unknown("overlay", name, maps)

    titles = [_("input"), *map(method_name, maps)]
    above = [titles] + [[]] * (len(images) - 1)
    places = table(ax, images.shape[1:3], above, labels)
    for row, image in enumerate(images):
        places.show(row, 0, image)
    for column, (name, values) in enumerate(maps.items(), start=1):
        if values.ndim == 4 and gray:
            values = np.abs(values).max(axis=-1)
        if overlay is None:
            over = values.ndim == 3 and math.prod(values.shape[1:]) < math.prod(images.shape[1:3])
        else:
            over = overlay if isinstance(overlay, bool) else name in overlay
        whole = strongest(values, clip)
        signed = bool(values.min() < 0)
        for row, one in enumerate(values):
            limit = whole if normalize == "all" else strongest(one, clip)
            _draw(places, row, column, images[row], one, limit, signed, over)
    return places.ax


def _draw(
    places: Table,
    row: int,
    column: int,
    image: np.ndarray,
    values: np.ndarray,
    limit: float,
    signed: bool,
    over: bool,
) -> None:
    if values.ndim == 3:
        shown = around_grey(values, limit)
        places.show(row, column, shown[..., 0] if shown.shape[-1] == 1 else shown)
    elif over:
        extent = places.extent(row, column, image)
        draw_heat(places.ax, image, values, extent=extent, limit=limit, signed=signed)
    else:
        limit = limit or 1.0  # all values are 0
        scale = {"vmin": -limit if signed else 0, "vmax": limit}
        places.show(row, column, values, cmap=colormap("signed") if signed else "gray", **scale)
        if signed:
            outline(places.ax, places.extent(row, column, values))


def _checked(maps: Mapping[str, np.ndarray], images: np.ndarray) -> dict[str, np.ndarray]:
    if not isinstance(maps, Mapping):
        raise TypeError(
            "maps must be a dict from method names to maps; received"
            f" {type(maps).__name__}: pass {{'grad_cam': maps}}"
        )
    if not maps:
        raise ValueError("maps must contain at least one method; received none")
    checked = {}
    for name, values in maps.items():
        what = f"maps[{name!r}]"
        values = getattr(values, "attributions", values)  # of integrated gradients
        values = array(what, values, "(N, h, w), or (N, h, w, C) for gradients", (3, 4))
        if len(values) != len(images):
            raise ValueError(
                f"{what} must contain one map for each of {len(images)} images; received"
                f" {len(values)}"
            )
        if values.ndim == 4 and values.shape[-1] not in (1, 3):
            raise ValueError(
                f"{what} must have 1 or 3 channels; received shape {values.shape}: reduce them,"
                " such as by .mean(axis=-1)"
            )
        checked[name] = values.astype(np.float64)
    return checked


def method_name(name: str) -> str:
    names = {
        "saliency": _("saliency"),
        "smooth_grad": "SmoothGrad",
        "integrated_gradients": _("integrated gradients"),
        "gradient_times_input": _("gradient × input"),
        "expected_gradients": _("expected gradients"),
        "blur_integrated_gradients": "Blur IG",
        "deep_lift": "DeepLIFT",
        "lrp": "LRP",
        "guided_backprop": _("guided backpropagation"),
        "deconvnet": _("deconvnet"),
        "occlusion": _("occlusion"),
        "rise": "RISE",
        "grad_cam": "Grad-CAM",
        "guided_grad_cam": "Guided Grad-CAM",
        "grad_cam_plus_plus": "Grad-CAM++",
        "layer_cam": "LayerCAM",
        "hires_cam": "HiResCAM",
        "score_cam": "Score-CAM",
        "ablation_cam": "Ablation-CAM",
        "eigen_cam": "Eigen-CAM",
        "finer_cam": "Finer-CAM",
        "attention_rollout": _("attention rollout"),
        "attention_relevance": _("attention relevance"),
    }
    return names.get(name, str(name).replace("_", " "))
