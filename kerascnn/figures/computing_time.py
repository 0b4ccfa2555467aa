"""The computing time of each layer: pixels · kernels · time of one kernel (lecture map, B12)."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import arithmetic, plots
from kerascnn._text import text as _

from ._drawing import note, parts_of
from ._registry import figure
from .architectures import built

SIDE, MAPS, KERNEL = 64, 16, 3  # of the first layer in the right panel
STAGES = 4  # layers, with a 2 × 2 pooling after each
GIGA = 1e9


@dataclass(frozen=True)
class Time:
    """The cost of a convolution, in the terms of T = N_p · N_f · T_k.

    Attributes:
        name: name of the layer.
        pixels: N_p, number of output positions.
        kernels: N_f, number of two-dimensional kernels, one for each pair of input map and output
            map.
        products: T_k, number of multiply-adds of one kernel at one position.
    """

    name: str
    pixels: int
    kernels: int
    products: int

    @property
    def macs(self) -> int:
        """Return T, the total number of multiply-adds."""
        return self.pixels * self.kernels * self.products


def vgg16_times() -> list[Time]:
    """Return the 13 convolutions of VGG16 on 224 × 224 pixels."""
    times = []
    channels = 3
    for layer in built("vgg16", include_top=False, input_shape=(224, 224, 3)).layers:
        if layer.kind == "Conv2D":
            height, width, maps = (size or 0 for size in layer.output_shape[-3:])
            times.append(Time(layer.name, height * width, channels * maps, KERNEL**2))
            channels = maps
    return times


def second_convolutions(times: Sequence[Time]) -> list[Time]:
    """Return one convolution per block, with as many input maps as output maps."""
    return [time for time in times if time.name.endswith("conv2")]


def relative_times(factor: int) -> list[float]:
    """Return the time of each layer, relative to the first, if the maps grow by `factor`."""
    macs = []
    for stage in range(STAGES):
        side, maps = SIDE >> stage, MAPS * factor**stage
        macs.append(arithmetic.conv_macs((side, side), KERNEL, maps, maps))
    return [each / macs[0] for each in macs]


@figure(
    title="A quarter of the pixels, four times the kernels: the same computing time",
    alt="Multiply-adds of the 13 convolutions of VGG16: the second ones of blocks 1 to 4 need 1.85 "
    "billion each, as each pooling quarters the pixels and the number of kernels quadruples; "
    "with four times the maps the time would grow fourfold each time.",
    rows=("B12",),
    data=vgg16_times,
)
def time_per_layer(times: Sequence[Time]) -> Figure:
    """Draw VGG16's multiply-adds per layer, and the cost of twice and four times the maps."""
    fig = plt.figure()
    left, right = parts_of(fig, 1, 2, width_ratios=(3, 2))
    _bars(left.subplots(), times)
    ax = right.subplots()
    for factor, marker, dashes in ((4, "^", (0, (4, 1))), (2, "o", "-"), (1, "v", (0, (1, 1)))):
        values = relative_times(factor)
        label = _("maps × {factor}", factor=factor)
        (line,) = ax.plot(range(STAGES), values, marker=marker, linestyle=dashes, label=label)
        place = (STAGES - 1, values[-1])
        ax.annotate(label, place, (8, 0), textcoords="offset points", va="center",
                    color=line.get_color())  # fmt: skip
    ax.set_yscale("log", base=4)
    ax.set_yticks([4.0**n for n in range(-3, 4)], [_power(n) for n in range(-3, 4)])
    ax.minorticks_off()
    ax.set_xticks(range(STAGES))
    ax.set_xlabel(_("poolings before the layer"))
    ax.set_ylabel(_("time (first layer = 1)"))
    ax.set_xlim(-0.2, STAGES + 0.2)
    note(
        fig,
        _(
            "T = pixels · kernels · time per kernel, with one kernel for each pair of an input "
            "and an output map: twice the maps means four times the kernels (He et al. 2016, "
            "section 3.3). Some slides quadruple the filters: if a filter spans all maps, each "
            "layer then takes four times as long as the one before."
        ),
    )
    return fig


def _power(exponent: int) -> str:
    return f"{4**exponent}" if exponent >= 0 else f"1/{4**-exponent}"


def _bars(ax: Axes, times: Sequence[Time]) -> None:
    style = plots.layer_style("Conv2D")
    ink = plt.rcParams["text.color"]
    marked = second_convolutions(times)
    for place, time in enumerate(times):
        ax.bar(place, time.macs / GIGA, color=style.color, ec=ink, hatch=style.hatch)
        if time in marked:
            ax.annotate(f"{time.macs / GIGA:.2f}", (place, time.macs / GIGA), (0, 3),
                        textcoords="offset points", ha="center", fontsize="small")  # fmt: skip
    blocks: dict[str, list[int]] = {}
    for place, time in enumerate(times):
        blocks.setdefault(time.name.split("_")[0], []).append(place)
    middles = [sum(places) / len(places) for places in blocks.values()]
    words = [
        f"{int(times[places[1]].pixels ** 0.5)}²\n{times[places[1]].kernels:,}"
        for places in blocks.values()
    ]
    ax.set_xticks(middles, words)
    ax.tick_params(axis="x", length=0)
    ax.set_ylabel(_("billion multiply-adds"))
    ax.set_xlabel(_("pixels, and kernels of the second convolution"))
