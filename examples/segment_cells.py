"""Segmentation of cells
=====================

Train a small U-Net on synthetic cells, score it, and segment an image of another size, offline.

Saves plots as segment_cells.png and segment_cells_large.png.
"""

import keras
import matplotlib.pyplot as plt

import kerascnn as kc

keras.utils.set_random_seed(0)
cells = kc.datasets.load("cells")
model = kc.build_unet(padding="same", width=1 / 16, dropout=0, input_shape=(None, None, 1))
# The weights of the pixels between cells teach it to separate those that touch.
kc.train(model, cells, learning_rate=2e-3, epochs=8, batch_size=8, border_weight=5, border_sigma=3)

images, instances = kc.datasets.load("cells", labels="instances").test
labels = (instances > 0).astype(int)
masks = model.predict(images, verbose=0).argmax(axis=-1)
found = kc.metrics.instances(masks, least=20)
print(f"Dice of the cells in {len(images)} test images: {kc.metrics.dice(labels, masks)[1]:.3f}")
print(f"F1 score of single cells: {kc.metrics.instance_f1(instances, found):.3f}")

target = kc.visualize.region(found[0] == 1, klass=1)  # why does it see the first cell?
heatmap = kc.visualize.grad_cam(model, images[:1], target, layer="up1_conv2")
with kc.plots.style("slides"):
    figure, axes = plt.subplots(1, 3)
    kc.plots.mask_overlay(images[0], masks[0], class_names=cells.class_names, ax=axes[0])
    kc.plots.error_map(images[0], labels[0], masks[0], ax=axes[1])
    kc.plots.overlay(images[0], heatmap[0], ax=axes[2])
    figure.savefig("segment_cells.png")

    large = kc.datasets.load("cells", count=1, size=300, seed=1).test[0][0][:, :250]
    scores = kc.predict_tiles(model, large, tile=128, margin=32)
    kc.plots.mask_overlay(large, scores.argmax(axis=-1), class_names=cells.class_names)
    plt.savefig("segment_cells_large.png")
