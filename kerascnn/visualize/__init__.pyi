from ._activations import activations as activations
from ._filters import filters as filters
from ._grad_cam import grad_cam as grad_cam
