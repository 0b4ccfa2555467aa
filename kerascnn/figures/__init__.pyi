from ._registry import Recipe as Recipe
from ._registry import figure as figure
from ._registry import names as names
from ._registry import recipes as recipes
from ._runner import FORMATS as FORMATS
from ._runner import draw as draw
from ._runner import render as render
