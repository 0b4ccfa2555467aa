from ._export import export as export
from ._show import show as show
