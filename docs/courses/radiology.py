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
# # Radiology: windows, tissue and trust
#
# Slices of a brain template (MNI152, T1-weighted), thresholds beside a small U-Net, and a check
# of the explanation. Runs offline in about a minute; the images are in the package nilearn:
# `pip install "kerascnn[medical]"`.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import spearmanr
from skimage.filters import threshold_multiotsu

import kerascnn as kc

keras.utils.set_random_seed(0)
brain = kc.datasets.load("brain_tissue")
images, labels = brain.test  # a block of slices that is not next to those for training
print(images.shape, brain.class_names)

# %% [markdown]
# ## Task 1: the window
#
# A window shows the values from `low` to `high` as black to white. Find one that separates gray
# from white matter best.

# %%
low, high = 0.3, 0.9  # change these
plt.imshow(np.clip((images[12, ..., 0] - low) / (high - low), 0, 1), cmap="gray")
plt.axis("off")
plt.show()

# %% [markdown]
# ## Two thresholds
#
# Otsu's method chooses them from the histogram, without a single label.

# %%
tissue = brain.train[0][brain.train[0] > 0]
by_threshold = np.digitize(images[..., 0], threshold_multiotsu(tissue, classes=3))
print("Dice:", np.round(kc.metrics.dice(labels, by_threshold, classes=3), 3))

# %% [markdown]
# ## A small U-Net
#
# A sixteenth of the width of the paper's, on every fourth slice, for a few epochs.

# %%
model = kc.build_unet(
    padding="same", width=1 / 16, dropout=0, classes=3, input_shape=(None, None, 1)
)
few = tuple(part[::4] for part in brain.train)
kc.train(model, few, learning_rate=2e-3, epochs=8, batch_size=2, verbose=0)
by_unet = model.predict(images, batch_size=4, verbose=0).argmax(axis=-1)
print("Dice:", np.round(kc.metrics.dice(labels, by_unet, classes=3), 3))
kc.plots.error_map(images[12], labels[12], by_unet[12])
plt.show()

# %% [markdown]
# ## Task 2
#
# Train for twice as many epochs. Which of the two methods would you use, and what would change
# your mind: another scanner, noise, a tumor?

# %% [markdown]
# ## Can the explanation be trusted?
#
# A heatmap that is the same for a network that has learned nothing explains nothing. The rank
# correlation of two maps is 1 if they are alike, and 0 if they have nothing in common.

# %%
target = kc.visualize.region(by_unet[12] == 2, klass=2)
heatmap = kc.visualize.saliency(model, images[12:13], target)
untrained = keras.models.clone_model(model)
random = kc.visualize.saliency(untrained, images[12:13], target)
print(f"rank correlation: {spearmanr(heatmap.ravel(), random.ravel()).statistic:.2f}")
kc.plots.overlay(images[12], heatmap[0])
plt.show()

# %% [markdown]
# ## Task 3: upsampling
#
# A U-Net goes up by transposed convolutions. Write the output as rows of numbers, such as `[[1,
# 2], [3, 4]]`.

# %%
sheet = kc.exercises.sheet(["transposed-convolution", "pooling"], count=2, seed=3)
for number, question in enumerate(sheet.questions, 1):
    print(f"{number}. {question.text}")
    for grid in question.grids:
        print(grid.name, np.array(grid.rows), "", sep="\n")

# %%
answers = [None, None]  # your answers
for question, answer in zip(sheet.questions, answers, strict=True):
    print("Not answered yet." if answer is None else kc.exercises.check(question, answer))
