"""Shared parts of the methods: inputs, compilation, gradients, scores, batches, ascent."""

from kerascnn._gradients import mend

mend()
