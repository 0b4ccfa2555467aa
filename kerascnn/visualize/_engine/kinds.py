"""What each operation does with its inputs, for methods that propagate through it by a rule.

- "weights": affine, with a kernel and a bias;
- "elementwise": y_i depends on x_i and, in a normalization, on a statistic that counts as constant;
- "copies": every output is a copy of one input, or 0;
- "sums": linear, without weights;
- "centers": layer normalization, linear if its standard deviation counts as constant;
- "maximum": every output is one of several inputs;
- "gate": a product of two inputs, one of which scales whole channels of the other;
- "embedding": rows of a table;
- `None`: anything else, which cannot be opened.
"""

from collections.abc import Collection

import keras
import numpy as np

from kerascnn._graph import Graph, Key, Node, Slot
from kerascnn._heads import head_of, last_function, mask_of, name_of
from kerascnn._known import computes_as_defined

L = keras.layers

WEIGHTED = (
    L.Dense, L.EinsumDense, L.Conv1D, L.Conv2D, L.Conv3D, L.DepthwiseConv1D, L.DepthwiseConv2D,
    L.SeparableConv1D, L.SeparableConv2D, L.Conv1DTranspose, L.Conv2DTranspose, L.Conv3DTranspose,
)  # fmt: skip
NORMALIZING = (L.BatchNormalization, L.Rescaling, L.Normalization, L.UnitNormalization)
COPYING = (
    L.InputLayer, L.Flatten, L.Reshape, L.Permute, L.RepeatVector, L.Concatenate, L.Identity,
    L.ZeroPadding1D, L.ZeroPadding2D, L.ZeroPadding3D, L.Cropping1D, L.Cropping2D, L.Cropping3D,
    L.UpSampling1D, L.UpSampling3D, L.Dropout, L.SpatialDropout1D, L.SpatialDropout2D,
    L.SpatialDropout3D, L.AlphaDropout, L.GaussianDropout, L.GaussianNoise, L.Masking,
    L.ActivityRegularization,
)  # fmt: skip
SUMMING = (
    L.Add, L.Subtract, L.Average, L.AveragePooling1D, L.AveragePooling2D, L.AveragePooling3D,
    L.GlobalAveragePooling1D, L.GlobalAveragePooling2D, L.GlobalAveragePooling3D,
)  # fmt: skip
MAXIMIZING = (
    L.MaxPooling1D, L.MaxPooling2D, L.MaxPooling3D, L.GlobalMaxPooling1D, L.GlobalMaxPooling2D,
    L.GlobalMaxPooling3D, L.Maximum, L.Minimum,
)  # fmt: skip
# Layers of this package, of newer versions of Keras and within keras.applications, by name
NAMED = {
    "LocallyConnected2D": "weights",
    "TableConv2D": "weights",
    "LocalResponseNormalization": "elementwise",
    "RMSNormalization": "elementwise",
    "LayerScale": "elementwise",
    "ZeroPaddingShortcut": "copies",
    "CropLike": "copies",
    "WithMask": "copies",
    "StochasticDepth": "copies",
    "AdaptiveAveragePooling1D": "sums",
    "AdaptiveAveragePooling2D": "sums",
    "AdaptiveAveragePooling3D": "sums",
    "AdaptiveMaxPooling1D": "maximum",
    "AdaptiveMaxPooling2D": "maximum",
    "AdaptiveMaxPooling3D": "maximum",
}
RECTIFYING = ("relu", "relu6", "leakyrelu", "leaky_relu")
FUNCTIONS = (
    *RECTIFYING, "prelu", "elu", "selu", "celu", "gelu", "silu", "swish", "mish", "softplus",
    "softsign", "soft_sign", "hard_silu", "hardsilu", "hard_swish", "hardswish", "squareplus",
    "sparse_plus", "sparseplus", "tanh", "hard_tanh", "hardtanh", "scaledtanh", "scaled_tanh",
    "tanh_shrink", "tanhshrink", "hard_shrink", "hardshrink", "soft_shrink", "softshrink",
    "threshold", "sigmoid", "hard_sigmoid", "hardsigmoid", "log_sigmoid", "logsigmoid", "linear",
)  # fmt: skip
AFFINE = (L.BatchNormalization, L.Rescaling, L.Normalization)
RISING = (
    *RECTIFYING, "elu", "selu", "celu", "softplus", "softsign", "soft_sign", "squareplus",
    "sparse_plus", "sparseplus", "tanh", "hard_tanh", "hardtanh", "scaledtanh", "scaled_tanh",
    "tanh_shrink", "tanhshrink", "hard_shrink", "hardshrink", "soft_shrink", "softshrink",
    "sigmoid", "hard_sigmoid", "hardsigmoid", "log_sigmoid", "logsigmoid", "linear",
)  # fmt: skip
OPERATIONS = {
    "copies": (
        "reshape", "squeeze", "expanddims", "transpose", "getitem", "concatenate", "stack", "flip",
        "roll", "pad", "cast", "identity", "copy", "repeat", "tile", "broadcastto", "split",
        "unstack", "swapaxes", "moveaxis", "ravel", "padimages", "cropimages", "depthtospace",
        "spacetodepth",
        "notequal", "equal", "any", "all", "logicalnot", "logicaland", "logicalor",  # of masks
    ),
    "sums": ("add", "subtract", "mean", "sum", "average", "averagepool", "adaptiveaveragepool"),
    "maximum": ("maxpool", "adaptivemaxpool", "max", "amax", "maximum", "minimum"),
}  # fmt: skip
WITH_NUMBERS = ("add", "subtract", "multiply", "divide", "truediv", "truedivide")


def kind_of(graph: Graph, node: Node, heads: Collection[str]) -> str | None:
    """Name what a node does with its inputs; see the top of this file.

    Args:
        graph: the model's graph.
        node: one of its nodes.
        heads: names of the nodes whose softmax or sigmoid follows the logits.
    """
    operation = node.operation
    if node.name in heads:
        if not getattr(operation, "weights", None):
            return "elementwise" if mask_of(operation, *node.slots) is None else None
        defined = _has_kernel(operation) and computes_as_defined(operation)
        return "weights" if defined else None
    if not computes_as_defined(operation):
        return None
    name, function = type(operation).__name__, name_of(last_function(operation))
    if isinstance(operation, WEIGHTED) or NAMED.get(name) == "weights":
        return "weights" if function in FUNCTIONS or last_function(operation) is operation else None
    if name in NAMED:
        return NAMED[name]
    for kind, layers in (
        ("elementwise", NORMALIZING),
        ("copies", COPYING),
        ("sums", SUMMING),
        ("maximum", MAXIMIZING),
        ("gate", L.Multiply),
        ("centers", L.LayerNormalization),
        ("embedding", L.Embedding),
    ):
        if isinstance(operation, layers):
            if getattr(operation, "rms_scaling", False):
                return "elementwise"
            return _of_gate(graph, node) if kind == "gate" else kind
    if isinstance(operation, L.CenterCrop):  # it resizes an image that is too small
        return "copies" if _is_within(node.shapes[0], graph.shapes[node.inputs[0]]) else "sums"
    if isinstance(operation, L.Layer) and name.startswith("Random"):
        return "copies"  # in inference, augmentation returns its input
    if isinstance(operation, (L.UpSampling2D, L.Resizing)) or name == "Resize":
        nearest = operation.interpolation == "nearest"
        return "copies" if nearest else "sums"
    return "elementwise" if function in FUNCTIONS else _of_operation(graph, node, name.lower())


def _is_within(inner: tuple, outer: tuple) -> bool:
    """Whether a shape is known to be no larger than another along any axis but the batch."""
    pairs = zip(inner[1:], outer[1:], strict=True)
    return all(None not in pair and pair[0] <= pair[1] for pair in pairs)


def _of_operation(graph: Graph, node: Node, name: str) -> str | None:
    """Name what an operation of `keras.ops` does."""
    if isinstance(node.operation, L.Layer):
        return None
    if len(node.inputs) == 1:
        args, _kwargs = node.slots
        first = bool(args) and isinstance(args[0], Slot)
        if name in WITH_NUMBERS:  # x + 1 and 2 * x, but not 1 - x or 1 / x
            commutes = name in ("add", "multiply")
            same = node.shapes[0] == graph.shapes[node.inputs[0]]
            return "elementwise" if same and (first or commutes) else None
        if name in ("maximum", "minimum"):
            return None
    elif name == "multiply":
        return _of_gate(graph, node)
    return next((kind for kind, names in OPERATIONS.items() if name in names), None)


def _of_gate(graph: Graph, node: Node) -> str | None:
    """A product counts as a gate if all but one of its factors have a single position."""
    return "gate" if len(node.inputs) == 2 and signal_of(graph, node) is not None else None


def signal_of(graph: Graph, node: Node) -> Key | None:
    """Return the factor of a product that has positions, if the others have none."""
    shapes = {key: graph.shapes[key] for key in node.inputs}
    wide = [key for key, shape in shapes.items() if any(n != 1 for n in shape[1:-1])]
    return wide[0] if len(wide) == 1 else None


def heads_of(graph: Graph) -> set[str]:
    """Return the names of the nodes whose softmax or sigmoid follows the logits."""
    heads = (head_of(graph, key)[0] for key in graph.outputs)
    return {head.name for head in heads if head is not None}


def _has_kernel(operation: keras.Operation) -> bool:
    return isinstance(operation, WEIGHTED) or NAMED.get(type(operation).__name__) == "weights"


def depends_on_others(node: Node) -> bool:
    """Whether a change of one element changes more than what is computed from it alone.

    So it is in a normalization by the activations, in the maximum of several tensors, and in
    masking, which sets the elements of a step to 0 if all of them are, say, 1.
    """
    operation = node.operation
    statistical = isinstance(operation, L.UnitNormalization) or type(operation).__name__ in (
        "LocalResponseNormalization",
        "RMSNormalization",
    )
    choosing = isinstance(operation, (L.Maximum, L.Minimum)) and len({*node.inputs}) > 1
    masking = isinstance(operation, L.Masking) and not masks_zeros(operation)
    return statistical or choosing or masking


def masks_zeros(operation: keras.Operation) -> bool:
    """Whether it masks steps of zeros: it returns its input, although its gradient is 0 there."""
    return isinstance(operation, L.Masking) and not np.any(operation.mask_value)


def keeps_order(node: Node, kind: str | None) -> bool:
    """Whether outputs lie between those of the lowest and of the highest inputs.

    If a factor is negative, the lowest inputs give the highest outputs.
    """
    operation = node.operation
    if kind == "elementwise":
        function = name_of(last_function(operation))
        affine = isinstance(operation, AFFINE) or not isinstance(operation, L.Layer)
        if function in FUNCTIONS:
            leaky = getattr(operation, "negative_slope", 0)
            return function in RISING and leaky >= 0
        return affine
    name = type(operation).__name__
    if kind == "sums":  # other interpolations overshoot
        exact = getattr(operation, "interpolation", "bilinear") in ("bilinear", "area")
        return exact and name != "Subtract"
    return kind in ("copies", "maximum")


def activates(node: Node) -> bool:
    """Whether a node is an activation alone: a layer without a kernel, or a function."""
    function = name_of(last_function(node.operation))
    return function in FUNCTIONS and not _has_kernel(node.operation)
