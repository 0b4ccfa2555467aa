"""PyTorch below Keras: deep nets with batch normalization train twice as fast on a processor.

Keras composes batch normalization of ten operations there, which take most of a step, and copies
maps to channels first and back around each convolution and pooling, a third of what is left. Beside
TensorFlow, whose pipeline feeds it, PyTorch also wants an allocator that keeps memory: without
LD_PRELOAD=libtcmalloc_minimal.so.4 a step took twice as long.
"""

import keras


def quicken():
    """With PyTorch, normalize by its one operation and copy no maps; else do nothing.

    The results differ in the moving variance alone, by n / (n - 1) for the n values of a channel.
    """
    if keras.backend.backend() != "torch":
        return
    import torch
    from keras.src.backend.torch import nn

    nn._transpose_spatial_inputs = lambda maps: torch.movedim(maps, -1, 1)

    composed = keras.layers.BatchNormalization.call

    def call(self, inputs, training=None, mask=None):
        if not training:
            return composed(self, inputs, training, mask)
        maps = torch.nn.functional.batch_norm(
            torch.movedim(inputs, -1, 1),
            self.moving_mean.value,
            self.moving_variance.value,
            self.gamma.value,
            self.beta.value,
            training=True,
            momentum=1 - self.momentum,
            eps=self.epsilon,
        )
        return torch.movedim(maps, 1, -1)

    keras.layers.BatchNormalization.call = call
