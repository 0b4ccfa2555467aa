from . import (
    arithmetic as arithmetic,
    datasets as datasets,
    figures as figures,
    layers as layers,
    models as models,
    plots as plots,
    training as training,
    visualize as visualize,
    weights as weights,
)
from ._describe import describe as describe
from .models import (
    build_alexnet as build_alexnet,
    build_lenet5 as build_lenet5,
    build_vgg11 as build_vgg11,
    build_vgg13 as build_vgg13,
    build_vgg16 as build_vgg16,
    build_vgg19 as build_vgg19,
)
from .training import train as train

__version__: str
