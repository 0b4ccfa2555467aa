"""When explanations lie
=====================

See when heatmaps mislead, from recorded experiments; nothing is trained.

A network learned to tell cats from horses, with a tag in the images of horses. Prints how much it
relies on the tag, how much of each heatmap is on it, and which methods give almost the same
picture for a network that decides differently. Then changes a digit so little that it looks the
same, until LeNet-5 gives another answer.

Saves the heatmaps of a cat with the tag, and of two networks, as when_explanations_lie.png.
"""

import matplotlib.pyplot as plt
import numpy as np

import kerascnn as kc

shortcuts = kc.experiments.recorded("shortcuts")
print("Test accuracy of a network for which the tag always gave the horse away:")
for condition, accuracy in zip(
    shortcuts["conditions"], shortcuts["accuracy"][:, -1].mean(axis=-1), strict=True
):
    print(f"  tag {condition}: {accuracy:.0%}")

area = shortcuts["area"].item()
print(f"Share of the heatmap on the tag, which covers {area:.1%} of the image:")
on_tag = shortcuts["mass"].mean(axis=-1)  # method, reliability
for method, useless, reliable in zip(
    shortcuts["methods"], on_tag[:, 0], on_tag[:, -1], strict=True
):
    print(f"  {method}: {useless:.0%} if the tag means nothing, {reliable:.0%} if it decides")

hans = kc.experiments.recorded("clever_hans")
comparison = hans["comparisons"].tolist().index("other decision")
similarity = hans["similarity"][comparison].mean(axis=-1)
print("Rank correlation of the heatmaps of two networks that decide differently:")
for nth in np.argsort(-similarity)[:5]:
    print(f"  {hans['methods'][nth]}: {similarity[nth]:.2f}")

model = kc.build_lenet5(weights="mnist")
digit = kc.datasets.load("digits").test[0][3:4]
changed = kc.visualize.pgd(model, digit, epsilon=0.2)
answers = [model(image).numpy().argmax() for image in (digit, changed)]
print(f"LeNet-5 reads a {answers[0]}, and a {answers[1]} after a change of at most 0.2.")

figure = kc.figures.render("clever-hans")
figure.savefig("when_explanations_lie.png")
plt.close(figure)
