import collections.abc
import os

import keras

from ._registry import Architecture as Architecture
from ._registry import Case as Case
from ._registry import architectures as architectures
from ._registry import build as build
from ._registry import names as names
from .alexnet import build_alexnet as build_alexnet
from .fcn import build_fcn8s as build_fcn8s
from .fcn import build_fcn16s as build_fcn16s
from .fcn import build_fcn32s as build_fcn32s
from .fcn import convolutionalize as convolutionalize
from .fusionnet import build_fusionnet as build_fusionnet
from .googlenet import build_googlenet as build_googlenet
from .googlenet import build_inception_module as build_inception_module
from .lenet import build_lenet5 as build_lenet5
from .linear import build_linear_regression as build_linear_regression
from .linear import build_logistic_regression as build_logistic_regression
from .linear import build_perceptron as build_perceptron
from .locally_connected import build_locally_connected as build_locally_connected
from .mlp import build_mlp as build_mlp
from .neocognitron import build_neocognitron as build_neocognitron
from .resnet import build_plain18 as build_plain18
from .resnet import build_plain34 as build_plain34
from .resnet import build_resnet18 as build_resnet18
from .resnet import build_resnet34 as build_resnet34
from .resnet import build_resnet50 as build_resnet50
from .resnet import build_resnet101 as build_resnet101
from .resnet import build_resnet152 as build_resnet152
from .resnet_cifar import build_plain20 as build_plain20
from .resnet_cifar import build_plain32 as build_plain32
from .resnet_cifar import build_plain44 as build_plain44
from .resnet_cifar import build_plain56 as build_plain56
from .resnet_cifar import build_plain110 as build_plain110
from .resnet_cifar import build_resnet20 as build_resnet20
from .resnet_cifar import build_resnet32 as build_resnet32
from .resnet_cifar import build_resnet44 as build_resnet44
from .resnet_cifar import build_resnet56 as build_resnet56
from .resnet_cifar import build_resnet110 as build_resnet110
from .unet import build_unet as build_unet
from .vgg import build_vgg11 as build_vgg11
from .vgg import build_vgg13 as build_vgg13
from .vgg import build_vgg16 as build_vgg16
from .vgg import build_vgg19 as build_vgg19
from .yolo import build_yolov1 as build_yolov1

# The signatures, written by scripts/write_builder_stubs.py.

def build_linear_regression(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = None,
    name: str = "linear_regression",
) -> keras.Model:
    """Linear regression on the pixels, s = W·x + b, with a template and a bias for each class.

    >>> import kerascnn as kc
    >>> kc.build_linear_regression().count_params()  # 784 · 10 + 10
    7850

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (28, 28, 1). The height and the
            width may be `None` (any size) with `include_top=False`.
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_logistic_regression(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "logistic_regression",
) -> keras.Model:
    """Logistic regression on the pixels, the softmax of W·x + b.

    For two classes, use `classes=1`, which is a single unit with a sigmoid.

    >>> import kerascnn as kc
    >>> kc.build_logistic_regression(classes=1).count_params()
    785

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (28, 28, 1). The height and the
            width may be `None` (any size) with `include_top=False`.
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_perceptron(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1,
    classifier_activation: str | collections.abc.Callable | None = ...,
    name: str = "perceptron",
) -> keras.Model:
    """Perceptron on the pixels: 1 if w·x + b is not negative, otherwise 0, for each class.

    The step function passes gradients through unchanged, so that `fit` with plain SGD and half the
    squared error follows Rosenblatt's learning rule.

    >>> import kerascnn as kc
    >>> kc.build_perceptron().count_params()  # 784 weights and a bias
    785

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (28, 28, 1). The height and the
            width may be `None` (any size) with `include_top=False`.
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_neocognitron(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "neocognitron",
    *,
    planes: int = 24,
) -> keras.Model:
    """Neocognitron: three stages of S-cells, which detect features, and C-cells, which pool them.

    S-cells learn non-negative excitatory weights and are subject to shunting inhibition; the
    weights of C-cells are fixed. Images are expected to be bright strokes on a background of 0.

    DEVIATION from the paper: the weights are learned by gradient descent from labels rather than
    by unsupervised competition, and a softmax layer follows the last 24 C-cells. The windows of
    the C-cells are chosen to produce the paper's sizes, 16, 10, 8, 6, 2 and 1, without thinning
    the cells out.

    >>> import kerascnn as kc
    >>> kc.build_neocognitron(include_top=False, input_shape=(16, 16, 1)).output_shape
    (None, 1, 1, 24)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (16, 16, 1). The height and the
            width may be `None` (any size) with `include_top=False`.
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        planes: number of cell-planes in each layer.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_mlp(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "mlp",
    *,
    hidden: collections.abc.Sequence[int] = (300, 100),
    activation: str = "relu",
) -> keras.Model:
    """Multilayer perceptron on the pixels, with hidden layers of 300 and 100 units.

    DEVIATION: ReLU instead of the paper's sigmoid, as in today's courses.

    >>> import kerascnn as kc
    >>> kc.build_mlp(hidden=(128,)).count_params()
    101770

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (28, 28, 1). The height and the
            width may be `None` (any size) with `include_top=False`.
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        hidden: number of units in each hidden layer.
        activation: activation function of the hidden layers.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_locally_connected(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "locally_connected",
) -> keras.Model:
    """LeNet-5 with unshared weights: 423,038 parameters, compared with 61,706.

    Each layer has as many multiply-accumulate operations as in `build_lenet5`, so that the two are
    comparable; the paper's Net-3 is smaller.

    >>> import kerascnn as kc
    >>> kc.build_locally_connected().count_params()
    423038

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (28, 28, 1).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_lenet5(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "lenet5",
    *,
    variant: str = "modern",
) -> keras.Model:
    """LeNet-5: 61,706 parameters, or 60,000 trainable ones in the variant of 1998.

    The paper pads MNIST's 28x28 digits to 32x32 beforehand. Here, C1 pads such images ("same"),
    which produces the same maps; images of 32x32 or more are not padded, as in the paper.

    DEVIATION from the paper, as in today's courses: C3 is connected to all six maps of S2, pooling
    layers have no weights, ReLU replaces tanh, and a softmax replaces radial basis functions.

    >>> import kerascnn as kc
    >>> kc.build_lenet5().count_params()
    61706

    The variant of 1998 expects digits padded to 32x32:

    >>> import numpy as np
    >>> images, labels = kc.datasets.load("digits").test  # 28x28
    >>> padded = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)])
    >>> preprocess = kc.weights.preprocessing("lenet5", "mnist", variant="1998")
    >>> model = kc.build_lenet5(variant="1998", weights="mnist")
    >>> outputs = model.predict(preprocess(padded[:200]), verbose=0)
    >>> bool(np.mean(outputs.argmax(axis=1) == labels[:200]) > 0.85)
    True

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (28, 28, 1) for 'modern',
            (32, 32, 1) for '1998'. The height and the width may be `None` (any size) with
            `include_top=False`.
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        variant: "modern" has full connections, max-pooling, ReLU and softmax; "1998" is the
            network of the paper, with the connections of Table I in C3, trainable subsampling,
            scaled tanh and radial basis functions. It expects digits of 32x32 with a background
            of -0.1 and a foreground of 1.175.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_alexnet(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "alexnet",
    *,
    variant: str = "single_tower",
    dropout: float = 0.5,
    width: float = 1.0,
) -> keras.Model:
    """AlexNet, as one tower: 62,378,344 parameters.

    DEVIATION from the paper: images are 227x227, since with the paper's 224x224, the first layer
    would have a width of 54.25. By default, there is one tower rather than two halves on two GPUs,
    and pooling comes before normalization, as usually taught. The "cifar" variant uses He
    initialization (He et al. 2015, arXiv:1502.01852) and biases of 0: with the paper's
    initialization, weights of about 0.01 and biases of 1, its outputs would hardly depend on the
    image.

    >>> import kerascnn as kc
    >>> kc.build_alexnet(include_top=False).count_params()
    3747200

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (227, 227, 3) for 'single_tower',
            (227, 227, 3) for 'paper', (224, 224, 3) for 'torchvision', (32, 32, 3) for 'cifar'.
            The height and the width may be `None` (any size) with `include_top=False`.
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        variant: "single_tower" is the network as it is usually taught; "paper" has two groups
            and normalizes before pooling; "torchvision" has fewer filters and no normalization;
            "cifar" is a smaller network for images of 32x32, specific to this package.
        dropout: dropout rate at each hidden dense layer (paper, section 4.2: 0.5).
        width: factor by which to multiply the number of filters and of hidden units.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_googlenet(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "googlenet",
    *,
    variant: str = "paper",
    auxiliary: bool = False,
) -> keras.Model:
    """GoogLeNet, nine Inception modules: 6,998,552 parameters, or 13,378,280 with auxiliary heads.

    DEVIATION: the last average pooling is global; for images of 224x224 that is 7x7, as in the
    paper.

    >>> import kerascnn as kc
    >>> kc.build_googlenet(include_top=False).count_params()  # without the 1,025,000 on top
    5973552

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (224, 224, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        variant: "paper", with local response normalization as in BVLC's model; or
            "torchvision", with batch normalization and 3x3 kernels in the branch named "5x5".
        auxiliary: whether to return the two auxiliary classifiers too, as [main, loss1, loss2].
            Train with `loss_weights=[1, 0.3, 0.3]`. For inference, keep the main output only:
            `keras.Model(model.input, model.outputs[0])`.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_vgg11(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "vgg11",
    *,
    dropout: float = 0.0,
    width: float = 1.0,
    hidden: int = 4096,
    batch_normalization: bool = False,
) -> keras.Model:
    """VGG11, column A: 132,863,336 parameters.

    >>> import kerascnn as kc
    >>> kc.build_vgg11(width=0.125, input_shape=(64, 64, 3), classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (224, 224, 3). The height and the
            width may be `None` (any size) with `include_top=False`.
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        dropout: dropout rate after each hidden dense layer. The paper uses 0.5; the default,
            0, adds no dropout layers, as in keras.applications.
        width: factor by which to multiply the number of filters and of hidden units.
        hidden: number of units in each hidden dense layer, before scaling by `width`.
        batch_normalization: whether to apply batch normalization (Ioffe & Szegedy 2015) after
            each convolution, as in torchvision's vgg16_bn; the paper predates it.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_vgg13(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "vgg13",
    *,
    dropout: float = 0.0,
    width: float = 1.0,
    hidden: int = 4096,
    batch_normalization: bool = False,
) -> keras.Model:
    """VGG13, column B: 133,047,848 parameters.

    >>> import kerascnn as kc
    >>> kc.build_vgg13(width=0.125, input_shape=(64, 64, 3), classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (224, 224, 3). The height and the
            width may be `None` (any size) with `include_top=False`.
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        dropout: dropout rate after each hidden dense layer. The paper uses 0.5; the default,
            0, adds no dropout layers, as in keras.applications.
        width: factor by which to multiply the number of filters and of hidden units.
        hidden: number of units in each hidden dense layer, before scaling by `width`.
        batch_normalization: whether to apply batch normalization (Ioffe & Szegedy 2015) after
            each convolution, as in torchvision's vgg16_bn; the paper predates it.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_vgg16(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "vgg16",
    *,
    dropout: float = 0.0,
    width: float = 1.0,
    hidden: int = 4096,
    batch_normalization: bool = False,
) -> keras.Model:
    """VGG16, column D: 138,357,544 parameters, with the layer names of keras.applications.

    >>> import kerascnn as kc
    >>> kc.build_vgg16(include_top=False).count_params()
    14714688

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (224, 224, 3). The height and the
            width may be `None` (any size) with `include_top=False`.
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        dropout: dropout rate after each hidden dense layer. The paper uses 0.5; the default,
            0, adds no dropout layers, as in keras.applications.
        width: factor by which to multiply the number of filters and of hidden units.
        hidden: number of units in each hidden dense layer, before scaling by `width`.
        batch_normalization: whether to apply batch normalization (Ioffe & Szegedy 2015) after
            each convolution, as in torchvision's vgg16_bn; the paper predates it.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_vgg19(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "vgg19",
    *,
    dropout: float = 0.0,
    width: float = 1.0,
    hidden: int = 4096,
    batch_normalization: bool = False,
) -> keras.Model:
    """VGG19, column E: 143,667,240 parameters, with the layer names of keras.applications.

    >>> import kerascnn as kc
    >>> kc.build_vgg19(width=0.125, input_shape=(64, 64, 3), classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (224, 224, 3). The height and the
            width may be `None` (any size) with `include_top=False`.
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        dropout: dropout rate after each hidden dense layer. The paper uses 0.5; the default,
            0, adds no dropout layers, as in keras.applications.
        width: factor by which to multiply the number of filters and of hidden units.
        hidden: number of units in each hidden dense layer, before scaling by `width`.
        batch_normalization: whether to apply batch normalization (Ioffe & Szegedy 2015) after
            each convolution, as in torchvision's vgg16_bn; the paper predates it.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_fcn8s(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 21,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "fcn8s",
    *,
    dropout: float = 0.5,
    width: float = 1.0,
    hidden: int = 4096,
    window: int = 7,
) -> keras.Model:
    """FCN-8s, which combines pool5, pool4 and pool3: 134,362,751 trainable parameters.

    See `build_fcn32s` for details.

    >>> import kerascnn as kc
    >>> kc.build_fcn8s(width=0.05, input_shape=(60, 90, 3)).output_shape
    (None, 60, 90, 21)

    Args:
        include_top: whether to include the class scores and their upsampling.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). By default, the height and the width are
            `None` (any size); the paper uses (500, 500, 3).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        dropout: dropout rate after fc6 and fc7, the layers that are dense in VGG16.
        width: factor by which to multiply the number of filters.
        hidden: number of filters of fc6 and fc7, before scaling by `width`.
        window: side of the kernel of fc6: 7, or 1 for the weights of a VGG16 for images of
            32x32, which needs no border around the image.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to
        (N, H, W, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_fcn16s(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 21,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "fcn16s",
    *,
    dropout: float = 0.5,
    width: float = 1.0,
    hidden: int = 4096,
    window: int = 7,
) -> keras.Model:
    """FCN-16s, which combines pool5 and pool4: 134,357,354 trainable parameters.

    See `build_fcn32s` for details.

    >>> import kerascnn as kc
    >>> kc.build_fcn16s(width=0.05, input_shape=(60, 90, 3)).output_shape
    (None, 60, 90, 21)

    Args:
        include_top: whether to include the class scores and their upsampling.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). By default, the height and the width are
            `None` (any size); the paper uses (500, 500, 3).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        dropout: dropout rate after fc6 and fc7, the layers that are dense in VGG16.
        width: factor by which to multiply the number of filters.
        hidden: number of filters of fc6 and fc7, before scaling by `width`.
        window: side of the kernel of fc6: 7, or 1 for the weights of a VGG16 for images of
            32x32, which needs no border around the image.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to
        (N, H, W, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_fcn32s(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 21,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "fcn32s",
    *,
    dropout: float = 0.5,
    width: float = 1.0,
    hidden: int = 4096,
    window: int = 7,
) -> keras.Model:
    """FCN-32s, which upsamples the class scores of pool5: 134,346,581 trainable parameters.

    Images may have any size; the output has the same height and width. The bilinear upsampling is
    not trainable. With `include_top=False`, the model returns the feature maps of fc7.

    >>> import kerascnn as kc
    >>> kc.build_fcn32s(width=0.05, input_shape=(60, 90, 3)).output_shape
    (None, 60, 90, 21)

    Args:
        include_top: whether to include the class scores and their upsampling.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). By default, the height and the width are
            `None` (any size); the paper uses (500, 500, 3).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        dropout: dropout rate after fc6 and fc7, the layers that are dense in VGG16.
        width: factor by which to multiply the number of filters.
        hidden: number of filters of fc6 and fc7, before scaling by `width`.
        window: side of the kernel of fc6: 7, or 1 for the weights of a VGG16 for images of
            32x32, which needs no border around the image.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to
        (N, H, W, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_plain18(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "plain18",
    *,
    width: float = 1.0,
) -> keras.Model:
    """Plain-18, ResNet-18 without its shortcuts: 11,515,688 parameters.

    >>> import kerascnn as kc
    >>> kc.build_plain18(width=0.25, classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (224, 224, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_plain20(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "plain20",
    *,
    width: float = 1.0,
) -> keras.Model:
    """Plain-20 for CIFAR-10: ResNet-20 without its shortcuts.

    >>> import kerascnn as kc
    >>> kc.build_plain20(classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (32, 32, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_plain32(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "plain32",
    *,
    width: float = 1.0,
) -> keras.Model:
    """Plain-32 for CIFAR-10: ResNet-32 without its shortcuts.

    >>> import kerascnn as kc
    >>> kc.build_plain32(classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (32, 32, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_plain34(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "plain34",
    *,
    width: float = 1.0,
) -> keras.Model:
    """Plain-34, ResNet-34 without its shortcuts: 21,623,848 parameters.

    >>> import kerascnn as kc
    >>> kc.build_plain34(width=0.25, classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (224, 224, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_plain44(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "plain44",
    *,
    width: float = 1.0,
) -> keras.Model:
    """Plain-44 for CIFAR-10: ResNet-44 without its shortcuts.

    >>> import kerascnn as kc
    >>> kc.build_plain44(classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (32, 32, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_plain56(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "plain56",
    *,
    width: float = 1.0,
) -> keras.Model:
    """Plain-56 for CIFAR-10: ResNet-56 without its shortcuts.

    >>> import kerascnn as kc
    >>> kc.build_plain56(classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (32, 32, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_plain110(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "plain110",
    *,
    width: float = 1.0,
) -> keras.Model:
    """Plain-110 for CIFAR-10: ResNet-110 without its shortcuts.

    >>> import kerascnn as kc
    >>> kc.build_plain110(classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (32, 32, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_resnet18(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "resnet18",
    *,
    variant: str = "v1",
    shortcut: str = "B",
    width: float = 1.0,
) -> keras.Model:
    """ResNet-18, basic blocks: 11,689,512 parameters.

    >>> import kerascnn as kc
    >>> kc.build_resnet18(width=0.25, include_top=False).output_shape
    (None, None, None, 128)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (224, 224, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        variant: "v1" has the strides of the paper and the layers of keras.applications; "v1.5"
            is torchvision's ResNet, with the stride in the 3x3 convolution of a bottleneck and
            no biases.
        shortcut: type of shortcut. "A" pads with zeros, "B" uses a projection where the shape
            changes, "C" uses projections everywhere.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_resnet20(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "resnet20",
    *,
    shortcut: str = "A",
    width: float = 1.0,
) -> keras.Model:
    """ResNet-20 for CIFAR-10: 269,722 parameters.

    >>> import kerascnn as kc
    >>> kc.describe(kc.build_resnet20()).trainable_parameters
    269722

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (32, 32, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        shortcut: type of shortcut. "A", as in the paper, pads with zeros, "B" uses a projection
            where the shape changes, "C" uses projections everywhere.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_resnet32(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "resnet32",
    *,
    shortcut: str = "A",
    width: float = 1.0,
) -> keras.Model:
    """ResNet-32 for CIFAR-10: 464,154 parameters.

    >>> import kerascnn as kc
    >>> kc.build_resnet32(classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (32, 32, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        shortcut: type of shortcut. "A", as in the paper, pads with zeros, "B" uses a projection
            where the shape changes, "C" uses projections everywhere.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_resnet34(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "resnet34",
    *,
    variant: str = "v1",
    shortcut: str = "B",
    width: float = 1.0,
) -> keras.Model:
    """ResNet-34, basic blocks: 21,797,672 parameters.

    >>> import kerascnn as kc
    >>> kc.build_resnet34(width=0.25, include_top=False, pooling="avg").output_shape
    (None, 128)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (224, 224, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        variant: "v1" has the strides of the paper and the layers of keras.applications; "v1.5"
            is torchvision's ResNet, with the stride in the 3x3 convolution of a bottleneck and
            no biases.
        shortcut: type of shortcut. "A" pads with zeros, "B" uses a projection where the shape
            changes, "C" uses projections everywhere.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_resnet44(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "resnet44",
    *,
    shortcut: str = "A",
    width: float = 1.0,
) -> keras.Model:
    """ResNet-44 for CIFAR-10: 658,586 parameters.

    >>> import kerascnn as kc
    >>> kc.build_resnet44(classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (32, 32, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        shortcut: type of shortcut. "A", as in the paper, pads with zeros, "B" uses a projection
            where the shape changes, "C" uses projections everywhere.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_resnet50(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "resnet50",
    *,
    variant: str = "v1",
    shortcut: str = "B",
    width: float = 1.0,
) -> keras.Model:
    """ResNet-50, bottleneck blocks: 25,583,592 trainable parameters, as in keras.applications.

    >>> import kerascnn as kc
    >>> kc.build_resnet50(width=0.125, include_top=False, pooling="avg").output_shape
    (None, 256)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (224, 224, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        variant: "v1" has the strides of the paper and the layers of keras.applications; "v1.5"
            is torchvision's ResNet, with the stride in the 3x3 convolution of a bottleneck and
            no biases.
        shortcut: type of shortcut. "A" pads with zeros, "B" uses a projection where the shape
            changes, "C" uses projections everywhere.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_resnet56(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "resnet56",
    *,
    shortcut: str = "A",
    width: float = 1.0,
) -> keras.Model:
    """ResNet-56 for CIFAR-10: 853,018 parameters.

    >>> import kerascnn as kc
    >>> kc.build_resnet56(classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (32, 32, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        shortcut: type of shortcut. "A", as in the paper, pads with zeros, "B" uses a projection
            where the shape changes, "C" uses projections everywhere.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_resnet101(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "resnet101",
    *,
    variant: str = "v1",
    shortcut: str = "B",
    width: float = 1.0,
) -> keras.Model:
    """ResNet-101, bottleneck blocks: 44,601,832 trainable parameters, as in keras.applications.

    >>> import kerascnn as kc
    >>> kc.build_resnet101(width=0.125, include_top=False, pooling="avg").output_shape
    (None, 256)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (224, 224, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        variant: "v1" has the strides of the paper and the layers of keras.applications; "v1.5"
            is torchvision's ResNet, with the stride in the 3x3 convolution of a bottleneck and
            no biases.
        shortcut: type of shortcut. "A" pads with zeros, "B" uses a projection where the shape
            changes, "C" uses projections everywhere.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_resnet110(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "resnet110",
    *,
    shortcut: str = "A",
    width: float = 1.0,
) -> keras.Model:
    """ResNet-110 for CIFAR-10: 1,727,962 parameters.

    >>> import kerascnn as kc
    >>> kc.build_resnet110(classes=7).output_shape
    (None, 7)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (32, 32, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        shortcut: type of shortcut. "A", as in the paper, pads with zeros, "B" uses a projection
            where the shape changes, "C" uses projections everywhere.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_resnet152(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "resnet152",
    *,
    variant: str = "v1",
    shortcut: str = "B",
    width: float = 1.0,
) -> keras.Model:
    """ResNet-152, bottleneck blocks: 60,268,520 trainable parameters, as in keras.applications.

    >>> import kerascnn as kc
    >>> kc.build_resnet152(width=0.125, include_top=False, pooling="avg").output_shape
    (None, 256)

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (224, 224, 3). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        variant: "v1" has the strides of the paper and the layers of keras.applications; "v1.5"
            is torchvision's ResNet, with the stride in the 3x3 convolution of a bottleneck and
            no biases.
        shortcut: type of shortcut. "A" pads with zeros, "B" uses a projection where the shape
            changes, "C" uses projections everywhere.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_unet(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 2,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "unet",
    *,
    padding: str = "valid",
    dropout: float = 0.5,
    width: float = 1.0,
) -> keras.Model:
    """U-Net, which classifies each pixel; 23 convolutions: 31,030,658 parameters.

    With "valid" padding, the output lacks 92 pixels on each side: pad the images beforehand, for
    example by mirroring their edges. With `include_top=False`, the model returns the 64 feature
    maps before the last 1x1 convolution.

    The paper leaves two choices open: the dropout rate, which is 0.5 here, and whether a ReLU
    follows each up-convolution, which it does here.

    >>> import kerascnn as kc
    >>> kc.build_unet(width=0.125).output_shape
    (None, 388, 388, 2)

    Args:
        include_top: whether to include the last 1x1 convolution.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (572, 572, 1) for 'valid',
            (512, 512, 1) for 'same'. The height and the width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        padding: "valid" as in the paper, from 572x572 to 388x388; or "same", which returns maps
            of the size of the image.
        dropout: dropout rate at the end of the contracting path (section 3.1).
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to
        (N, H, W, classes) with padding="same"; with "valid", H and W are 184 smaller.

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_fusionnet(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1,
    classifier_activation: str | collections.abc.Callable | None = "sigmoid",
    name: str = "fusionnet",
    *,
    width: float = 1.0,
) -> keras.Model:
    """FusionNet, a U-Net with residual blocks and summed skip connections: 78,531,649 parameters.

    The paper leaves some choices open. Here, all convolutions have biases, all but the last are
    batch-normalized, and the transposed convolutions and the last convolution are 3x3. With
    `include_top=False`, the model returns the 64 feature maps before the last convolution.

    >>> import kerascnn as kc
    >>> kc.build_fusionnet(width=0.125).output_shape
    (None, 512, 512, 1)

    Args:
        include_top: whether to include the last convolution.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (512, 512, 1). The height and the
            width may be `None` (any size).
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        width: factor by which to multiply the number of filters.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to
        (N, H, W, classes).

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """

def build_yolov1(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 20,
    classifier_activation: str | collections.abc.Callable | None = None,
    name: str = "yolov1",
    *,
    variant: str = "paper",
    boxes: int = 2,
    dropout: float = 0.5,
    width: float = 1.0,
) -> keras.Model:
    """YOLOv1, 24 convolutions and two dense layers: 271,703,550 parameters.

    The output is a grid of cells, 7x7 for images of 448x448. Each cell holds `boxes` times
    (x, y, w, h, confidence), followed by a score for each class. With `include_top=False`, the
    model returns the last feature maps, (N, 7, 7, 1024).

    The "small" variant learns from a few thousand images without pretraining, as it is normalized
    and its last convolution sees every cell with the same weights.

    DEVIATION: the numbers of a cell are not in the order in which darknet stores them.

    >>> import kerascnn as kc
    >>> kc.build_yolov1(include_top=False).count_params()
    60155968

    Args:
        include_top: whether to include the layers that return the grid.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
        input_shape: shape of an image, (H, W, C). Default: (448, 448, 3) for 'paper',
            (112, 112, 3) for 'small'. The height and the width may be `None` (any size) with
            `include_top=False`.
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.
        variant: "paper"; or "small", for images of 112x112, specific to this package: six
            convolutions with batch normalization, and one of 1x1 that returns the grid.
        boxes: number of boxes per cell of the grid, the paper's B.
        dropout: dropout rate after the hidden dense layer (section 2.2: 0.5), which the "small"
            variant lacks.
        width: factor by which to multiply the number of filters and of hidden units.

    Returns:
        An uncompiled functional `keras.Model`, from images (N, H, W, C) float to
        (N, H / 64, W / 64, boxes · 5 + classes); H / 16, W / 16 with variant="small".

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
    """
