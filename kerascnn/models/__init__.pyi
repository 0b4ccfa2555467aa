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
) -> keras.Model: ...
def build_logistic_regression(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "logistic_regression",
) -> keras.Model: ...
def build_perceptron(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1,
    classifier_activation: str | collections.abc.Callable | None = ...,
    name: str = "perceptron",
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
def build_locally_connected(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: str | collections.abc.Callable | None = "softmax",
    name: str = "locally_connected",
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
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
) -> keras.Model: ...
