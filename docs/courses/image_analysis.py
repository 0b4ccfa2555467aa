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
# # Image analysis: kernels, by hand and learned
#
# From Sobel's kernel to the first layer of a network. Runs offline in well under a minute. In
# Colab, run `!pip install kerascnn` first.

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import convolve2d, correlate2d

import kerascnn as kc

photo = kc.datasets.photo("camera").mean(axis=-1) / 255  # gray, (H, W)
sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
edges = correlate2d(photo, sobel, mode="valid")
figure, axes = plt.subplots(1, 2)
for ax, image in zip(axes, (photo, np.abs(edges)), strict=True):
    ax.imshow(image, cmap="gray")
    ax.axis("off")
plt.show()

# %% [markdown]
# ## Task 1: convolution or correlation?
#
# Networks do not flip the kernel, mathematicians do. By how much do the two results differ here,
# and for which kernels are they equal? Predict first.

# %%
flipped = convolve2d(photo, sobel, mode="valid")
print("largest difference:", np.abs(edges - flipped).max())
print("after a change of sign:", np.abs(edges + flipped).max())

# %% [markdown]
# ## Task 2: convolve by hand
#
# Write the output as rows of numbers, such as `[[1, 2], [3, 4]]`.

# %%
sheet = kc.exercises.sheet(["convolution", "pooling"], count=2, seed=4)
for number, question in enumerate(sheet.questions, 1):
    print(f"{number}. {question.text}")
    for grid in question.grids:
        print(grid.name, np.array(grid.rows), "", sep="\n")

# %%
answers = [None, None]  # your answers
for question, answer in zip(sheet.questions, answers, strict=True):
    print("Not answered yet." if answer is None else kc.exercises.check(question, answer))

# %% [markdown]
# ## One step of the window
#
# Change `step` and watch the sum.

# %%
values = np.array(
    [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
)
kernel = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
kc.plots.sliding_window(values, kernel, correlate2d(values, kernel, mode="valid"), step=3)
plt.show()

# %% [markdown]
# ## What a network learned
#
# The first layer of a small AlexNet, trained on CIFAR-10. Which filters look for edges, which for
# colors?

# %%
net = kc.build_alexnet(variant="cifar", weights="cifar10")
kc.plots.filter_grid(kc.visualize.filters(net, "conv1"))
plt.show()

# %% [markdown]
# ## Task 3
#
# Apply one of these filters to the photo of a cat, and find out where it responds. A hint:
# `kc.visualize.activations(net, images, "conv1")` returns all maps.

# %%
cat = kc.datasets.photo("chelsea")[None, :288:9, :288:9] / 255.0  # 32 by 32 pixels
preprocess = kc.weights.preprocessing("alexnet", "cifar10", variant="cifar")
maps = kc.visualize.activations(net, preprocess(cat), "conv1")
kc.plots.activation_grid(maps[0], order="strength")
plt.show()
