from ._registry import LectureFigure as LectureFigure
from ._registry import figure as figure
from ._registry import lecture_figures as lecture_figures
from ._registry import names as names
from ._runner import FORMATS as FORMATS
from ._runner import draw as draw
from ._runner import render as render
