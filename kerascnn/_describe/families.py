"""Groups of Keras's layers and operations that are treated alike."""

import keras
from keras import layers

from kerascnn._known import computes_as_defined

CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
POOLS = (
    layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D,
    layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D,
)  # fmt: skip
GLOBAL_POOLS = (
    layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D,
    layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D,
)  # fmt: skip
ADAPTIVE_POOLS = tuple(
    getattr(layers, f"Adaptive{kind}Pooling{rank}D")
    for kind in ("Average", "Max")
    for rank in (1, 2, 3)
    if hasattr(layers, f"Adaptive{kind}Pooling{rank}D")  # since Keras 3.13
)
UP_SAMPLING = (layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D)
PADDING = (layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D)
CROPPING = (layers.Cropping1D, layers.Cropping2D, layers.Cropping3D)
RECURRENT = (layers.RNN, layers.Bidirectional)
CONV_LSTM = (layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D)
ATTENTION = (layers.Attention, layers.AdditiveAttention)  # the query comes first
MULTI_HEAD = (layers.MultiHeadAttention, layers.GroupQueryAttention)
MERGING = (
    layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum,
)  # fmt: skip
NORMALIZATIONS = tuple(  # over the axes that they specify
    getattr(layers, name)
    for name in ("LayerNormalization", "UnitNormalization", "RMSNormalization")
    if hasattr(layers, name)
)
# At inference, each value depends only on the value at its position, in its channel.
POINTWISE = (
    layers.BatchNormalization, layers.Normalization, layers.Rescaling, layers.Identity,
    layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D,
    layers.AlphaDropout, layers.GaussianDropout, layers.GaussianNoise,
    layers.ActivityRegularization, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU,
    layers.Discretization, layers.RandomFlip, layers.RandomRotation, layers.RandomTranslation,
    layers.RandomZoom, layers.RandomContrast, layers.RandomBrightness,
)  # fmt: skip
# The same for operations in `keras.ops`, and for small layers in keras.applications.
POINTWISE_NAMES = frozenset([
    "Absolute", "Abs", "Add", "Arccos", "Arccosh", "Arcsin", "Arcsinh", "Arctan", "Arctan2",
    "Arctanh", "BroadcastTo", "Cast", "Cbrt", "Ceil", "Celu", "Clip", "ConvertToTensor",
    "Copy", "Cos", "Cosh", "CustomScaleLayer", "Divide", "DivideNoNan", "Elu", "Equal", "Erf",
    "Exp", "Exp2", "Expm1", "Floor", "FloorDivide", "FullLike", "Gelu", "Greater", "GreaterEqual",
    "HardShrink", "HardSigmoid", "HardSilu", "HardTanh", "Hypot", "Isfinite", "Isinf", "Isnan",
    "LayerScale", "LeakyRelu", "Less", "LessEqual", "Log", "Log10", "Log1p", "Log2",
    "LogSigmoid", "Logaddexp", "LogicalAnd", "LogicalNot", "LogicalOr", "LogicalXor", "Maximum",
    "Minimum", "Mod", "Multiply", "NanToNum", "Negative", "NotEqual", "OnesLike", "Power",
    "Reciprocal", "Relu", "Relu6", "Round", "Rsqrt", "SaturateCast", "Selu", "Sigmoid", "Sign",
    "Silu", "Sin", "Sinh", "SoftShrink", "Softplus", "Softsign", "Sqrt", "Square", "Squareplus",
    "StochasticDepth", "StopGradient", "Subtract", "Tan", "Tanh", "TanhShrink", "Threshold",
    "TrueDivide", "Where", "ZerosLike",
])  # fmt: skip
REDUCTIONS = frozenset([
    "All", "Amax", "Amin", "Any", "Logsumexp", "Max", "Mean", "Median", "Min", "Prod", "Std",
    "Sum", "Var",
])  # fmt: skip


def is_keras(operation: keras.Operation) -> bool:
    """Return whether Keras's own code computes an operation.

    A subclass may override nothing that it computes with, such as a helper method of `call`.
    """
    methods = (getattr(type(operation), n, None) for n in ("call", "convolution_op"))
    if not all(m is None or m.__module__.startswith("keras.") for m in methods):
        return False
    return type(operation).__module__.startswith("keras.") or computes_as_defined(operation)
