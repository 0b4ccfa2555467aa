"""Shared parts of the methods: inputs, compilation, gradients, scores, batches, ascent."""
