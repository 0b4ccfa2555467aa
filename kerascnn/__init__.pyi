from . import (
    arithmetic as arithmetic,
)
from . import (
    datasets as datasets,
)
from . import (
    decks as decks,
)
from . import (
    exercises as exercises,
)
from . import (
    experiments as experiments,
)
from . import (
    explorer as explorer,
)
from . import (
    figures as figures,
)
from . import (
    layers as layers,
)
from . import (
    metrics as metrics,
)
from . import (
    models as models,
)
from . import (
    plots as plots,
)
from . import (
    prediction as prediction,
)
from . import (
    trained as trained,
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
from ._class_names import name_classes as name_classes
from ._describe import describe as describe
from .models import build_alexnet as build_alexnet
from .models import build_fcn8s as build_fcn8s
from .models import build_fcn16s as build_fcn16s
from .models import build_fcn32s as build_fcn32s
from .models import build_fusionnet as build_fusionnet
from .models import build_googlenet as build_googlenet
from .models import build_inception_module as build_inception_module
from .models import build_lenet5 as build_lenet5
from .models import build_linear_regression as build_linear_regression
from .models import build_locally_connected as build_locally_connected
from .models import build_logistic_regression as build_logistic_regression
from .models import build_mlp as build_mlp
from .models import build_neocognitron as build_neocognitron
from .models import build_perceptron as build_perceptron
from .models import build_plain18 as build_plain18
from .models import build_plain20 as build_plain20
from .models import build_plain32 as build_plain32
from .models import build_plain34 as build_plain34
from .models import build_plain44 as build_plain44
from .models import build_plain56 as build_plain56
from .models import build_plain110 as build_plain110
from .models import build_resnet18 as build_resnet18
from .models import build_resnet20 as build_resnet20
from .models import build_resnet32 as build_resnet32
from .models import build_resnet34 as build_resnet34
from .models import build_resnet44 as build_resnet44
from .models import build_resnet50 as build_resnet50
from .models import build_resnet56 as build_resnet56
from .models import build_resnet101 as build_resnet101
from .models import build_resnet110 as build_resnet110
from .models import build_resnet152 as build_resnet152
from .models import build_unet as build_unet
from .models import build_vgg11 as build_vgg11
from .models import build_vgg13 as build_vgg13
from .models import build_vgg16 as build_vgg16
from .models import build_vgg19 as build_vgg19
from .models import build_yolov1 as build_yolov1
from .models import convolutionalize as convolutionalize
from .prediction import predict_boxes as predict_boxes
from .prediction import predict_tiles as predict_tiles
from .training import evaluate as evaluate
from .training import train as train
from .training import transfer as transfer
from .training import unfreeze as unfreeze

__version__: str
