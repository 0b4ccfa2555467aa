"""The arithmetic of convolutional networks: sizes, padding, parameters, MACs, receptive fields.

Pure Python, one axis at a time. A padding that is a number follows the theory (Dumoulin & Visin
2016, arXiv:1603.07285); "valid" and "same" follow Keras and TensorFlow. Where the two differ, both
can be had: `conv_output_size` floors, `exact_output_size` does not, `unseen_size` counts what the
floor drops.

>>> conv_output_size(227, kernel=11, stride=4)  # AlexNet's first layer
55
>>> exact_output_size(224, kernel=11, stride=4)  # with the size that its paper prints
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
        padding: pixels added on each side, "valid" (0), "same" (size / stride, rounded up) or
            "causal" (the same size, all of it before: nothing is seen of what follows).
        dilation: distance between the kernel's taps in pixels.

    Returns:
        floor((i + 2p − k_eff) / s) + 1 (Dumoulin & Visin 2016, relationship 6).

    Raises:
        ValueError: an argument out of range, or a kernel larger than the padded input.

    >>> conv_output_size(7, kernel=3, stride=3)  # 2.33 windows fit: floored
    2
    >>> conv_output_size(224, kernel=7, stride=2, padding="same")
    112
    """
    before, after = padding_sizes(size, kernel, stride, padding, dilation)
    span = size + before + after - effective_kernel(kernel, dilation)
    if span < 0:
        raise ValueError(
            f"kernel must fit into the input: it covers {effective_kernel(kernel, dilation)} "
            f"pixels, the input with its padding has {size + before + after}. "
            "Take a larger input, a smaller kernel or more padding."
        )
    return span // stride + 1


def exact_output_size(
    size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Fraction:
    """Compute (i + 2p − k_eff) / s + 1 without rounding: a whole number where the windows fit.

    The theory's reading, in which a fraction says that this convolution does not fit.

    >>> exact_output_size(7, kernel=3, stride=3)
    Fraction(7, 3)
    """
    before, after = padding_sizes(size, kernel, stride, padding, dilation)
    return Fraction(size + before + after - effective_kernel(kernel, dilation), stride) + 1


def unseen_size(
    size: int, kernel: int, stride: int = 1, padding: Padding = 0, dilation: int = 1
) -> int:
    """Count the columns at the far edge of the input that no window reaches.

    The remainder a = (i + 2p − k_eff) mod s of Dumoulin & Visin 2016, less the padding columns.

    >>> unseen_size(7, kernel=3, stride=3)
    1
    """
    before, _after = padding_sizes(size, kernel, stride, padding, dilation)
    windows = conv_output_size(size, kernel, stride, padding, dilation)
    end = (windows - 1) * stride + effective_kernel(kernel, dilation)
    return max(before + size - end, 0)


def same_padding(size: int, kernel: int, stride: int = 1, dilation: int = 1) -> tuple[int, int]:
    """Compute how many zeros TensorFlow's "same" adds before and after, along one axis.

    max((o − 1)·s + k_eff − i, 0) in all, the odd one at the bottom and right ("Notes on padding"
    in the documentation of tf.nn). PyTorch and Caffe pad both sides alike: same shape, other grid.

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
    """Turn any padding, a number, "valid", "same" or "causal", into pixels before and after.

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
    _check_padding(padding)
    return padding, padding


def pool_output_size(
    size: int,
    pool: int,
    stride: int | None = None,
    padding: Padding = "valid",
    *,
    ceil: bool = False,
) -> int:
    """Compute the output size of a pooling along one axis.

    Args:
        size: input size in pixels.
        pool: size of the window in pixels.
        stride: step in pixels; default the window's size.
        padding: as for `conv_output_size`. In padded cells Keras's pools see nothing: they are
            left out of a maximum and of an average.
        ceil: round up, as Caffe does: the last window may hang over the edge.

    >>> pool_output_size(112, 3, 2, ceil=True), pool_output_size(112, 3, 2)
    (56, 55)
    """
    stride = pool if stride is None else stride
    extra = ceil and exact_output_size(size, pool, stride, padding).denominator != 1
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
        padding: its padding. A number gives the theory's size, s·(i − 1) + a + k_eff − 2p
            (Dumoulin & Visin 2016, relationship 14; PyTorch), "valid" and "same" give Keras's,
            which differs: its "same" is i·s.
        output_padding: a, pixels added at the far edge; `None` leaves it to Keras.
        dilation: distance between the kernel's taps.

    >>> transposed_output_size(3, kernel=3, stride=2, padding=1)
    5
    >>> transposed_output_size(3, kernel=3, stride=2, padding="same")
    6
    """
    _positive(size=size, kernel=kernel, stride=stride, dilation=dilation)
    if output_padding is not None and not 0 <= output_padding < max(stride, dilation):
        raise ValueError(
            "output_padding must be at least 0 and below the stride or the dilation "
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
    _check_padding(padding, PADDINGS[:2])
    output = stride * (size - 1) + (output_padding or 0) + extent - 2 * padding
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
    """Count the weights of a convolution: kh·kw·(C / groups)·K, and K biases.

    Args:
        kernel: kernel size in pixels, one number for a square kernel or (kh, kw).
        in_channels: C, channels of the input.
        filters: K, channels of the output.
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
    """Count the multiply-adds of a convolution for one image; FLOPs are twice as many.

    Args:
        output_size: height and width of the output, one number for a square.
        kernel, in_channels, filters, groups: as for `conv_parameters`.

    >>> conv_macs(55, kernel=11, in_channels=3, filters=96)  # AlexNet's first layer
    105415200
    """
    weights = conv_parameters(kernel, in_channels, filters, bias=False, groups=groups)
    return _area(output_size) * weights


def dense_parameters(inputs: int, units: int, *, bias: bool = True) -> int:
    """Count the weights of a dense layer: one for each input and unit, and the biases.

    >>> dense_parameters(784, 10)
    7850
    """
    _positive(inputs=inputs, units=units)
    return inputs * units + bias * units


def dense_macs(inputs: int, units: int) -> int:
    """Count the multiply-adds of a dense layer for one image.

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
    """Count the weights of a layer whose every position has filters and biases of its own.

    >>> locally_connected_parameters(7, kernel=3, in_channels=1024, filters=256)  # darknet's YOLO
    115618048
    """
    return _area(output_size) * conv_parameters(kernel, in_channels, filters, bias=bias)


@dataclass(frozen=True)
class ReceptiveField:
    """What a unit sees of the input along one axis; start with `ReceptiveField()`, one pixel.

    Attributes:
        size: extent in pixels of the input, padding included; where neighbours differ, as after a
            transposed convolution, that of the unit that sees most.
        stride: distance in pixels between the fields of neighbouring units (stride product); 0
            where all units see the same, below 0 after a flip.
        center: where the first unit looks; 0 is the centre of the first pixel. Where neighbours
            differ, it holds on average.
        aligned: whether all branches that lead here share `stride` and `center`; the field is
            their union.
        spans: the first and last pixel that each of the first units sees, `None` for one that sees
            nothing; those that follow see the same, `len(spans) * stride` pixels on.

    >>> ReceptiveField().window(3, stride=2, before=1).window(3)
    ReceptiveField(size=7, stride=Fraction(2, 1), center=Fraction(2, 1), aligned=True)
    """

    size: int | Fraction = 1
    stride: Fraction = Fraction(1)
    center: Fraction = Fraction(0)
    aligned: bool = True
    spans: tuple[Span | None, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Find the spans of a field that is given by its other numbers."""
        if not self.spans:
            reach, stride = Fraction(self.size - 1) / 2, Fraction(self.stride)
            looks = [self.center + unit * stride for unit in range(stride.denominator)]
            spans = tuple((floor(x - reach), ceil(x + reach)) for x in looks)
            object.__setattr__(self, "spans", spans)

    @staticmethod
    def of_spans(
        spans: Sequence[Span | None], step: int, *, aligned: bool = True
    ) -> ReceptiveField:
        """Make a field from what each unit sees.

        Args:
            spans: the first and last pixel of each of the first units, `None` for nothing.
            step: pixels from the first of them to the first of those that follow.
            aligned: as in `ReceptiveField`.

        >>> ReceptiveField.of_spans([(0, 1), (1, 1)], step=1).size  # up-sampled and averaged
        2
        """
        spans = tuple(spans)
        for period in _divisors(len(spans)):  # said as briefly as can be
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
        """The first pixel that the first unit sees; below 0 in the padding.

        Where neighbours differ, no unit u sees a pixel before start + u · stride.
        """
        starts = [s[0] - u * self.stride for u, s in enumerate(self.spans) if s]
        return min(starts, default=self.center)

    @property
    def end(self) -> Fraction:
        """The last pixel that the first unit sees; likewise for its neighbours."""
        ends = [s[1] - u * self.stride for u, s in enumerate(self.spans) if s]
        return max(ends, default=self.center)

    def span(self, unit: int) -> Span | None:
        """The first and last pixel that a unit sees, `None` for nothing.

        >>> ReceptiveField().window(3, stride=2).span(4)
        (8, 10)
        """
        periods, rest = divmod(unit, len(self.spans))
        return _moved(self.spans[rest], periods * int(self.stride * len(self.spans)))

    def through(
        self, taps: Sequence[Sequence[int]], step: int, *, units: int | None = None
    ) -> ReceptiveField:
        """Look through any layer, from the units of its input that each of its units takes.

        Args:
            taps: the units of the input that each of the first units takes.
            step: distance in units of the input to those that the following ones take.
            units: how many units the layer has, where that is known.

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
        """Look through a convolution or pooling with `before` pixels of padding before."""
        return self.through(*window_taps(kernel, stride, before, dilation))

    def transposed(
        self, kernel: int, stride: int = 1, before: int = 0, dilation: int = 1
    ) -> ReceptiveField:
        """Look through a transposed convolution or an up-sampling.

        An output pixel is made of at most ceil(k_eff / s) neighbouring input pixels.
        """
        return self.through(*transposed_taps(kernel, stride, before, dilation))

    def shifted(self, pixels: int) -> ReceptiveField:
        """Look through zero padding (minus the pixels added) or cropping (the pixels cut)."""
        return self.through([[pixels]], 1)

    @staticmethod
    def union(fields: Iterable[ReceptiveField], *, units: int | None = None) -> ReceptiveField:
        """Join the fields of branches that meet.

        Args:
            fields: one for each branch.
            units: how many units there are, where that is known. Branches of different strides
                drift apart: without it, the first unit's field is taken for all.
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
    """The taps and the step of a convolution or pooling, as `ReceptiveField.through` takes them.

    >>> window_taps(3, stride=2, before=1)
    ([[-1, 0, 1]], 2)
    """
    _positive(kernel=kernel, stride=stride, dilation=dilation)
    return [[tap * dilation - before for tap in range(kernel)]], stride


def transposed_taps(
    kernel: int, stride: int = 1, before: int = 0, dilation: int = 1
) -> tuple[list[list[int]], int]:
    """The taps and the step of a transposed convolution, likewise.

    >>> transposed_taps(3, stride=2)  # even pixels are made of two, odd ones of one
    ([[-1, 0], [0]], 1)
    """
    _positive(kernel=kernel, stride=stride, dilation=dilation)
    places = [[before + unit - tap * dilation for tap in range(kernel)] for unit in range(stride)]
    return [sorted(p // stride for p in row if p % stride == 0) for row in places], 1


def receptive_field(layers: Iterable[tuple[int, ...]]) -> int:
    """Compute how many pixels of the input a unit sees after a chain of layers, along one axis.

    Args:
        layers: from the input on, each layer as (kernel, stride) or (kernel, stride, dilation).

    >>> receptive_field([(3, 1), (3, 1), (3, 1)])  # three 3x3 see what one 7x7 sees
    7
    """
    field = ReceptiveField()
    for kernel, stride, *dilation in layers:
        field = field.window(kernel, stride, dilation=dilation[0] if dilation else 1)
    return field.size


def _positive(**sizes: int) -> None:
    for name, value in sizes.items():
        check_count(name, value)


def _check_padding(padding: Padding, names: Sequence[str] = PADDINGS) -> None:
    if isinstance(padding, str):
        raise unknown("padding", padding, names)
    if not is_whole(padding):
        raise ValueError(
            f"padding must be a whole number of at least 0, {', '.join(map(repr, names))}; "
            f"received {padding!r}."
        )


def _area(size: int | tuple[int, ...]) -> int:
    sides = (size, size) if is_whole(size) else tuple(size)
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
    """From the first to the last pixel of all."""
    spans = [span for span in spans if span]
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None
