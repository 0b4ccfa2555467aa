"""Checks and sizes shared by layers that slide a window."""

from collections.abc import Iterable


def check_window(layer: str, window: tuple[int, int], input_shape: tuple) -> None:
    """Check that the input maps are at least as large as a layer's window.

    Args:
        layer: name of the layer, for the message.
        window: height and width of its window in pixels.
        input_shape: (N, H, W, C); unknown sizes (`None`) are not checked.

    Raises:
        ValueError: If the maps are smaller than the window.
    """
    sizes = tuple(input_shape[1:3])
    if any(size is not None and size < extent for size, extent in zip(sizes, window, strict=True)):
        raise ValueError(
            f"the maps must be at least {window[0]}x{window[1]} pixels, the window of {layer!r}; "
            f"received {sizes[0]}x{sizes[1]}. Use larger maps or a smaller window."
        )


def output_sizes(
    sizes: Iterable[int | None], window: tuple[int, int], strides: tuple[int, int], padding: str
) -> tuple[int | None, ...]:
    """Compute the output height and width of a sliding window, as Keras does.

    Unknown sizes (`None`) stay unknown.

    >>> output_sizes((7, None), (3, 3), (2, 2), "valid")
    (3, None)
    """
    if padding == "same":
        return tuple(size and -(-size // s) for size, s in zip(sizes, strides, strict=True))
    axes = zip(sizes, window, strides, strict=True)
    return tuple(size and (size - extent) // s + 1 for size, extent, s in axes)
