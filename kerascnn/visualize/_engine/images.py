"""Check the images given to a method, and convert them to one array per input."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from kerascnn._graph import Graph
from kerascnn._rescaling import warn_of_levels

from .axes import check_channels_last

Images = np.ndarray | Sequence[np.ndarray] | Mapping[str, np.ndarray]


def check_images(model: keras.Model, images: Images) -> list[np.ndarray]:
    """Convert images to one array per input of the model.

    Raises:
        TypeError: if images are integers but the model takes floats.
        ValueError: if rank, size or number of channels do not fit, if there are no images, or if
            a value is not finite.
    """
    names = [tensor.name for tensor in model.inputs]
    if isinstance(images, Mapping):
        if set(images) != set(names):
            raise ValueError(
                f"images, as a dict, must have the names of the model's inputs as keys, {names}; "
                f"received {list(images)}."
            )
        images = [images[name] for name in names]
    refuse_datasets("images", images)
    given = list(images) if isinstance(images, (list, tuple)) else [images]
    if len(given) != len(names):
        raise ValueError(
            f"images must be one array for each of the model's {len(names)} input(s); "
            f"received {len(given)}. Stack images of the same input: np.stack(images)."
        )
    arrays = [_check(x, t) for x, t in zip(given, model.inputs, strict=True)]
    if len({len(x) for x in arrays}) > 1:
        raise ValueError(
            "images must have the same length for each input; received "
            f"{', '.join(str(len(x)) for x in arrays)}."
        )
    warn_of_levels(model, arrays[0])
    return arrays


def refuse_datasets(name: str, images: object) -> None:
    """Reject data sets, and explain how to take images from them.

    Raises:
        TypeError: if `images` is a data set or a generator.
    """
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


def check_one_image(model: keras.Model, graph: Graph) -> None:
    """Check that a model has one input, images (N, H, W, C).

    Raises:
        ValueError: if it has several inputs, or one that is not an image.
    """
    check_channels_last(graph)
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 3:
        raise ValueError(
            "model must have one input, images (N, H, W, C); it has "
            f"{', '.join(map(str, shapes))}. Keep other inputs constant: "
            "keras.Model(images, model([images, constant]))."
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
    # Keras casts to each layer's compute dtype; here only float64 is converted.
    with np.errstate(over="ignore"):
        cast = images.astype(expected.dtype, copy=False)
    if takes_floats and not np.isfinite(cast).all():
        raise ValueError(
            "images must be finite; received NaN or infinity. Check for division by 0."
        )
    return cast


def one_or_all(arrays: list[np.ndarray]) -> np.ndarray | list[np.ndarray]:
    """Return the only array, or the list of arrays if there are several inputs."""
    return arrays[0] if len(arrays) == 1 else arrays
