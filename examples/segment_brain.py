"""Segmentation of a brain
=======================

Tell gray from white matter in slices of a brain, offline: thresholds and a small U-Net.

On the clean brain template, two thresholds are ahead of the small U-Net, which trains on a quarter
of the slices. With the uneven brightness and the noise of a scanner, thresholds do much worse, but
the shipped network ``unet/brain_tissue`` barely changes.

The images are in the package nilearn: ``pip install "kerascnn[medical]"``. Saves a plot as
segment_brain.png.
"""

import sys

import keras
import matplotlib.pyplot as plt
import numpy as np
from skimage.filters import threshold_multiotsu

import kerascnn as kc

try:
    brain = kc.datasets.load("brain_tissue")
except ImportError as error:
    sys.exit(f"Skipped: {error}")

images, labels = brain.test  # a block of slices that is not next to those for training
tissue = brain.train[0][brain.train[0] > 0]
by_threshold = np.digitize(images[..., 0], threshold_multiotsu(tissue, classes=3))

keras.utils.set_random_seed(0)
model = kc.build_unet(
    padding="same", width=1 / 16, dropout=0, classes=3, input_shape=(None, None, 1)
)
few = tuple(part[::4] for part in brain.train)
kc.train(model, few, learning_rate=2e-3, epochs=8, batch_size=2)
by_unet = model.predict(images, batch_size=4, verbose=0).argmax(axis=-1)

for name, masks in (("two thresholds (multi-Otsu)", by_threshold), ("U-Net", by_unet)):
    dice = kc.metrics.dice(labels, masks, classes=3)
    words = ", ".join(f"{k} {d:.3f}" for k, d in zip(brain.class_names, dice, strict=True))
    print(f"Dice of {name}: {words}")

with kc.plots.style("slides"):
    figure, axes = plt.subplots(1, 3)
    for ax, mask in zip(axes, (labels, by_threshold, by_unet), strict=True):
        kc.plots.mask_overlay(images[12], mask[12], class_names=brain.class_names, ax=ax)
    figure.savefig("segment_brain.png")
