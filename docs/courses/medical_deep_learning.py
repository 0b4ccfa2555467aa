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
# # Medical deep learning: counting cells
#
# A U-Net labels each pixel; then we score it, count cells, and ask why it saw one. Runs offline
# in about a minute, with a network that comes with the package. In Colab, run `!pip install
# kerascnn` first.

# %%
import matplotlib.pyplot as plt
import numpy as np

import kerascnn as kc

model = kc.build_unet(weights="cells")  # a sixteenth of the width of the paper's
images, instances = kc.datasets.load("cells", labels="instances").test
images, instances = images[:8], instances[:8]
truth = instances > 0
predicted = model.predict(images, batch_size=4, verbose=0).argmax(axis=-1) == 1
kc.plots.error_map(images[0], truth[0].astype(int), predicted[0].astype(int))
plt.show()

# %% [markdown]
# ## Task 1: Dice by hand
#
# Complete `dice`: twice the common pixels, divided by the pixels of both masks. Compare with the
# toolkit.


# %%
def dice(a, b):
    """Return the Dice coefficient of two boolean masks."""
    return 2 * (a & b).sum() / (a.sum() + b.sum())  # delete this, and write it yourself


print(dice(truth, predicted))
print(kc.metrics.dice(truth.astype(int), predicted.astype(int))[1])

# %% [markdown]
# ## Dice is not everything
#
# Two cells that touch and become one cost hardly any Dice. The F1 score counts cells instead.

# %%
found = kc.metrics.instances(predicted.astype(int), least=20)
print("cells:", [len(np.unique(one)) - 1 for one in instances])
print("found:", [len(np.unique(one)) - 1 for one in found])
print(f"F1 score: {kc.metrics.instance_f1(instances, found):.3f}")

# %% [markdown]
# ## Task 2
#
# Find the image with the largest difference, and look at it with `kc.plots.mask_overlay`. What
# went wrong?

# %% [markdown]
# ## Why does it see a cell here?
#
# Two answers for the largest cell. Grad-CAM weights whole feature maps, so it lights up wherever
# the network sees cells; saliency is the gradient of this cell's scores. Which one would you show
# to a physician?

# %%
largest = np.bincount(found[0].ravel())[1:].argmax() + 1  # 0 is the background
target = kc.visualize.region(found[0] == largest, klass=1)
maps = {
    "Grad-CAM": kc.visualize.grad_cam(model, images[:1], target, layer="up2_conv2"),
    "saliency": kc.visualize.saliency(model, images[:1], target),
}
kc.plots.compare_methods(images[:1], maps)
plt.show()

# %% [markdown]
# ## Task 3: sizes in a U-Net
#
# In the paper, an image of 572 pixels gives a map of 388, since its convolutions are not padded.
# Here are similar questions. Write a size as `(height, width, channels)`.

# %%
sheet = kc.exercises.sheet(["shapes", "receptive-field"], count=3, seed=5)
for number, question in enumerate(sheet.questions, 1):
    print(f"{number}. {question.text}\n")

# %%
answers = [None, None, None]  # your answers
for question, answer in zip(sheet.questions, answers, strict=True):
    print("Not answered yet." if answer is None else kc.exercises.check(question, answer))
