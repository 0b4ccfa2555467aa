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
# # Convolutional networks: LeNet-5
#
# What does each layer compute, what does it cost, and what does it see? This notebook runs
# offline in about a minute. In Colab, run `!pip install kerascnn` first.

# %%
import keras
import matplotlib.pyplot as plt

import kerascnn as kc

keras.utils.set_random_seed(0)
model = kc.build_lenet5()
print(kc.describe(model))

# %% [markdown]
# ## Task 1: sizes and parameters
#
# Answer by hand before you run the check below. Write a size as `(height, width, channels)`, a
# number of parameters as a number.

# %%
sheet = kc.exercises.sheet(["shapes", "parameters"], count=4, seed=1)
for number, question in enumerate(sheet.questions, 1):
    print(f"{number}. {question.text}\n")

# %%
answers = [None, None, None, None]  # your answers
for question, answer in zip(sheet.questions, answers, strict=True):
    print("Not answered yet." if answer is None else kc.exercises.check(question, answer))

# %% [markdown]
# ## Train it
#
# Real digits, a few seconds. The test images come from other writers.

# %%
digits = kc.datasets.load("digits")
run = kc.train(model, digits, epochs=8, batch_size=32, verbose=0)
print(kc.evaluate(model, digits))
kc.plots.training_curves(run.history)
plt.show()

# %% [markdown]
# ## Task 2
#
# Does the validation loss still fall in the last epoch? What would you change: the epochs, the
# batch size or the network? Try it, and compare the test accuracy.

# %% [markdown]
# ## Look inside
#
# The filters of the first layer, and its maps for one digit.

# %%
kc.plots.filter_grid(kc.visualize.filters(model, "c1"))
images, labels = digits.test
maps = kc.visualize.activations(model, images[:1], ["c1", "c3"])
kc.plots.activation_grid(maps["c1"][0])
plt.show()

# %% [markdown]
# ## Task 3: what does a unit see?
#
# The receptive field of a unit in C3 is a square of the input. Compute its size by hand, from C1
# (5×5), S2 (2×2, stride 2) and C3 (5×5), and compare.

# %%
field = kc.arithmetic.receptive_field([(5, 1), (2, 2), (5, 1)])
described = {layer.name: layer.receptive_field for layer in kc.describe(model).layers}
print(field, described["c3"])

# %% [markdown]
# ## The trained network that comes with the package
#
# It was trained on all of MNIST. Which of your errors does it avoid?

# %%
trained = kc.build_lenet5(weights="mnist")
ours = model.predict(images, verbose=0).argmax(axis=1)
theirs = trained.predict(images, verbose=0).argmax(axis=1)
print(f"errors: {(ours != labels).sum()} and {(theirs != labels).sum()} of {len(labels)}")
wrong = (ours != labels) & (theirs == labels)
kc.plots.image_grid(images[wrong][:12], titles=[f"{a}?" for a in ours[wrong][:12]])
plt.show()
