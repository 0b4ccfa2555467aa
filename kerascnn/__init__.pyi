from . import (
    arithmetic as arithmetic,
)
from . import (
    datasets as datasets,
)
from . import (
    figures as figures,
)
from . import (
    layers as layers,
)
from . import (
    models as models,
)
from . import (
    plots as plots,
)
from . import (
    training as training,
)
from . import (
    visualize as visualize,
)
from . import (
    weights as weights,
)
from ._describe import describe as describe
from .models import (
    build_alexnet as build_alexnet,
)
from .models import (
    build_lenet5 as build_lenet5,
)
from .models import (
    build_vgg11 as build_vgg11,
)
from .models import (
    build_vgg13 as build_vgg13,
)
from .models import (
    build_vgg16 as build_vgg16,
)
from .models import (
    build_vgg19 as build_vgg19,
)
from .training import train as train

__version__: str
