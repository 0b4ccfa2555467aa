# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Artificial intelligence: from the perceptron to convolution
#
# A line, a few bends, and finally a network that knows which pixels are neighbors. Runs offline
# in about a minute. In Colab, run `!pip install kerascnn` first.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np

import kerascnn as kc

keras.utils.set_random_seed(0)

# %% [markdown]
# ## The perceptron learns AND, but not XOR
#
# An update moves the line only if the answer was wrong.

# %%
points = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def perceptron(labels, passes=20):
    """Return the weights, the bias, and the number of errors in the last pass."""
    weights, bias, errors = np.zeros(2), 0.0, 0
    for _pass in range(passes):
        errors = 0
        for point, label in zip(points, labels, strict=True):
            error = label - (point @ weights + bias > 0)
            weights, bias = weights + error * point, bias + error
            errors += int(error != 0)
    return weights, bias, errors


for name, labels in {"AND": [0, 0, 0, 1], "XOR": [0, 1, 1, 0]}.items():
    weights, bias, errors = perceptron(labels)
    print(f"{name}: weights {weights}, bias {bias}, errors in the last pass: {errors}")

# %% [markdown]
# ## Task 1
#
# Find weights and a bias for OR by hand, and check them with `perceptron([0, 1, 1, 1])`. Why is
# there no solution for XOR?

# %% [markdown]
# ## One weight per pixel
#
# Logistic regression on digits: the weights of a class are an image.

# %%
digits = kc.datasets.load("digits")
linear = kc.build_logistic_regression()
kc.train(linear, digits, epochs=10, batch_size=32, verbose=0)
templates = kc.visualize.weight_templates(linear)
kc.plots.filter_grid(templates)
plt.show()

# %% [markdown]
# ## More layers, or shared weights?
#
# An MLP has more than four times the parameters of LeNet-5. Move the test digits to the
# right, pixel by pixel.

# %%
networks = {"linear": linear, "MLP": kc.build_mlp(), "LeNet-5": kc.build_lenet5()}
images, labels = digits.test
shifts = [0, 1, 2, 3]
for name, network in networks.items():
    if network is not linear:
        kc.train(network, digits, epochs=8, batch_size=32, verbose=0)
    moved = [np.roll(images, by, axis=2) for by in shifts]
    accuracies = [kc.evaluate(network, (one, labels)).accuracy for one in moved]
    plt.plot(shifts, accuracies, label=f"{name}, {network.count_params():,} parameters")
plt.xlabel("shift in pixels")
plt.ylabel("accuracy")
plt.legend()
plt.show()

# %% [markdown]
# ## Task 2
#
# Which network loses least when the digits move, and why? Try to move them down, and to rotate them
# (`scipy.ndimage.rotate`).

# %% [markdown]
# ## Task 3: the chain rule, and counting
#
# Write a gradient as rows of numbers, such as `[[1, 2], [3, 4]]`.

# %%
sheet = kc.exercises.sheet(["backpropagation", "parameters"], count=3, seed=2)
for number, question in enumerate(sheet.questions, 1):
    print(f"{number}. {question.text}")
    for grid in question.grids:
        print(grid.name, np.array(grid.rows), "", sep="\n")

# %%
answers = [None, None, None]  # your answers
for question, answer in zip(sheet.questions, answers, strict=True):
    print("Not answered yet." if answer is None else kc.exercises.check(question, answer))
