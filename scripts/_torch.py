"""PyTorch below Keras: deep nets with batch normalization train twice as fast on a processor.

Keras composes batch normalization of ten operations there, which take most of a step. Beside
TensorFlow, whose pipeline feeds it, PyTorch also wants an allocator that keeps memory: without
LD_PRELOAD=libtcmalloc_minimal.so.4 a step took twice as long.
"""

import keras


def fuse_normalization():
    """With PyTorch, normalize a batch by its one operation; with another backend, do nothing.

    The two differ in the moving variance alone, by n / (n - 1) for the n values of a channel.
    """
    if keras.backend.backend() != "torch":
        return
    import torch

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
