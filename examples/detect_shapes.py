"""Detection of shapes
===================

Detect shapes with the YOLO that the package ships, score it, and explain a box, offline.

Saves plots as detect_shapes.png and detect_shapes_curves.png.
"""

import matplotlib.pyplot as plt
import numpy as np

import kerascnn as kc

data = kc.datasets.load("boxes", seed=2)  # scenes that it has not seen
images, labels = data.test
model = kc.build_yolov1(weights="boxes")
found = kc.predict_boxes(model, images, score=0.01)  # weak boxes count for the average, too

average = kc.metrics.average_precision(labels, found)
for name, value in zip(data.class_names, average, strict=True):
    print(f"average precision, {name}: {value:.3f}")
print(f"mAP in {len(images)} scenes: {np.nanmean(average):.3f}")

scene, boxes = images[0], found[0][found[0][:, 1] >= 0.2]
kind, _score, *place = boxes[0]  # why does it find the best box?
target = kc.visualize.box(place, klass=int(kind))
heatmap = kc.visualize.saliency(model, images[:1], target)
with kc.plots.style("slides"):
    figure, axes = plt.subplots(1, 3)
    kc.plots.boxes(scene, labels[0], class_names=data.class_names, ax=axes[0])
    kc.plots.boxes(scene, boxes, class_names=data.class_names, ax=axes[1])
    kc.plots.overlay(scene, heatmap[0], ax=axes[2])
    figure.savefig("detect_shapes.png")

    curves = [kc.metrics.precision_recall(labels, found, k) for k in range(6)]
    kc.plots.precision_recall(curves, class_names=data.class_names, average=average)
    plt.savefig("detect_shapes_curves.png")
