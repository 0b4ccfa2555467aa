"""Grad-CAM of your own model
==========================

Apply Grad-CAM to a model from keras.applications, on photos, offline.

The first layers of MobileNet are trained within seconds to distinguish crops of four photos. The
model is then applied to a collage of all four. Grad-CAM must locate each photo in its quarter,
although the model was never trained on collages.

Saves the heatmaps as grad_cam_of_your_model.png.
"""

import keras
import matplotlib.pyplot as plt
import numpy as np

import kerascnn as kc

PHOTOS = {  # class: photo
    "cat": "chelsea",
    "tissue": "immunohistochemistry",
    "galaxies": "hubble_deep_field",
    "coffee": "coffee",
}
SIZE = 64  # height and width of a crop in pixels

rng = np.random.default_rng(0)
keras.utils.set_random_seed(0)


def crop(photo):
    """Crop a random square, half as wide as the photo is high, and reduce it to SIZE pixels."""
    side = photo.shape[0] // 2
    top, left = (rng.integers(0, n - side + 1) for n in photo.shape[:2])
    step = side // SIZE
    return photo[top : top + SIZE * step : step, left : left + SIZE * step : step]


photos = [kc.datasets.photo(name) / np.float32(255) for name in PHOTOS.values()]
labels = rng.integers(0, len(photos), 700)
images = np.stack([crop(photos[label]) for label in labels])

mobilenet = keras.applications.MobileNet(
    input_shape=(None, None, 3), alpha=0.25, weights=None, include_top=False
)
x = mobilenet.get_layer("conv_pw_5_relu").output
x = keras.layers.GlobalAveragePooling2D()(x)
x = keras.layers.Dense(len(photos), activation="softmax")(x)
model = keras.Model(mobilenet.input, x)
for layer in model.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.momentum = 0.9  # the default, 0.99, averages over more steps than we train for

data = ((images[:600], labels[:600]), (images[600:], labels[600:]))
run = kc.train(model, data, recipe="adam", epochs=6, batch_size=20)
print(f"Validation accuracy: {run.history['val_accuracy'][-1]:.1%}")

collage = np.vstack([np.hstack([crop(p) for p in row]) for row in (photos[:2], photos[2:])])
heatmaps = kc.visualize.grad_cam(model, np.stack([collage] * 4), target=[0, 1, 2, 3])
quarters = heatmaps.reshape(4, 2, 8, 2, 8).mean(axis=(2, 4)).reshape(4, 4)
for name, heat in zip(PHOTOS, quarters, strict=True):
    print(f"{name}: strongest in the quarter of {list(PHOTOS)[heat.argmax()]}")

with kc.plots.style("slides"):
    figure, axes = plt.subplots(1, 4, figsize=(10, 3))
    for ax, name, heatmap in zip(axes, PHOTOS, heatmaps, strict=True):
        kc.plots.overlay(collage, heatmap, colorbar=False, ax=ax)
        ax.set_title(name)
    figure.savefig("grad_cam_of_your_model.png")
