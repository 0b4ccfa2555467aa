"""Check the images given to a method, and convert them to one array per input."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerascnn._checks import check_count, refuse_path
from kerascnn._errors import unknown
from kerascnn._graph import Graph, Node, input_names
from kerascnn._rescaling import warn_of_levels

from .axes import check_channels_last, has_channels

Images = np.ndarray | Sequence[np.ndarray] | Mapping[str, np.ndarray]
# An array; for several inputs a list of arrays, or a dict. Type checkers cannot know which.
OneOrAll = np.ndarray | Any


def check_images(model: keras.Model, images: Images) -> list[np.ndarray]:
    """Convert images to one array per input of the model.

    Raises:
        TypeError: If images are integers but the model takes floats.
        ValueError: If rank, size or number of channels do not fit, if there are no images, or if
            a value is not finite or not one that the model's input can hold.
    """
    refuse_datasets("images", images)
    given = in_order(model, "images", images)
    count = len(model.inputs)
    if len(given) != count:
        ranks = [np.ndim(x) for x in given]
        labeled = len(ranks) == 2 and ranks[1] in (1, 2) and ranks[0] > ranks[1]
        how = "Stack images of the same input: np.stack(images)"
        if count == 1 and labeled:
            how = "Pass the images without their labels: images, labels = data"
        raise ValueError(
            f"images must be one array for each of the model's {count} input(s); "
            f"received {len(given)}. {how}."
        )
    arrays = [_check(x, t) for x, t in zip(given, model.inputs, strict=True)]
    if len({len(x) for x in arrays}) > 1:
        raise ValueError(
            "images must have the same length for each input; received "
            f"{', '.join(str(len(x)) for x in arrays)}."
        )
    for place, array in enumerate(arrays):
        if len(arrays) == 1 or array.ndim == 4:  # the scale of other numbers is their own
            warn_of_levels(model, array, place=place)
    return arrays


def in_order(model: keras.Model, what: str, given: object) -> list[Any]:
    """List what is given for each of a model's inputs: by name, in a list, or for the only one.

    Raises:
        ValueError: If the names of a dict do not fit, or if a list is given for a dict of inputs.
    """
    if isinstance(given, Mapping):
        all_names = _all_names(model)
        names = next((each for each in all_names if set(each) == set(given)), all_names[0])
        if set(given) != set(names):
            raise ValueError(
                f"{what}, as a dict, must have the names of the model's inputs as keys, {names}; "
                f"received {list(given)}."
            )
        return [given[name] for name in names]
    if not isinstance(given, (list, tuple)):
        return [given]
    if keys := keys_of(model):
        raise ValueError(
            f"{what} must be a dict, by the names of the model's inputs, "
            f"{', '.join(map(repr, keys))}, which have no order; received a "
            f"{type(given).__name__}. Use {{{keys[0]!r}: …, {keys[1]!r}: …}}."
        )
    return list(given)


def keys_of(model: keras.Model) -> list[str]:
    """Return the names of the inputs of a model that was built with a dict of several, else [].

    Keras sorts them, so that in a list they would be in another order than in the dict.
    """
    by_name = len(model.inputs) > 1 and _has_dict(getattr(model, "_inputs_struct", None))
    return _all_names(model)[0] if by_name else []


def _has_dict(structure: object) -> bool:
    inside = isinstance(structure, (list, tuple)) and any(map(_has_dict, structure))
    return inside or isinstance(structure, dict)


def refuse_datasets(name: str, images: object) -> None:
    """Reject data sets and files, and explain how to take images from them.

    Raises:
        TypeError: If `images` is a data set, a generator or the path of a file.
    """
    refuse_path(name, images)
    if hasattr(images, "element_spec") or hasattr(images, "__next__"):
        how = f"{name}, labels = next(iter(dataset))"
    elif isinstance(images, keras.utils.PyDataset):
        how = f"{name}, labels = dataset[0]"
    elif hasattr(images, "train") and hasattr(images, "class_names"):
        how = f"{name}, labels = dataset.test"
    else:
        return
    raise TypeError(
        f"{name} must be an array (N, H, W, C); received {type(images).__name__}. Take a batch "
        f"from it: {how}."
    )


def _all_names(model: keras.Model) -> list[list[str]]:
    """List the names by which a model's inputs can be given, each in the order of the inputs.

    They are the keys of the dict that the model was built with, the names of the input layers, and
    those of the tensors, which Keras's own methods take.
    """
    found = [input_names(model), [tensor.name for tensor in model.inputs]]
    built_with = getattr(model, "_inputs_struct", None)
    if isinstance(built_with, dict):
        keys = {id(tensor): key for key, tensor in built_with.items()}
        if all(id(tensor) in keys for tensor in model.inputs):
            found.insert(0, [keys[id(tensor)] for tensor in model.inputs])
    return found


def image_input(model: keras.Model, graph: Graph, which: int | str | None = None) -> int:
    """Find the input that takes images (N, H, W, C), part of which is masked or cut out.

    Args:
        model: any functional or sequential model.
        graph: the model's graph.
        which: its position among the inputs, or its name; `None`: the only one that takes images.

    Returns:
        Its position among the inputs.

    Raises:
        TypeError, ValueError: If there is no such input, it takes no images, its channels are not
            on the last axis, or `which` is `None` and there are several.
    """
    names = _all_names(model)[0]
    images = [i for i, tensor in enumerate(model.inputs) if len(tensor.shape) == 4]
    volumes = [i for i in images if not has_channels(graph, graph.inputs[i])]
    images = [i for i in images if i not in volumes]
    if not images:
        shapes = ", ".join(str(tuple(tensor.shape[1:])) for tensor in model.inputs)
        bare = ", volumes (N, D, H, W) without channels" * bool(volumes)
        how, (_batch, *own) = "", model.inputs[0].shape
        if len(model.inputs) == 1 and len(own) == 2 and not has_channels(graph, graph.inputs[0]):
            how = (
                " For images without channels, use keras.Model(x, model(x[..., 0])) with x = "
                f"keras.Input({(*own, 1)}), and images[..., None]."
            )
        raise ValueError(f"model must take images, (N, H, W, C); it takes {shapes}{bare}.{how}")
    if which is None:
        if len(images) > 1:
            by_name = keys_of(model)
            each = (repr(names[i]) if by_name else f"{i} ({names[i]!r})" for i in images)
            listed = ", ".join(each)
            raise ValueError(
                f"input must be given for a model with several inputs of images; it is one of "
                f"{listed}."
            )
        place = images[0]
    elif isinstance(which, str):
        known = next((each for each in _all_names(model) if which in each), names)
        if which not in known:
            raise unknown("input", which, [names[i] for i in images])
        place = known.index(which)
    elif keys_of(model):
        raise ValueError(
            f"input must be the name of one of the model's inputs, which have no order, "
            f"{', '.join(repr(names[i]) for i in images)}; received {which!r}."
        )
    else:
        place = check_count("input", which, least=0)
    if place not in images:
        raise ValueError(
            f"input must be one that takes images, (N, H, W, C), {' or '.join(map(str, images))}; "
            f"received {which!r}."
        )
    check_channels_last(graph, graph.inputs[place : place + 1])
    return place


def check_sees(graph: Graph, node: Node, place: int, otherwise: str = "another input") -> None:
    """Check that a layer depends on an input.

    Args:
        graph: the model's graph.
        node: the layer.
        place: position of the input among the inputs.
        otherwise: what to choose instead of another layer, for the error.

    Raises:
        ValueError: If it does not.
    """
    key = graph.inputs[place]
    if not any(key in (*n.inputs, *n.outputs) for n in graph.leading_to(node.outputs)):
        raise ValueError(
            f"layer must see the input {graph.maker(key).name!r}; {node.name!r} does not. Choose "
            f"another layer, or {otherwise}."
        )


def _check(images: np.ndarray, expected: keras.KerasTensor) -> np.ndarray:
    images = np.asarray(images)
    shape = tuple(expected.shape[1:])
    wanted = "(N, " + ", ".join("any" if n is None else str(n) for n in shape) + ")"
    if images.dtype.kind in "OUS":
        raise TypeError(f"images must be an array of numbers; received {images.dtype}.")
    takes_floats = keras.backend.is_float_dtype(expected.dtype)
    if not takes_floats and images.dtype.kind == "f":
        raise TypeError(
            f"images must be {expected.dtype}, as the model expects; received {images.dtype}, "
            "which would be truncated. Use 0 … 255 if the model rescales its input."
        )
    if takes_floats and images.dtype.kind != "f" and len(shape) == 1:
        raise TypeError(
            f"images must be float, as the model takes them; received {images.dtype}. Use "
            ".astype('float32') for the indices of words and the like, or scale pixels as in "
            "training, for example images / 255."
        )
    if takes_floats and images.dtype.kind != "f":
        raise TypeError(
            "images must be float, in the range the model was trained on; "
            f"received {images.dtype}. Preprocess them as in training, for example "
            "images / 255, or images.astype('float32') if the model rescales its input."
        )
    fits = images.ndim == len(shape) + 1 and all(
        n in (None, m) for n, m in zip(shape, images.shape[1:], strict=True)
    )
    if not fits:
        one = " A single image needs a batch axis: images[None]." * (images.ndim == len(shape))
        raise ValueError(f"images must have the shape {wanted}; received {images.shape}.{one}")
    if not len(images):
        raise ValueError(f"images must contain at least one image; received {images.shape}.")
    if not takes_floats and (least_and_most := beyond(images, expected.dtype)):
        raise ValueError(
            f"images must be {least_and_most}, as the model expects; received {images.min()} to "
            f"{images.max()}, which would wrap around. Rescale them, or give the model's input "
            "another dtype."
        )
    # Keras casts to each layer's compute dtype; here only float64 is converted.
    with np.errstate(over="ignore"):
        cast = images.astype(expected.dtype, copy=False)
    if takes_floats and not np.isfinite(cast).all():
        raise ValueError(
            "images must be finite; received NaN or infinity. Check for division by 0."
        )
    return cast


def beyond(values: np.ndarray, dtype: str) -> str:
    """Say what whole numbers a type holds, "uint8 from 0 to 255", if values are beyond, else ""."""
    if np.issubdtype(dtype, np.integer) and values.size:
        least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
        if values.min() < least or values.max() > most:
            return f"{dtype} from {least} to {most}"
    return ""


def is_kept(x: Any) -> bool:
    """Return whether an input, an array or a tensor, is of whole numbers or truth values.

    They have no gradient, and methods that change the images keep them as they are.
    """
    return not keras.backend.is_float_dtype(keras.backend.standardize_dtype(x.dtype))


def one_or_all(model: keras.Model, arrays: list[np.ndarray]) -> OneOrAll:
    """Return the only array; for several inputs, a list, or a dict if the model takes one."""
    if len(arrays) == 1:
        return arrays[0]
    keys = keys_of(model)
    return dict(zip(keys, arrays, strict=True)) if keys else arrays
