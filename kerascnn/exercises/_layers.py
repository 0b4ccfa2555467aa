"""The layers in exercises: their descriptions, output sizes and counts."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from kerascnn import arithmetic
from kerascnn._text import shape_text
from kerascnn._text import text as _

Shape = tuple[int, int, int]  # height, width, channels


@dataclass(frozen=True)
class Conv:
    """A convolution with square kernels, zero padding and biases."""

    filters: int
    kernel: int
    stride: int = 1
    padding: int | str = 0
    dilation: int = 1
    groups: int = 1

    @property
    def text(self) -> str:
        """A description of the layer."""
        words = [
            _("convolution"),
            _("{count} filters", count=self.filters),
            _("kernel {size}", size=f"{self.kernel}×{self.kernel}"),
            _("stride {stride}", stride=self.stride),
            _padding_text(self.padding),
        ]
        if self.dilation > 1:
            words.append(_("dilation {dilation}", dilation=self.dilation))
        if self.groups > 1:
            words.append(_("{count} groups", count=self.groups))
        return ", ".join(words)

    def output(self, shape: Shape) -> Shape:
        """Compute the output shape, as Keras does."""
        height, width = (
            arithmetic.conv_output_size(n, self.kernel, self.stride, self.padding, self.dilation)
            for n in shape[:2]
        )
        return height, width, self.filters

    def parameters(self, shape: Shape) -> int:
        """Count the weights and biases."""
        return arithmetic.conv_parameters(self.kernel, shape[2], self.filters, groups=self.groups)

    def macs(self, shape: Shape) -> int:
        """Count the multiply-accumulate operations for one image."""
        height, width, _filters = self.output(shape)
        return arithmetic.conv_macs(
            (height, width), self.kernel, shape[2], self.filters, groups=self.groups
        )


@dataclass(frozen=True)
class Pool:
    """A pooling layer, "max" or "average", with padding "valid" or "same"."""

    mode: str
    window: int
    stride: int
    padding: str = "valid"

    @property
    def text(self) -> str:
        """A description of the layer."""
        words = [
            _("max pooling") if self.mode == "max" else _("average pooling"),
            _("window {size}", size=f"{self.window}×{self.window}"),
            _("stride {stride}", stride=self.stride),
        ]
        return ", ".join(words + [_padding_text("same")] * (self.padding == "same"))

    def output(self, shape: Shape) -> Shape:
        """Compute the output shape, as Keras does."""
        height, width = (
            arithmetic.pool_output_size(n, self.window, self.stride, self.padding)
            for n in shape[:2]
        )
        return height, width, shape[2]

    def parameters(self, shape: Shape) -> int:
        """Return 0: pooling has no weights."""
        return 0


@dataclass(frozen=True)
class Dense:
    """A dense layer with biases, applied to a flattened volume."""

    units: int

    @property
    def text(self) -> str:
        """A description of the layer."""
        return ", ".join([_("dense layer"), _("{count} units", count=f"{self.units:,}")])

    def output(self, shape: Shape) -> Shape:
        """Return the output shape."""
        return 1, 1, self.units

    def parameters(self, shape: Shape) -> int:
        """Count the weights and biases."""
        return arithmetic.dense_parameters(shape[0] * shape[1] * shape[2], self.units)


def _padding_text(padding: int | str) -> str:
    if padding == "same":
        return _("padding “same”")
    return _("padding {padding}", padding=padding) if padding else _("no padding")


def draw_conv(rng: Random, level: int) -> tuple[Shape, Conv]:
    """Draw an input and a convolution that fits it.

    Level 1 has easy numbers; level 2 has larger strides that may leave out pixels, and "same"
    padding; level 3 has dilation, groups, even kernels and inputs that are not square.
    """
    if level == 1:
        kernel, stride = rng.choice((3, 5)), rng.choice((1, 1, 2))
        filters, padding = rng.choice((4, 6, 8, 10, 16)), rng.choice((0, 1, 2))
        layer = Conv(filters, kernel, stride, padding)
        size = kernel - 2 * padding + stride * rng.randint(3, 14)
        return (size, size, rng.choice((1, 3))), layer
    if level == 2:
        kernel, stride = rng.choice((3, 5, 7, 11)), rng.choice((2, 3, 4))
        padding = rng.choice((0, 1, 2, "same"))
        size = rng.randint(24, 230)
        return (size, size, rng.choice((3, 16, 32))), Conv(
            rng.choice((16, 32, 64, 96)), kernel, stride, padding
        )
    shape = rng.randint(17, 64), rng.randint(17, 64), rng.choice((4, 8, 16))
    filters = rng.choice((8, 16, 32))
    return shape, rng.choice(
        (
            Conv(filters, 3, 1, rng.choice((0, "same")), dilation=rng.choice((2, 3, 4))),
            Conv(filters, rng.choice((2, 4)), rng.choice((2, 3)), "same"),
            Conv(filters, rng.choice((3, 5)), 2, rng.choice((0, 1, 2)), groups=rng.choice((2, 4))),
        )
    )


def size_steps(shape: Shape, layer: Conv | Pool) -> list[str]:
    """Write the solution for the height and width of a layer's output."""
    kernel = layer.kernel if isinstance(layer, Conv) else layer.window
    dilation = getattr(layer, "dilation", 1)
    extent = arithmetic.effective_kernel(kernel, dilation)
    steps = []
    if dilation > 1:
        steps.append(
            _("The dilated kernel covers {sum} pixels.",
              sum=f"{dilation} · ({kernel} − 1) + 1 = {extent}")
        )  # fmt: skip
    sides = {_("Height and width"): shape[0]}
    if shape[0] != shape[1]:
        sides = {_("Height"): shape[0], _("Width"): shape[1]}
    for side, size in sides.items():
        output = layer.output((size, size, shape[2]))[0]
        if layer.padding == "same":
            steps.append(
                _("{side}: “same” divides by the stride and rounds up: ⌈{size} / {stride}⌉ = "
                  "{output}", side=side, size=size, stride=layer.stride, output=output)
            )  # fmt: skip
            continue
        padding = layer.padding if isinstance(layer, Conv) else 0
        exact = arithmetic.exact_output_size(size, kernel, layer.stride, padding, dilation)
        formula = f"({size} + 2 · {padding} − {extent}) / {layer.stride} + 1"
        if exact.denominator == 1:
            steps.append(f"{side}: {formula} = {output}")
        else:
            steps.append(
                _("{side}: {formula} = {exact}, rounded down to {output}",
                  side=side, formula=formula, exact=f"{float(exact):.2f}", output=output)
            )  # fmt: skip
    return steps


def named(shape: Shape) -> str:
    """Format a shape as in lectures, and the size of a vector as a single number."""
    return shape_text(shape) if shape[:2] != (1, 1) else f"{shape[2]:,}"
