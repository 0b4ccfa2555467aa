"""Shared parts of the methods: inputs, compilation, gradients, scores, batches, ascent."""

from kerascnn import _max_pooling_3d

_max_pooling_3d.mend()
