from ._activation_grid import activation_grid as activation_grid
from ._architecture import architecture as architecture
from ._filter_grid import filter_grid as filter_grid
from ._image_grid import image_grid as image_grid
from ._number_grid import number_grid as number_grid
from ._overlay import overlay as overlay
from ._sliding_window import sliding_window as sliding_window
from ._style import (
    LayerStyle as LayerStyle,
    colormap as colormap,
    layer_style as layer_style,
    role_color as role_color,
    style as style,
    styles as styles,
    window_colors as window_colors,
)
from ._training_curves import training_curves as training_curves
