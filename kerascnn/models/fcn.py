"""Fully convolutional networks (Long, Shelhamer & Darrell 2015, arXiv:1411.4038), based on VGG16.

The numbers are those of the authors' models `voc-fcn32s`, `voc-fcn16s` and `voc-fcn8s` (net.py).
"""

from functools import partial

import keras
from keras.layers import (
    Activation,
    Add,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    Lambda,
    ZeroPadding2D,
)

from kerascnn._calls import has_graph, order_of
from kerascnn._checks import check_count
from kerascnn._copies import compare, finalize
from kerascnn._graph import check_is_model
from kerascnn.layers import AdaptiveAveragePooling2D, Bilinear, CropLike

from ._blocks import ceil_max_pool, scaled
from ._finish import Size
from ._registry import architecture
from ._windows import calls_after, check_before, check_call, refused, weights_of
from .vgg import FC, TABLE_1

PADDING = 100  # before the first convolution, so that small images survive all poolings and fc6
SKIPS = {32: (), 16: ((4, 5),), 8: ((4, 5), (3, 9))}  # pooling layer, offset of its crop
LAST = {32: (64, 19), 16: (32, 27), 8: (16, 31)}  # last upsampling: kernel, offset of its crop
WINDOWS = (7, 1)  # maps of VGG16's first dense layer: 7x7 for images of 224x224, 1x1 for 32x32

fcn_architecture = partial(
    architecture,
    reference="Long et al. 2015, arXiv:1411.4038",
    year=2015,
    input_shape=(500, 500, 3),
    classes=21,
    min_size=1,
    size=Size.OPEN,
    top="the class scores and their upsampling",
    returns="(N, H, W, classes)",
    options=(
        "dropout: dropout rate after fc6 and fc7, the layers that are dense in VGG16.\n"
        "width: factor by which to multiply the number of filters.\n"
        "hidden: number of filters of fc6 and fc7, before scaling by `width`.\n"
        "window: side of the kernel of fc6: 7, or 1 for the weights of a VGG16 for images of\n"
        "    32x32, which needs no border around the image."
    ),
)


# `@fcn_architecture` passes in the input tensor, the number of classes and the last activation;
# users call the builder with the arguments of keras.applications.
@fcn_architecture(parameters=134_346_581, macs=181_365_854_976)
def build_fcn32s(inputs, classes, activation, *, dropout=0.5, width=1.0, hidden=FC, window=7):
    """FCN-32s, which upsamples the class scores of pool5: 134,346,581 trainable parameters.

    Images may have any size; the output has the same height and width. The bilinear upsampling is
    not trainable. With `include_top=False`, the model returns the feature maps of fc7.

    >>> import kerascnn as kc
    >>> kc.build_fcn32s(width=0.05, input_shape=(60, 90, 3)).output_shape
    (None, 60, 90, 21)
    """
    return fcn_layers(32, inputs, classes, activation, dropout, width, hidden, window)


@fcn_architecture(parameters=134_357_354, macs=181_448_086_272)
def build_fcn16s(inputs, classes, activation, *, dropout=0.5, width=1.0, hidden=FC, window=7):
    """FCN-16s, which combines pool5 and pool4: 134,357,354 trainable parameters.

    See `build_fcn32s` for details.

    >>> import kerascnn as kc
    >>> kc.build_fcn16s(width=0.05, input_shape=(60, 90, 3)).output_shape
    (None, 60, 90, 21)
    """
    return fcn_layers(16, inputs, classes, activation, dropout, width, hidden, window)


@fcn_architecture(parameters=134_362_751, macs=181_529_034_048)
def build_fcn8s(inputs, classes, activation, *, dropout=0.5, width=1.0, hidden=FC, window=7):
    """FCN-8s, which combines pool5, pool4 and pool3: 134,362,751 trainable parameters.

    See `build_fcn32s` for details.

    >>> import kerascnn as kc
    >>> kc.build_fcn8s(width=0.05, input_shape=(60, 90, 3)).output_shape
    (None, 60, 90, 21)
    """
    return fcn_layers(8, inputs, classes, activation, dropout, width, hidden, window)


def fcn_layers(stride, inputs, classes, activation, dropout, width, hidden, window):
    """Apply VGG16 as convolutions, then sum and upsample the scores of its levels: Figure 3."""
    if window not in WINDOWS:
        raise ValueError(f"window must be one of {WINDOWS}; received {window!r}.")
    check_count("hidden", hidden)
    filters_of = scaled(width)
    conv = partial(Conv2D, activation="relu", padding="same")
    whole = window == 1  # fc6 does not shrink its maps
    x, pools = ZeroPadding2D(1 if whole else PADDING, name="block1_pad")(inputs), {}
    for block, (convolutions, filters) in enumerate(TABLE_1["D"], start=1):
        for i in range(1, convolutions + 1):
            padding = "valid" if block == i == 1 else "same"
            x = conv(filters_of(filters), 3, padding=padding, name=f"block{block}_conv{i}")(x)
        x = pools[block] = ceil_max_pool(x, 2, name=f"block{block}_pool")
    for name, kernel in (("fc6", window), ("fc7", 1)):
        x = conv(filters_of(hidden), kernel, padding="valid", name=name)(x)
        x = Dropout(dropout, name=f"{name}_dropout")(x)
    if classes is None:
        return x

    score = partial(Conv2D, classes, 1, kernel_initializer="zeros")  # section 4.3
    x = score(name="score_fr")(x)
    for pool, offset in SKIPS[stride]:
        x = up_sampling(classes, 4, 2, name=f"upscore_pool{pool + 1}")(x)
        skip = score(name=f"score_pool{pool}")(pools[pool])
        if whole:  # the interpolation adds half a pixel on each side of the coarser map
            x = CropLike(1, name=f"upscore_pool{pool + 1}_crop")([x, skip])
        else:
            skip = CropLike(offset, name=f"score_pool{pool}_crop")([skip, x])
        x = Add(name=f"fuse_pool{pool}")([x, skip])
    kernel, offset = LAST[stride]
    if whole:
        offset = kernel // 4
    x = up_sampling(classes, kernel, stride, name="upscore")(x)
    x = CropLike(offset, name="score")([x, inputs])
    return Activation(activation, dtype="float32", name="predictions")(x)


def up_sampling(classes, kernel, stride, *, name):
    """Return a transposed convolution that interpolates bilinearly and is not trainable."""
    return Conv2DTranspose(
        classes,
        kernel,
        stride,
        use_bias=False,
        kernel_initializer=Bilinear(),
        trainable=False,
        name=name,
    )


def convolutionalize(model: keras.Model) -> keras.Model:
    """Convert the dense layers of a classifier into convolutions with the same weights.

    The new model accepts images of any size and returns a map of predictions. For an image of the
    original size, this is the original prediction; for a larger image, there is one prediction per
    window (Long et al. 2015, section 3.1, Figure 2).

    Args:
        model: a functional or sequential `keras.Model` with a `Flatten` layer followed by
            dense layers, such as `build_vgg16()` or `build_alexnet()`. It is not modified.

    Returns:
        A functional `keras.Model`, from images (N, H, W, C) float to (N, h, w, classes), with
        copies of the weights.

    Raises:
        TypeError: If `model` is not a Keras model.
        ValueError: If the model does not have one `Flatten` layer followed by dense layers, or
            another layer does not act on each window alone.

    >>> import kerascnn as kc
    >>> net = convolutionalize(kc.build_lenet5(input_shape=(32, 32, 1)))
    >>> net(keras.ops.zeros((1, 48, 40, 1))).shape[1:]
    TensorShape([5, 3, 10])
    """
    check_is_model(model)
    inputs = getattr(model, "inputs", None) or ()
    if not has_graph(model) or len(inputs) != 1:
        raise ValueError(
            f"model must be a functional or built Sequential model with one input; received "
            f"{type(model).__name__} {model.name!r} with {len(inputs)}."
        )
    order = order_of(model)
    flattens = [(layer, node) for layer, node in order if isinstance(layer, Flatten)]
    if len(flattens) != 1 or not any(isinstance(layer, Dense) for layer in model.layers):
        raise ValueError(
            "model must have one Flatten layer between its maps and its dense layers, like "
            f"build_vgg16(); received {model.name!r} with {len(flattens)}. A model that pools "
            "globally already accepts images of any size."
        )
    ((flatten, node),) = flattens
    shape = tuple(node.input_tensors[0].shape)
    if len(shape) != 4 or None in shape[1:] or flatten.data_format == "channels_first":
        raise ValueError(
            "model must flatten maps (N, h, w, K) of a fixed size; "
            f"{flatten.name!r} of {model.name!r} receives {shape}."
        )
    # torchvision's AlexNet pools to the size that its maps already have for 224x224 images.
    needless = {
        layer.name
        for layer, node in order
        if isinstance(layer, AdaptiveAveragePooling2D)
        and node.input_tensors[0].shape[1:3] == shape[1:3]
    }
    calls = calls_after(model, flatten, node)
    kernels = {call.layer.name: call.window for call in calls if call.becomes_convolution}

    def clone(layer):
        if not isinstance(layer, keras.Layer) or isinstance(layer, Lambda):
            return layer  # a function without weights
        if layer.name not in kernels:
            try:
                return type(layer).from_config(layer.get_config())
            except Exception as error:
                raise refused(model, layer, f"cannot be copied: {error}") from error
        return Conv2D(
            layer.units,
            kernels[layer.name],
            data_format="channels_last",  # whatever Keras's default is
            activation=layer.activation,
            use_bias=layer.use_bias,
            kernel_regularizer=layer.kernel_regularizer,
            bias_regularizer=layer.bias_regularizer,
            trainable=layer.trainable,
            dtype=layer.dtype_policy,
            name=layer.name,
        )

    def call(layer, *args, **kwargs):
        if layer.name in needless:
            return args[0]
        if isinstance(layer, Flatten):
            if args[0].shape[-1] != shape[-1]:
                raise refused(model, layer, f"receives {shape}, whose last axis is not channels")
            if None not in args[0].shape[1:3]:
                raise refused(model, layer, "receives maps of a fixed size from images of any size")
            return args[0]
        try:
            return layer(*args, **kwargs)
        except Exception as error:
            raise refused(model, layer, f"needs a fixed size: {error}") from error

    inputs = keras.Input((None, None, model.input_shape[-1]), name="input")
    functional = model
    if isinstance(model, keras.Sequential):
        functional = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    net = keras.models.clone_model(
        functional, input_tensors=inputs, clone_function=clone, call_function=call
    )
    after = {each.layer.name for each in calls}
    for layer in model.layers:
        if layer.weights and layer.name not in after:
            net.get_layer(layer.name).set_weights(layer.get_weights())
    for each in calls:
        layer = new = each.layer
        if isinstance(layer, keras.Layer):
            new = net.get_layer(layer.name)
            values = weights_of(layer) if layer.name in kernels else layer.get_weights()
            new.set_weights([w.reshape(n.shape) for w, n in zip(values, new.weights, strict=True)])
        check_call(model, each, new)
    finalize(net)
    compare(net, model)
    check_before(model, net)
    return net
