"""Random layers with windows, and layers that resize, pad and crop maps.

Each function applies one layer with random arguments to a tensor of a network.
"""

from keras import layers


def window(net, rank, stride=True):
    """Draw the arguments of a convolution."""
    options = {"kernel_size": tuple(net.number(1, 4) for _ in range(rank))}
    if stride and net.rng.random() < 0.4:
        options["strides"] = (net.number(1, 3),) * rank
    elif net.rng.random() < 0.3:
        options["dilation_rate"] = (net.number(1, 3),) * rank
    options["padding"] = net.choose("valid", "same")
    options["data_format"] = net.choose(*net.formats)
    return options


def conv(rank):
    """Convolutions along `rank` axes."""

    def make(net, x):
        options = window(net, rank)
        if rank == 1 and net.rng.random() < 0.3:
            options["padding"] = "causal"
        if (
            options["data_format"] == "channels_first"
            and options.get("dilation_rate", (1,)) != (1,) * rank
        ):
            options["data_format"] = "channels_last"
        activation = net.choose(None, "relu", "sigmoid", "softmax")
        kind = getattr(layers, f"Conv{rank}D")
        net.call(kind(net.number(1, 3), activation=activation, **options), x)

    return make


def transposed(rank):
    """Transposed convolutions."""

    def make(net, x):
        options = window(net, rank)
        if net.rng.random() < 0.2:
            options["output_padding"] = net.number(0, 1)
        net.call(getattr(layers, f"Conv{rank}DTranspose")(net.number(1, 3), **options), x)

    return make


def depthwise(rank):
    """Depthwise and separable convolutions."""

    def make(net, x):
        options = window(net, rank)
        kind = net.choose("Depthwise", "Separable")
        filters = (2,) if kind == "Separable" else ()
        net.call(
            getattr(layers, f"{kind}Conv{rank}D")(
                *filters, depth_multiplier=net.number(1, 2), **options
            ),
            x,
        )

    return make


def pool(rank):
    """Pooling."""

    def make(net, x):
        options = window(net, rank)
        kind = getattr(layers, f"{net.choose('Max', 'Average')}Pooling{rank}D")
        size = options["kernel_size"]
        net.call(
            kind(
                size, options.get("strides"), options["padding"], data_format=options["data_format"]
            ),
            x,
        )

    return make


def global_pool(rank):
    """Global pooling, and maps weighted by it."""

    def make(net, x):
        kind = getattr(layers, f"Global{net.choose('Max', 'Average')}Pooling{rank}D")
        y = net.call(
            kind(
                data_format=net.choose(*net.formats),
                keepdims=net.choose(True, False),
            ),
            x,
        )
        if y is not None and net.rng.random() < 0.5 and len(y.shape) == len(x.shape):
            net.call(layers.Multiply(), x, y)

    return make


def adaptive_pool(rank):
    """Adaptive pooling."""

    def make(net, x):
        kind = getattr(layers, f"Adaptive{net.choose('Max', 'Average')}Pooling{rank}D")
        most = min(4, *x.shape[1:])
        if most > 1:  # with an output size of 1, Keras uses too large a window, which may crash
            net.call(kind(net.number(2, most), data_format=net.choose(*net.formats)), x)

    return make


def up_sampling(net, x):
    """Upsampling."""
    rank = len(x.shape) - 2
    kind = getattr(layers, f"UpSampling{rank}D")
    options = {}
    if rank > 1:
        options["data_format"] = net.choose(*net.formats)
    if rank == 2:
        options["interpolation"] = net.choose("nearest", "bilinear", "bicubic", "lanczos3")
    net.call(kind(net.number(1, 3), **options), x)


def resizing(net, x):
    """Resizing to a larger or smaller size."""
    net.call(
        layers.Resizing(
            net.number(1, 16),
            net.number(1, 16),
            net.choose("nearest", "bilinear", "bicubic"),
            data_format=net.choose(*net.formats),
        ),
        x,
    )


def borders(net, x):
    """Padding and cropping."""
    rank = len(x.shape) - 2
    kind = getattr(layers, f"{net.choose('ZeroPadding', 'Cropping')}{rank}D")
    sides = tuple((net.number(0, 2), net.number(0, 2)) for _ in range(rank))
    options = {"data_format": net.choose(*net.formats)} if rank > 1 else {}
    net.call(kind(sides if rank > 1 else sides[0], **options), x)


def conv_lstm(rank):
    """Convolutional LSTMs."""

    def make(net, x):
        options = window(net, rank)
        if options["data_format"] == "channels_first":
            options["data_format"] = "channels_last"
        kind = getattr(layers, f"ConvLSTM{rank}D")
        net.call(kind(2, return_sequences=net.choose(True, False), **options), x)

    return make


def spectral(net, x):
    """Convolutions with spectral normalization."""
    rank = len(x.shape) - 2
    options = window(net, rank)
    net.call(layers.SpectralNormalization(getattr(layers, f"Conv{rank}D")(2, **options)), x)
