"""The arithmetic of convolutional networks: sizes, padding, parameters, MACs, receptive fields.

Pure Python, one axis at a time. Numeric padding follows the theory (Dumoulin & Visin 2016,
arXiv:1603.07285); "valid" and "same" follow Keras and TensorFlow. Where the two differ, both are
available: `conv_output_size` rounds down, `exact_output_size` does not round, and `unseen_size`
counts the pixels that are lost by rounding down.

>>> conv_output_size(227, kernel=11, stride=4)  # AlexNet's first layer
55
>>> exact_output_size(224, kernel=11, stride=4)  # with the input size given in its paper
Fraction(217, 4)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, gcd, lcm

from ._checks import check_count, is_whole
from ._errors import unknown

Padding = int | str
PADDINGS = ("valid", "same", "causal")
Span = tuple[int, int]


def effective_kernel(kernel: int, dilation: int = 1) -> int:
    """Compute the extent of a dilated kernel: d·(k − 1) + 1.

    >>> effective_kernel(3, dilation=2)
    5
    """
    _positive(kernel=kernel, dilation=dilation)
    return dilation * (kernel - 1) + 1


def conv_output_size(
    size: int, kernel: int, stride: int = 1, padding: Padding = 0, dilation: int = 1
) -> int:
    """Compute the output size of a convolution or pooling along one axis, as Keras does.

    Args:
        size: input size in pixels.
        kernel: kernel size in pixels.
        stride: step of the window in pixels.
        padding: number of pixels added on each side, or "valid" (none), "same" (output of size /
            stride, rounded up) or "causal" (all padding comes first, so that outputs do not depend
            on later pixels).
        dilation: distance between the elements of the kernel in pixels.

    Returns:
        floor((i + 2p − k_eff) / s) + 1 (Dumoulin & Visin 2016, relationship 6).

    Raises:
        ValueError: If an argument is out of range, or the kernel is larger than the padded input.

    >>> conv_output_size(7, kernel=3, stride=3)  # 2.33 windows fit, rounded down
    2
    >>> conv_output_size(224, kernel=7, stride=2, padding="same")
    112
    """
    before, after = padding_sizes(size, kernel, stride, padding, dilation)
    span = size + before + after - effective_kernel(kernel, dilation)
    if span < 0:
        raise ValueError(
            f"kernel must fit into the input: it covers {effective_kernel(kernel, dilation)} "
            f"pixels, the padded input has {size + before + after}. "
            "Use a larger input, a smaller kernel or more padding."
        )
    return span // stride + 1


def exact_output_size(
    size: int, kernel: int, stride: int = 1, padding: Padding = 0, dilation: int = 1
) -> Fraction:
    """Compute (i + 2p − k_eff) / s + 1 without rounding: an integer if the windows fit exactly.

    A fraction means that, in theory, this convolution is not possible.

    >>> exact_output_size(7, kernel=3, stride=3)
    Fraction(7, 3)
    """
    before, after = padding_sizes(size, kernel, stride, padding, dilation)
    return Fraction(size + before + after - effective_kernel(kernel, dilation), stride) + 1


def unseen_size(
    size: int, kernel: int, stride: int = 1, padding: Padding = 0, dilation: int = 1
) -> int:
    """Count the pixels at the far edge of the input that no window covers.

    This is the remainder a = (i + 2p − k_eff) mod s of Dumoulin & Visin 2016, without the pixels of
    the padding.

    >>> unseen_size(7, kernel=3, stride=3)
    1
    """
    before, _after = padding_sizes(size, kernel, stride, padding, dilation)
    windows = conv_output_size(size, kernel, stride, padding, dilation)
    end = (windows - 1) * stride + effective_kernel(kernel, dilation)
    return max(before + size - end, 0)


def same_padding(size: int, kernel: int, stride: int = 1, dilation: int = 1) -> tuple[int, int]:
    """Compute how many zeros TensorFlow's "same" padding adds before and after, along one axis.

    The total is max((o − 1)·s + k_eff − i, 0); if it is odd, the additional zero comes at the
    bottom and right ("Notes on padding" in the documentation of tf.nn). PyTorch and Caffe pad both
    sides equally, which leads to the same shape but shifted windows.

    >>> same_padding(224, kernel=7, stride=2)
    (2, 3)
    """
    _positive(size=size, stride=stride)
    output = -(-size // stride)
    total = max((output - 1) * stride + effective_kernel(kernel, dilation) - size, 0)
    return total // 2, total - total // 2


def padding_sizes(
    size: int, kernel: int, stride: int = 1, padding: Padding = 0, dilation: int = 1
) -> tuple[int, int]:
    """Convert a padding (a number, "valid", "same" or "causal") to pixels before and after.

    >>> padding_sizes(7, kernel=3, padding=1)
    (1, 1)
    """
    _positive(size=size, kernel=kernel, stride=stride, dilation=dilation)
    if padding == "same":
        return same_padding(size, kernel, stride, dilation)
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return effective_kernel(kernel, dilation) - 1, 0
    pixels = _checked_padding(padding)
    return pixels, pixels


def pool_output_size(
    size: int,
    pool: int,
    stride: int | None = None,
    padding: Padding = "valid",
    *,
    ceil: bool = False,
) -> int:
    """Compute the output size of a pooling layer along one axis.

    Args:
        size: input size in pixels.
        pool: size of the window in pixels.
        stride: step in pixels; defaults to `pool`.
        padding: as for `conv_output_size`. Keras ignores padded pixels, in the maximum as well as
            in the average.
        ceil: whether to round up, as Caffe does, so that the last window may extend past the edge.

    >>> pool_output_size(112, 3, 2, ceil=True), pool_output_size(112, 3, 2)
    (56, 55)
    """
    stride = pool if stride is None else stride
    exact = exact_output_size(size, pool, stride, padding)
    extra = ceil and padding != "same" and exact.denominator != 1
    return conv_output_size(size, pool, stride, padding) + extra


def transposed_output_size(
    size: int,
    kernel: int,
    stride: int = 1,
    padding: Padding = 0,
    output_padding: int | None = None,
    dilation: int = 1,
) -> int:
    """Compute the output size of a transposed convolution along one axis.

    Args:
        size: input size in pixels.
        kernel: kernel size in pixels.
        stride: stride of the convolution that is transposed.
        padding: padding of that convolution. With a number, the size is that of the theory and of
            PyTorch, s·(i − 1) + a + k_eff − 2p (Dumoulin & Visin 2016, relationship 14). With
            "valid" and "same" it is Keras's, which differs: for "same", it is i·s.
        output_padding: a, the number of pixels added at the far edge; `None` is Keras's default.
        dilation: distance between the elements of the kernel in pixels.

    >>> transposed_output_size(3, kernel=3, stride=2, padding=1)
    5
    >>> transposed_output_size(3, kernel=3, stride=2, padding="same")
    6
    """
    _positive(size=size, kernel=kernel, stride=stride, dilation=dilation)
    if output_padding is not None and not 0 <= output_padding < max(stride, dilation):
        raise ValueError(
            "output_padding must be at least 0 and less than the stride or the dilation "
            f"({max(stride, dilation)}); received {output_padding!r}."
        )
    extent = effective_kernel(kernel, dilation)
    if padding == "valid":
        if output_padding is None:
            return (size - 1) * stride + max(extent, stride)
        return (size - 1) * stride + extent + output_padding
    if padding == "same":
        if output_padding is None:
            return size * stride
        return (size - 1) * stride + extent % 2 + output_padding
    pixels = _checked_padding(padding, PADDINGS[:2])
    output = stride * (size - 1) + (output_padding or 0) + extent - 2 * pixels
    if output < 1:
        raise ValueError(
            f"padding must leave an output of at least 1 pixel; received {padding}, "
            f"which leaves {output}."
        )
    return output


def conv_parameters(
    kernel: int | tuple[int, ...],
    in_channels: int,
    filters: int,
    *,
    bias: bool = True,
    groups: int = 1,
) -> int:
    """Count the parameters of a convolution: kh·kw·(C / groups)·K weights and K biases.

    Args:
        kernel: kernel size in pixels, one number for a square kernel or (kh, kw).
        in_channels: C, number of input channels.
        filters: K, number of output channels.
        bias: whether each filter has a bias.
        groups: number of groups that the channels are divided into.

    >>> conv_parameters(5, in_channels=3, filters=10)
    760
    """
    _positive(in_channels=in_channels, filters=filters, groups=groups)
    if in_channels % groups or filters % groups:
        raise ValueError(
            f"groups must divide in_channels ({in_channels}) and filters ({filters}); "
            f"received {groups}."
        )
    return _area(kernel) * (in_channels // groups) * filters + bias * filters


def conv_macs(
    output_size: int | tuple[int, ...],
    kernel: int | tuple[int, ...],
    in_channels: int,
    filters: int,
    *,
    groups: int = 1,
) -> int:
    """Count the multiply-accumulate operations (MACs) of a convolution for one image.

    The number of FLOPs is twice as high.

    Args:
        output_size: height and width of the output, or one number for a square.
        kernel, in_channels, filters, groups: as for `conv_parameters`.

    >>> conv_macs(55, kernel=11, in_channels=3, filters=96)  # AlexNet's first layer
    105415200
    """
    weights = conv_parameters(kernel, in_channels, filters, bias=False, groups=groups)
    return _area(output_size) * weights


def dense_parameters(inputs: int, units: int, *, bias: bool = True) -> int:
    """Count the parameters of a dense layer: a weight for each input and unit, and the biases.

    >>> dense_parameters(784, 10)
    7850
    """
    _positive(inputs=inputs, units=units)
    return inputs * units + bias * units


def dense_macs(inputs: int, units: int) -> int:
    """Count the multiply-accumulate operations (MACs) of a dense layer for one image.

    >>> dense_macs(4096, 1000)
    4096000
    """
    return dense_parameters(inputs, units, bias=False)


def locally_connected_parameters(
    output_size: int | tuple[int, ...],
    kernel: int | tuple[int, ...],
    in_channels: int,
    filters: int,
    *,
    bias: bool = True,
) -> int:
    """Count the parameters of a locally connected layer, a convolution without weight sharing.

    >>> locally_connected_parameters(7, kernel=3, in_channels=1024, filters=256)  # darknet's YOLO
    115618048
    """
    return _area(output_size) * conv_parameters(kernel, in_channels, filters, bias=bias)


@dataclass(frozen=True)
class ReceptiveField:
    """The receptive fields of a layer's units along one axis.

    Start with `ReceptiveField()`, a single pixel, and apply the layers one by one.

    Attributes:
        size: size in input pixels, including padding. If neighboring units differ, as after a
            transposed convolution, this is the largest size.
        stride: distance in pixels between the fields of neighboring units (product of strides).
            It is 0 if all units have the same field, and negative after a flip.
        center: center of the field of the first unit, where 0 is the center of the first pixel. If
            neighboring units differ, this is an average.
        aligned: whether all branches that lead to the layer have the same `stride` and `center`;
            the field is their union.
        spans: first and last pixel of the fields of the first units, `None` for a unit that does
            not depend on the input. They repeat for the units that follow, shifted by
            `len(spans) * stride` pixels.

    >>> ReceptiveField().window(3, stride=2, before=1).window(3)
    ReceptiveField(size=7, stride=Fraction(2, 1), center=Fraction(2, 1), aligned=True)
    """

    size: int | Fraction = 1
    stride: Fraction = Fraction(1)
    center: Fraction = Fraction(0)
    aligned: bool = True
    spans: tuple[Span | None, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Compute the spans if only the other attributes are given."""
        if not self.spans:
            reach, stride = Fraction(self.size - 1) / 2, Fraction(self.stride)
            looks = [self.center + unit * stride for unit in range(stride.denominator)]
            spans = tuple((floor(x - reach), ceil(x + reach)) for x in looks)
            object.__setattr__(self, "spans", spans)

    @staticmethod
    def of_spans(
        spans: Sequence[Span | None], step: int, *, aligned: bool = True
    ) -> ReceptiveField:
        """Make receptive fields from the spans of units.

        Args:
            spans: first and last pixel of the fields of the first units, `None` for an empty one.
            step: shift in pixels after which the spans repeat.
            aligned: as in `ReceptiveField`.

        >>> ReceptiveField.of_spans([(0, 1), (1, 1)], step=1).size  # upsampled and averaged
        2
        """
        spans = tuple(spans)
        for period in _divisors(len(spans)):  # find the shortest period
            if step * period % len(spans) == 0 and all(
                _moved(spans[i - period], step * period // len(spans)) == spans[i]
                for i in range(period, len(spans))
            ):
                spans, step = spans[:period], step * period // len(spans)
                break
        stride = Fraction(step, len(spans))
        seen = [(unit, *span) for unit, span in enumerate(spans) if span]
        looks = [Fraction(start + end, 2) - unit * stride for unit, start, end in seen]
        return ReceptiveField(
            max((end - start + 1 for _unit, start, end in seen), default=0),
            stride,
            sum(looks, Fraction(0)) / max(len(looks), 1),
            aligned,
            spans,
        )

    @property
    def start(self) -> Fraction:
        """The first pixel in the field of the first unit; negative in the padding.

        If neighboring units differ, the field of no unit u starts before start + u · stride.
        """
        starts = [s[0] - u * self.stride for u, s in enumerate(self.spans) if s]
        return min(starts, default=self.center)

    @property
    def end(self) -> Fraction:
        """The last pixel in the field of the first unit; see `start`."""
        ends = [s[1] - u * self.stride for u, s in enumerate(self.spans) if s]
        return max(ends, default=self.center)

    def span(self, unit: int) -> Span | None:
        """Return the first and last pixel in the field of a unit, or `None` if it is empty.

        >>> ReceptiveField().window(3, stride=2).span(4)
        (8, 10)
        """
        periods, rest = divmod(unit, len(self.spans))
        return _moved(self.spans[rest], periods * int(self.stride * len(self.spans)))

    def through(
        self, taps: Sequence[Sequence[int]], step: int, *, units: int | None = None
    ) -> ReceptiveField:
        """Apply any layer, described by the input units that each of its units depends on.

        Args:
            taps: indices of the input units that each of the first units depends on.
            step: shift, in input units, after which the taps repeat.
            units: number of units of the layer, if known.

        >>> twice = ReceptiveField().through([[0], [0]], step=1)  # each pixel repeated
        >>> twice.stride, twice.span(5)
        (Fraction(1, 2), (2, 2))
        """
        period = len(taps) * (len(self.spans) // gcd(len(self.spans), step) if step else 1)
        stride = self.stride * Fraction(step, len(taps))
        if units is not None and period > units:
            period = units
        spans = [
            _hull(self.span(tap + unit // len(taps) * step) for tap in taps[unit % len(taps)])
            for unit in range(period)
        ]
        return ReceptiveField.of_spans(spans, round(stride * period), aligned=self.aligned)

    def window(
        self, kernel: int, stride: int = 1, before: int = 0, dilation: int = 1
    ) -> ReceptiveField:
        """Apply a convolution or pooling layer with `before` pixels of padding at the start."""
        return self.through(*window_taps(kernel, stride, before, dilation))

    def transposed(
        self, kernel: int, stride: int = 1, before: int = 0, dilation: int = 1
    ) -> ReceptiveField:
        """Apply a transposed convolution or upsampling layer.

        Each output pixel depends on at most ceil(k_eff / s) neighboring input pixels.
        """
        return self.through(*transposed_taps(kernel, stride, before, dilation))

    def shifted(self, pixels: int) -> ReceptiveField:
        """Apply zero padding (minus the number of pixels) or cropping (the number of pixels)."""
        return self.through([[pixels]], 1)

    @staticmethod
    def union(fields: Iterable[ReceptiveField], *, units: int | None = None) -> ReceptiveField:
        """Merge the fields of several branches.

        Args:
            fields: receptive fields of each branch.
            units: number of units, if known. It matters for branches with different strides, whose
                fields drift apart; without it, the field of the first unit is used for all units.
        """
        fields = list(fields)
        stride = max(f.stride for f in fields)
        period = lcm(*(len(f.spans) for f in fields))
        if len({f.stride for f in fields}) > 1:
            period = units or 1
        elif units is not None:
            period = min(period, units)
        spans = [_hull(f.span(unit) for f in fields) for unit in range(period)]
        alike = {(f.stride, f.center) for f in fields}
        return ReceptiveField.of_spans(
            spans,
            round(stride * period),
            aligned=len(alike) == 1 and all(f.aligned for f in fields),
        )


def window_taps(
    kernel: int, stride: int = 1, before: int = 0, dilation: int = 1
) -> tuple[list[list[int]], int]:
    """Return taps and step of a convolution or pooling layer for `ReceptiveField.through`.

    >>> window_taps(3, stride=2, before=1)
    ([[-1, 0, 1]], 2)
    """
    _positive(kernel=kernel, stride=stride, dilation=dilation)
    return [[tap * dilation - before for tap in range(kernel)]], stride


def transposed_taps(
    kernel: int, stride: int = 1, before: int = 0, dilation: int = 1
) -> tuple[list[list[int]], int]:
    """Return taps and step of a transposed convolution for `ReceptiveField.through`.

    >>> transposed_taps(3, stride=2)  # even pixels depend on two input pixels, odd ones on one
    ([[-1, 0], [0]], 1)
    """
    _positive(kernel=kernel, stride=stride, dilation=dilation)
    places = [[before + unit - tap * dilation for tap in range(kernel)] for unit in range(stride)]
    return [sorted(p // stride for p in row if p % stride == 0) for row in places], 1


def receptive_field(layers: Iterable[tuple[int, ...]]) -> int:
    """Compute the size of the receptive field after a sequence of layers, along one axis.

    Args:
        layers: (kernel, stride) or (kernel, stride, dilation) of each layer, starting at the input.

    Returns:
        The size in pixels of the input.

    >>> receptive_field([(3, 1), (3, 1), (3, 1)])  # three 3x3 layers see as much as one 7x7
    7
    """
    field = ReceptiveField()
    for kernel, stride, *dilation in layers:
        field = field.window(kernel, stride, dilation=dilation[0] if dilation else 1)
    return int(field.size)  # the units of every layer lie on whole pixels


def _positive(**sizes: int) -> None:
    for name, value in sizes.items():
        check_count(name, value)


def _checked_padding(padding: Padding, names: Sequence[str] = PADDINGS) -> int:
    if isinstance(padding, str):
        raise unknown("padding", padding, names)
    if is_whole(padding):
        return padding
    raise ValueError(
        f"padding must be a whole number of at least 0, {', '.join(map(repr, names))}; "
        f"received {padding!r}."
    )


def _area(size: int | tuple[int, ...]) -> int:
    sides = tuple(size) if isinstance(size, Iterable) else (size, size)
    area = 1
    for side in sides:
        _positive(size=side)
        area *= side
    return area


def _divisors(number: int) -> Iterator[int]:
    return (n for n in range(1, number + 1) if number % n == 0)


def _moved(span: Span | None, pixels: int) -> Span | None:
    return span and (span[0] + pixels, span[1] + pixels)


def _hull(spans: Iterable[Span | None]) -> Span | None:
    """Return the smallest span that contains all spans."""
    spans = [span for span in spans if span]
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None
