"""LeNet-5 on digits
=================

Train LeNet-5 on real handwritten digits, offline, and look inside the trained model.

Saves plots as lenet5_training.png, lenet5_filters.png and lenet5_activations.png.
"""

import keras
import matplotlib.pyplot as plt

import kerascnn as kc

keras.utils.set_random_seed(0)
digits = kc.datasets.load("digits")
model = kc.build_lenet5()
print(kc.describe(model))

run = kc.train(model, digits, recipe="adam", epochs=12, batch_size=32)

images, labels = digits.test
accuracy = (model.predict(images, verbose=0).argmax(axis=1) == labels).mean()
print(f"Accuracy on {len(labels)} digits by writers not in the training data: {accuracy:.1%}")

with kc.plots.style("slides"):
    kc.plots.training_curves(run.history)
    plt.savefig("lenet5_training.png")

    kc.plots.filter_grid(kc.visualize.filters(model, "c1"))
    plt.savefig("lenet5_filters.png")

    maps = kc.visualize.activations(model, images[:1], "c3")
    kc.plots.activation_grid(maps[0], order="strength")
    plt.savefig("lenet5_activations.png")
