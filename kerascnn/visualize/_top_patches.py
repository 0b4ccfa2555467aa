"""Image patches that excite a unit most (Zeiler & Fergus 2013, arXiv:1311.2901, Fig. 2)."""

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, lcm
from typing import Any

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_count
from kerascnn._describe import receptive_fields
from kerascnn._graph import Graph, Node, run
from kerascnn._progress import progress

from ._engine.axes import graph_of
from ._engine.batches import in_batches
from ._engine.compile import compiled, specs
from ._engine.finite import warn_of_not_finite
from ._engine.images import check_images, check_sees, image_input
from ._engine.layers import LayerLike, count_units, select_layer


@dataclass(frozen=True)
class TopPatches:
    """The patches of a data set that excite the units of a layer most, strongest first.

    Attributes:
        units: (U,) channel indices.
        patches: (U, count, h, w, C) patches, in the range of the images; 0 where the receptive
            field extends beyond the border of the image.
        activations: (U, count) float32 activations.
        images: (U, count) indices of the images in the data set.
        origins: (U, count, 2) row and column of each patch's upper left corner in the image,
            negative where it lies beyond the border.
        boxes: (U, count, 4) top, left, bottom and right of the receptive field inside the image,
            in pixels; bottom and right are exclusive.
    """

    units: np.ndarray
    patches: np.ndarray
    activations: np.ndarray
    images: np.ndarray
    boxes: np.ndarray
    origins: np.ndarray

    def cut(self, pictures: np.ndarray) -> np.ndarray:
        """Crop the same patches from other versions of the images.

        Args:
            pictures: (U, count, H, W, C), one image per patch, of the same size as the original
                images, such as reconstructions by `deconvnet`.

        Returns:
            (U, count, h, w, C), like `patches`; 0 beyond the border.

        Raises:
            ValueError: If there is not one image per patch.
        """
        pictures = np.asarray(pictures)
        if pictures.ndim != 5 or pictures.shape[:2] != self.images.shape:
            units, count = self.images.shape
            raise ValueError(
                f"pictures must have the shape ({units}, {count}, H, W, C), one image per patch; "
                f"received {pictures.shape}."
            )
        patches = np.zeros((*self.patches.shape[:4], pictures.shape[-1]), pictures.dtype)
        for which in np.ndindex(self.images.shape):
            top, left, bottom, right = self.boxes[which]
            y, x = self.origins[which]
            inside = pictures[which][top:bottom, left:right]
            patches[which][top - y : bottom - y, left - x : right - x] = inside
        return patches


def top_patches(
    model: keras.Model,
    images: np.ndarray | Iterable[np.ndarray],
    layer: LayerLike = None,
    *,
    units: int | Sequence[int] | np.ndarray | None = None,
    count: int = 9,
    input: int | str | None = None,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> TopPatches:
    """Find the patches of a data set that excite the units of a layer most.

    Each image contributes only the position where a unit is excited most, as in the paper. A patch
    is the unit's theoretical receptive field, or the union of the receptive fields of parallel
    branches. The data set is read once, and only the best patches are kept.

    Limitations: a unit depends more on the center of its receptive field than on the edges, and it
    is easy to read too much into what the best patches have in common. Look at weaker ones too.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on, or an iterable of
            such batches, all of the same size. Labels, as in (images, labels) or
            [images, labels], are ignored. For a model with several inputs, a list, tuple or dict
            of arrays takes the place of one array, so that labels come as ([a, b], labels); a dict
            may also be of one input.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        units: channel index or indices; `None`: all. Many units with large receptive fields need
            a lot of memory: U · count · h · w · C · 4 bytes.
        count: number of patches per unit; fewer if there are fewer images.
        input: which of several inputs the patches are cut from, by its position or name; `None`:
            the only one that takes images.
        batch_size: number of images per batch.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        A `TopPatches` with the patches, their activations and their positions.

    Raises:
        TypeError, ValueError: If arguments do not fit, or if the receptive field of the layer is
            unknown.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> digits = np.random.default_rng(0).random((20, 28, 28, 1))
    >>> best = kc.visualize.top_patches(model, digits, "c3", units=[3, 5], count=4)
    >>> best.patches.shape, best.boxes.shape
    ((2, 4, 14, 14, 1), (2, 4, 4))
    """
    graph = graph_of(model)
    place = image_input(model, graph, input)
    node = select_layer(graph, layer)
    check_sees(graph, node, place)
    chosen = _check_units(units, node)
    count, batch_size = check_count("count", count), check_count("batch_size", batch_size)
    batches, total = _batches(images, batch_size, len(graph.inputs))
    sizes: list[tuple[int, ...]] = []
    axes: list[_Axis] = []
    top: tuple[np.ndarray, ...] = ()
    patches, number = {}, 0
    with progress("Top patches", total, verbose) as advance:
        for batch in batches:
            arrays = check_images(model, batch)
            batch, own = arrays[place], [x.shape[1:] for x in arrays]
            if not sizes:
                sizes, axes = own, _axes(model, graph, node, own, place)
            if own != sizes:
                raise ValueError(
                    f"images must all have the size of the first image, {_listed(sizes)}; received "
                    f"{_listed(own)}. Resize them, or process each size separately."
                )
            activations, places = _strongest(model, graph, node, arrays, batch_size)
            warn_of_not_finite([activations], image=np.arange(number, number + len(batch)))
            seen = [axis.seen(places[:, chosen, i]) for i, axis in enumerate(axes)]
            which = np.arange(number, number + len(batch))[:, None].repeat(len(chosen), axis=1)
            top = _merge(top, (activations[:, chosen], which, *seen), count)
            patches = {
                (unit, image): patches[unit, image]
                if image < number
                else _cut(batch[image - number], spans, axes)
                for unit, of_unit in enumerate(zip(*top[1:], strict=True))
                for image, *spans in zip(*of_unit, strict=True)
            }
            number += len(batch)
            advance()
    if not number:
        raise ValueError("images must contain at least one image; received none.")
    activations, which, *seen = list(top)
    stacked = np.array([[patches[unit, i] for i in row] for unit, row in enumerate(which)])
    origins = np.stack([a.origin(spans[..., 0]) for spans, a in zip(seen, axes, strict=True)], -1)
    seen = [spans.clip(0, axis.size) for spans, axis in zip(seen, axes, strict=True)]
    boxes = np.stack(seen, axis=-1).reshape(*which.shape, 4)
    return TopPatches(chosen, stacked, activations, which, boxes, origins)


def _strongest(
    model: keras.Model, graph: Graph, node: Node, images: Sequence[np.ndarray], batch_size: int
) -> list[np.ndarray]:
    """Compute the maximum activation of each unit, (N, K), and its row and column, (N, K, 2)."""
    name = node.name

    def strongest(graph: Graph, *images) -> list:
        key = graph.node(name).outputs[0]
        maps = ops.cast(graph.evaluate(list(images), run, until=(key,))[key], "float32")
        maps = maps if len(maps.shape) == 4 else maps[:, None, None]  # a dense layer
        _n, height, width, channels = ops.shape(maps)
        maps = ops.reshape(maps, (-1, height * width, channels))
        place = ops.argmax(maps, axis=1)
        return [ops.max(maps, axis=1), ops.stack([place // width, place % width], axis=-1)]

    step = compiled(model, graph, ("strongest", name), strongest, specs(images))
    return in_batches(step, images, batch_size, check=False)


def _merge(
    top: tuple[np.ndarray, ...], found: tuple[np.ndarray, ...], count: int
) -> tuple[np.ndarray, ...]:
    """Merge the strongest patches so far, (U, count, …), with new ones, (N, U, …)."""
    found = tuple(array.swapaxes(0, 1) for array in found)
    if top:
        found = tuple(np.concatenate(pair, axis=1) for pair in zip(top, found, strict=True))
    order = np.argsort(-found[0], axis=1, kind="stable")[:, :count]  # ties: the first
    return tuple(array[np.arange(len(order))[:, None], order] for array in found)


@dataclass(frozen=True)
class _Axis:
    """Along an axis, the unit at position p sees pixels start + p·stride to end + p·stride.

    After upsampling these are fractions of pixels, and the receptive field is rounded outwards.
    """

    size: int  # size of the image
    start: Fraction
    end: Fraction
    stride: Fraction

    @property
    def parts(self) -> int:
        """The common denominator of start, end and stride."""
        return lcm(*(Fraction(n).denominator for n in (self.start, self.end, self.stride)))

    @property
    def extent(self) -> int:
        """The size of a patch that covers the receptive field of any unit inside the image."""
        return min(ceil(self.end - self.start) + 1 + (self.parts > 1), self.size)

    def origin(self, first: np.ndarray) -> np.ndarray:
        """Return where the patch starts for a receptive field that starts at `first`."""
        return first * (self.extent != self.size)

    def seen(self, places: np.ndarray) -> np.ndarray:
        """Return start and end of receptive fields, (…, 2), also beyond the border."""
        start, end, stride = (int(n * self.parts) for n in (self.start, self.end, self.stride))
        first = (start + places * stride) // self.parts
        last = -((-end - places * stride) // self.parts)
        return np.stack([first, last + 1], axis=-1)


def _axes(
    model: keras.Model, graph: Graph, node: Node, sizes: Sequence[tuple[int, ...]], place: int
) -> list[_Axis]:
    fields, size = receptive_fields(model, sizes, only=place), sizes[place]
    field = fields[node.name]
    if isinstance(field, str):  # WHOLE
        return [_Axis(n, Fraction(0), Fraction(n - 1), Fraction(0)) for n in size[:2]]
    if field is None:
        first = next(n for n in graph.leading_to(node.outputs) if fields[n.name] is None)
        raise ValueError(
            f"layer must have a known receptive field; that of {node.name!r} is unknown, because "
            f"that of {first.name!r} cannot be determined. Choose a layer before that."
        )
    return [_Axis(n, f.start, f.end, f.stride) for n, f in zip(size, field, strict=False)]


def _cut(image: np.ndarray, spans: Sequence[np.ndarray], axes: Sequence[_Axis]) -> np.ndarray:
    """Crop a patch (h, w, C) from an image, with 0 beyond the border."""
    patch = np.zeros((*(axis.extent for axis in axes), image.shape[-1]), image.dtype)
    pixels, into = [], []
    for (first, stop), axis in zip(spans, axes, strict=True):
        origin = axis.origin(first)
        inside = np.clip([first, stop], 0, axis.size)
        pixels.append(slice(*inside))
        into.append(slice(*(inside - origin)))
    patch[tuple(into)] = image[tuple(pixels)]
    return patch


def _listed(sizes: Sequence[tuple[int, ...]]) -> str:
    return " and ".join(map(str, sizes))


def _batches(images: Any, batch_size: int, inputs: int) -> tuple[Iterable, int | None]:
    """Return the batches, and their number if it is known."""
    pair = isinstance(images, (tuple, list)) and len(images) == 2
    if inputs > 1 or isinstance(images[0] if pair else images, Mapping):
        return _batches_of_several(images, batch_size, inputs)
    if pair and getattr(images[1], "ndim", None) in (1, 2):  # labels, also one-hot
        images = images[0]
    if hasattr(images, "shape"):
        starts = range(0, len(images), batch_size)
        return (images[start : start + batch_size] for start in starts), len(starts)
    if not isinstance(images, Iterable):
        raise TypeError(
            f"images must be an array (N, H, W, C) or an iterable of arrays; received {images!r}."
        )
    total = len(images) if isinstance(images, Sized) else None
    return (batch[0] if isinstance(batch, (tuple, list)) else batch for batch in images), total


def _batches_of_several(images: Any, batch_size: int, inputs: int) -> tuple[Iterable, int | None]:
    """Return batches as `_batches` does, for a model with several inputs, or of dicts."""

    several = (tuple, list, Mapping)

    def unlabeled(given: Any) -> Any:
        pair = isinstance(given, (tuple, list)) and len(given) == 2
        return given[0] if pair and isinstance(given[0], several) else given

    batched = isinstance(images, (tuple, list)) and all(isinstance(x, several) for x in images)
    given = images if batched else unlabeled(images)
    arrays = list(given.values()) if isinstance(given, Mapping) else given
    if isinstance(given, Mapping) and not all(hasattr(a, "shape") for a in arrays):
        kinds = ", ".join(f"{type(a).__name__} for {name!r}" for name, a in given.items())
        raise TypeError(f"images, as a dict, must have an array for each input; received {kinds}.")
    if not (isinstance(arrays, (tuple, list)) and all(hasattr(a, "shape") for a in arrays)):
        if not isinstance(images, Iterable):
            raise TypeError(
                f"images must be {inputs} arrays or an iterable of such batches; received "
                f"{images!r}."
            )
        total = len(images) if isinstance(images, Sized) else None
        return (unlabeled(batch) for batch in images), total
    starts = range(0, max(map(len, arrays), default=0), batch_size)
    cut = keras.tree.map_structure
    return (
        cut(lambda array, start=start: array[start : start + batch_size], given) for start in starts
    ), len(starts)


def _check_units(units: int | Sequence[int] | np.ndarray | None, node: Node) -> np.ndarray:
    shape = node.shapes[0]
    if len(shape) not in (2, 4):
        raise ValueError(
            f"layer must output maps (N, h, w, K) or values (N, K); {node.name!r} has output shape "
            f"{shape}."
        )
    channels = count_units(node)
    if units is None:
        return np.arange(channels)
    indices = np.atleast_1d(units)
    if indices.dtype.kind not in "iu" or indices.ndim > 1 or not len(indices):
        raise TypeError(f"units must be a channel index or a list of them; received {units!r}.")
    wrong = indices[(indices < 0) | (indices >= channels)]
    if len(wrong):
        raise ValueError(
            f"units must be from 0 to {channels - 1}, the channels of {node.name!r}; "
            f"received {wrong[0]}."
        )
    return indices
