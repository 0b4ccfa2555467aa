from ._registry import (
    Architecture as Architecture,
)
from ._registry import (
    architectures as architectures,
)
from ._registry import (
    build as build,
)
from ._registry import (
    names as names,
)
from .alexnet import build_alexnet as build_alexnet
from .lenet import build_lenet5 as build_lenet5
from .vgg import (
    build_vgg11 as build_vgg11,
)
from .vgg import (
    build_vgg13 as build_vgg13,
)
from .vgg import (
    build_vgg16 as build_vgg16,
)
from .vgg import (
    build_vgg19 as build_vgg19,
)
