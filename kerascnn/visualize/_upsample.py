"""Heatmaps of the size of the images, each unit at the center of what it sees."""

import keras
import numpy as np

from kerascnn._describe.shapes import specs_of

from ._engine.axes import graph_of
from ._engine.heatmaps import check_heatmaps
from ._engine.images import Images, check_images, check_sees, image_input
from ._engine.layers import LayerLike, select_maps
from ._engine.placing import lines_of, upsampled


def upsample(
    model: keras.Model,
    images: Images,
    heatmaps: np.ndarray,
    layer: LayerLike = None,
    *,
    input: int | str | None = None,
) -> np.ndarray:
    """Upsample heatmaps of a layer to the size of the images, bilinearly.

    The maps of most networks cover the images, and are stretched over them, as in Selvaraju et al.
    2017. Where they do not, as behind convolutions without padding, each unit is placed at the
    center of its receptive field (Araujo et al. 2019,
    https://distill.pub/2019/computing-receptive-fields), and the heatmap is 0 where no unit lies.

    Args:
        model: any functional or sequential `keras.Model`.
        images: the images that the heatmaps explain, (N, H, W, C), as for `grad_cam`.
        heatmaps: (N, h, w) float, such as those of `grad_cam`.
        layer: the layer of the heatmaps or its name; `None`: the last feature maps before the final
            pooling, as for `grad_cam`.
        input: which of several inputs takes the images, by its position or name; `None`: the only
            one that takes images.

    Returns:
        (N, H, W) float32.

    Raises:
        TypeError, ValueError: If images, heatmaps or layer do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_unet(input_shape=(220, 220, 1), width=1 / 16)  # its maps lack a border
    >>> images = np.zeros((1, 220, 220, 1))
    >>> heatmaps = kc.visualize.upsample(model, images, np.ones((1, 36, 36)), "up1_conv2")
    >>> heatmaps.shape, float(heatmaps[0, 110, 110]), float(heatmaps[0, 50, 110])
    ((1, 220, 220), 1.0, 0.0)
    """
    graph = graph_of(model)
    arrays = check_images(model, images)
    place = image_input(model, graph, input)
    node = select_maps(graph, layer, overlaid=True)
    check_sees(graph, node, place)
    values = check_heatmaps(heatmaps, len(arrays[place]))
    shapes = [x.shape[1:] for x in arrays]
    size = specs_of(model, graph, shapes)[node.outputs[0]].shape[1:-1]
    if len(size) == 2 and tuple(size) != values.shape[1:]:
        raise ValueError(
            f"heatmaps must be those of {node.name!r}, whose maps are {size[0]}x{size[1]}; "
            f"received {values.shape}. Set layer to their layer."
        )
    lines = lines_of(model, graph, node, shapes, place, values.shape[1:])
    return upsampled(values, lines, arrays[place].shape[1:3])
