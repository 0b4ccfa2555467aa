from ._registry import (
    Architecture as Architecture,
    architectures as architectures,
    build as build,
    names as names,
)
from .alexnet import build_alexnet as build_alexnet
from .lenet import build_lenet5 as build_lenet5
from .vgg import (
    build_vgg11 as build_vgg11,
    build_vgg13 as build_vgg13,
    build_vgg16 as build_vgg16,
    build_vgg19 as build_vgg19,
)
