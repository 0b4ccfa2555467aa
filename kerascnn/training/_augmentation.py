"""Random changes of the training images, as the papers made them; each image by itself."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerascnn")
class PadCropFlip(keras.Layer):
    """Shift images by a few pixels, and mirror half of them.

    "4 pixels are padded on each side, and a 32x32 crop is randomly sampled from the padded image
    or its horizontal flip" (He 2015, arXiv:1512.03385, Section 4.2). Each image of a batch gets
    its own place; Keras's RandomCrop cuts a whole batch at one.

    Takes and returns `(N, H, W, C)` float.

    Args:
        padding: Zeros on each side; images move by as much at most, in pixels.
        flip: Whether half of the images are mirrored left to right.
        seed: A whole number from 0 on.

    >>> import numpy as np
    >>> PadCropFlip(padding=1)(np.ones((5, 8, 8, 3), "float32"), training=True).shape
    TensorShape([5, 8, 8, 3])
    """

    def __init__(self, padding=4, flip=True, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.padding = padding
        self.flip = flip
        self.seed = seed
        self.random = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        """Change a batch; at inference it stays as it is."""
        if not training:
            return images
        count, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
        p = self.padding
        images = ops.pad(images, [[0, 0], [p, p], [p, p], [0, 0]])
        rows = self._places(count, 2 * p + 1) + ops.arange(height)
        columns = self._places(count, 2 * p + 1) + ops.arange(width)
        if self.flip:
            mirrored = self._places(count, 2) == 1
            columns = ops.where(mirrored, ops.flip(columns, axis=1), columns)
        images = ops.take_along_axis(images, rows[:, :, None, None], axis=1)
        return ops.take_along_axis(images, columns[:, None, :, None], axis=2)

    def _places(self, count, choices):
        """A random whole number for each image, (N, 1)."""
        draw = keras.random.uniform((count, 1), 0, choices, seed=self.random)
        return ops.minimum(ops.cast(draw, "int32"), choices - 1)

    def get_config(self):
        """What makes the same layer again."""
        more = {"padding": self.padding, "flip": self.flip, "seed": self.seed}
        return {**super().get_config(), **more}
