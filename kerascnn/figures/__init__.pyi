from ._registry import Recipe as Recipe, figure as figure, names as names, recipes as recipes
from ._runner import draw as draw, render as render
