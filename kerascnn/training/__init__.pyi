from ._augmentation import PadCropFlip as PadCropFlip
from ._optimizers import CoupledDecaySGD as CoupledDecaySGD
from ._recipes import Recipe as Recipe
from ._recipes import recipe as recipe
from ._recipes import recipes as recipes
from ._train import Training as Training
from ._train import train as train
