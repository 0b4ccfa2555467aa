"""Convolution by hand
===================

Compute a convolution by hand, with four loops, and compare the result with Keras.

Saves a plot of the fourth step as convolution_by_hand.png.
"""

import keras
import matplotlib.pyplot as plt
import numpy as np

import kerascnn as kc

image = np.array(
    [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
)
kernel = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])

height = kc.arithmetic.conv_output_size(image.shape[0], kernel.shape[0])
width = kc.arithmetic.conv_output_size(image.shape[1], kernel.shape[1])
output = np.zeros((height, width), int)
for row in range(height):
    for column in range(width):
        for i in range(kernel.shape[0]):
            for j in range(kernel.shape[1]):
                output[row, column] += image[row + i, column + j] * kernel[i, j]
print(output)

# Keras computes the same, since a "convolution" in neural networks does not flip its kernel.
layer = keras.layers.Conv2D(filters=1, kernel_size=3, use_bias=False)
layer.build((None, 5, 5, 1))
layer.set_weights([kernel[:, :, None, None]])
by_keras = np.array(layer(image[None, :, :, None].astype("float32")))[0, :, :, 0]
print("Keras agrees:", np.array_equal(output, by_keras))

with kc.plots.style("slides"):
    kc.plots.sliding_window(image, kernel, output, step=3)
    plt.savefig("convolution_by_hand.png")
