// Pooling, and other layers that compute each map by itself.
"use strict";

(() => {
  const { count, zeros, like, picked, placed, withBias, windows } = KerasCNN;

  // For each number of the output, the place of the first largest number of its window.
  function largest(x, node) {
    const { pixels, places, channels } = windows(node);
    const at = new Int32Array(count(node.shape)).fill(-1);
    for (let i = 0; i < pixels.length; i++) {
      if (pixels[i] < 0) continue;
      const to = Math.floor(i / places) * channels, from = pixels[i] * channels;
      for (let c = 0; c < channels; c++) {
        if (at[to + c] < 0 || x[from + c] > x[at[to + c]]) at[to + c] = from + c;
      }
    }
    return at;
  }

  const maxPooling = {
    forward: ([x], node) => picked(x, largest(x, node)),
    backward: ([x], node, gradient) => [placed(gradient, largest(x, node), like(x))],
  };

  // The average of each window, in which padding does not count, or with `summed` the sum.
  const pooled = (summed) => {
    const shares = (node) => { // of a pixel in each window
      if (node.shares) return node.shares;
      const { pixels, places } = windows(node), many = new Float32Array(pixels.length / places);
      pixels.forEach((pixel, i) => { if (pixel >= 0) many[Math.floor(i / places)] += 1; });
      node.shares = many.map((n) => (summed ? 1 : 1 / n));
      return node.shares;
    };
    const each = (node, visit) => {
      const { pixels, places, channels } = windows(node), share = shares(node);
      for (let i = 0; i < pixels.length; i++) {
        if (pixels[i] < 0) continue;
        const window = Math.floor(i / places);
        visit(window * channels, pixels[i] * channels, share[window], channels);
      }
    };
    return {
      forward([x], node) {
        const out = zeros(node.shape);
        each(node, (to, from, share, channels) => {
          for (let c = 0; c < channels; c++) out[to + c] += x[from + c] * share;
        });
        return out;
      },
      backward([x], node, gradient) {
        const out = like(x);
        each(node, (from, to, share, channels) => {
          for (let c = 0; c < channels; c++) out[to + c] += gradient[from + c] * share;
        });
        return [out];
      },
    };
  };
  const sums = pooled(true);

  // LeNet-5's: a sum, times a coefficient of the map, plus its bias.
  const subsampling = {
    forward(inputs, node) {
      const { coefficient, bias } = node.weights, n = coefficient.length;
      return withBias(sums.forward(inputs, node).map((v, i) => v * coefficient[i % n]), bias);
    },
    backward(inputs, node, gradient) {
      const { coefficient } = node.weights, n = coefficient.length;
      return sums.backward(inputs, node, gradient.map((g, i) => g * coefficient[i % n]));
    },
  };

  // The largest number of each map; TensorFlow shares the gradient among equal ones.
  const globalMaxPooling = {
    forward([x], node) {
      const out = zeros(node.shape).fill(-Infinity), n = out.length;
      x.forEach((value, i) => { if (value > out[i % n]) out[i % n] = value; });
      return out;
    },
    backward([x], _node, gradient, output) {
      const n = output.length, equal = like(output);
      x.forEach((value, i) => { if (value === output[i % n]) equal[i % n] += 1; });
      return [x.map((value, i) => (value === output[i % n] ? gradient[i % n] / equal[i % n] : 0))];
    },
  };

  // -------------------------------------------------------------------- mixing rows and columns

  // out[i, j] = Σ_y Σ_x share(i, y) · share(j, x) · in[y, x], with the shares [[y, share], …] of a
  // row or column of the output.
  const mixing = (sharesOf) => {
    const shares = (node) => {
      const [rows, columns] = node.shape.length === 3 ? node.shape : [1, 1];
      node.shares ??= [rows, columns].map((many, axis) => Array.from({ length: many }, (_, i) =>
        sharesOf(i, node.inputShapes[0][axis], many, node.config, axis)));
      return node.shares;
    };
    const each = (node, visit) => {
      const [, width, channels] = node.inputShapes[0], [ofRows, ofColumns] = shares(node);
      const columns = ofColumns.length;
      ofRows.forEach((ofRow, i) => ofColumns.forEach((ofColumn, j) => {
        for (const [y, a] of ofRow) {
          for (const [x, b] of ofColumn) {
            visit((i * columns + j) * channels, (y * width + x) * channels, a * b, channels);
          }
        }
      }));
    };
    return {
      shares,
      forward([x], node) {
        const out = zeros(node.shape);
        each(node, (to, from, share, channels) => {
          for (let c = 0; c < channels; c++) out[to + c] += share * x[from + c];
        });
        return out;
      },
      backward([x], node, gradient) {
        const out = like(x);
        each(node, (from, to, share, channels) => {
          for (let c = 0; c < channels; c++) out[to + c] += share * gradient[from + c];
        });
        return [out];
      },
    };
  };

  // Windows from ⌊i·size/many⌋ to ⌈(i + 1)·size/many⌉, as in PyTorch.
  const adaptiveAverage = mixing((i, size, many) => {
    const start = Math.floor((i * size) / many), end = Math.ceil(((i + 1) * size) / many);
    return Array.from({ length: end - start }, (_, k) => [start + k, 1 / (end - start)]);
  });

  // Pixels have centres at 0.5, 1.5, …; those past the border are as at the border.
  const bilinear = mixing((i, size, _many, config, axis) => {
    const at = Math.max((i + 0.5) / config.size[axis] - 0.5, 0), low = Math.floor(at);
    return at === low ? [[low, 1]]
      : [[low, 1 - (at - low)], [Math.min(low + 1, size - 1), at - low]];
  });

  Object.assign(KerasCNN.layers, {
    MaxPooling2D: maxPooling,
    AveragePooling2D: pooled(false),
    TrainableSubsampling2D: subsampling,
    AdaptiveAveragePooling2D: adaptiveAverage,
    GlobalAveragePooling2D: adaptiveAverage,
    GlobalMaxPooling2D: globalMaxPooling,
    BilinearUpSampling2D: bilinear,
  });
})();
