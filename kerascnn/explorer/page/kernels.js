// The layers of a network on plain typed arrays, each with its backward pass.
//
// A map of shape [height, width, channels] is one Float32Array, row by row, the channels of a pixel
// next to each other, as in Keras. A layer is an object with
//
//   forward(inputs, node)                  -> output
//   backward(inputs, node, gradient)       -> gradient of each input
//
// where inputs are arrays, and node has shape, inputShapes, config (Keras's options) and weights
// (arrays by name). The activation of a layer is not a part of it: the network applies it after.
"use strict";
const KerasCNN = {};

(() => {
  const count = (shape) => shape.reduce((product, size) => product * size, 1);
  const zeros = (shape) => new Float32Array(count(shape));

  // ---------------------------------------------------------------------------- matrix products

  // out[r, offset + c] += Σ_k a[r, k] · b[k, c], for out with rows of `width` numbers.
  // Tiles of 4×4 keep sixteen sums in registers, and read each number a quarter as often.
  function product(a, b, depth, columns, out, width = columns, offset = 0) {
    const rows = a.length / depth;
    const tall = rows - (rows % 4), wide = columns - (columns % 4);
    for (let r = 0; r < tall; r += 4) {
      const a0 = r * depth, a1 = a0 + depth, a2 = a1 + depth, a3 = a2 + depth;
      for (let c = 0; c < wide; c += 4) {
        let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
        let s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
        for (let k = 0, at = c; k < depth; k++, at += columns) {
          const x0 = a[a0 + k], x1 = a[a1 + k], x2 = a[a2 + k], x3 = a[a3 + k];
          const w0 = b[at], w1 = b[at + 1], w2 = b[at + 2], w3 = b[at + 3];
          s00 += x0 * w0; s01 += x0 * w1; s02 += x0 * w2; s03 += x0 * w3;
          s10 += x1 * w0; s11 += x1 * w1; s12 += x1 * w2; s13 += x1 * w3;
          s20 += x2 * w0; s21 += x2 * w1; s22 += x2 * w2; s23 += x2 * w3;
          s30 += x3 * w0; s31 += x3 * w1; s32 += x3 * w2; s33 += x3 * w3;
        }
        let to = r * width + offset + c;
        out[to] += s00; out[to + 1] += s01; out[to + 2] += s02; out[to + 3] += s03;
        to += width;
        out[to] += s10; out[to + 1] += s11; out[to + 2] += s12; out[to + 3] += s13;
        to += width;
        out[to] += s20; out[to + 1] += s21; out[to + 2] += s22; out[to + 3] += s23;
        to += width;
        out[to] += s30; out[to + 1] += s31; out[to + 2] += s32; out[to + 3] += s33;
      }
      edge(a, b, depth, columns, out, width, offset, r, r + 4, wide);
    }
    edge(a, b, depth, columns, out, width, offset, tall, rows, 0);
    return out;
  }

  // The rows and columns that fill no tile.
  function edge(a, b, depth, columns, out, width, offset, row, rows, column) {
    if (column === columns) return;
    for (let r = row; r < rows; r++) {
      const to = r * width + offset;
      for (let k = 0; k < depth; k++) {
        const x = a[r * depth + k], at = k * columns;
        if (x === 0) continue; // padding, and what a ReLU has cut off
        for (let c = column; c < columns; c++) out[to + c] += x * b[at + c];
      }
    }
  }

  function transposed(matrix, rows, columns) {
    const out = new Float32Array(matrix.length);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) out[c * rows + r] = matrix[r * columns + c];
    }
    return out;
  }

  // ------------------------------------------------------------------------------------- windows

  // Padding before the first pixel; "same" puts the odd pixel after the last, as TensorFlow does.
  function before(size, windows, kernel, stride, dilation, padding) {
    if (padding !== "same") return 0;
    return Math.max((windows - 1) * stride + (kernel - 1) * dilation + 1 - size, 0) >> 1;
  }

  // How windows slide over maps of `shape` to give maps of `windows` rows and columns.
  function sliding(shape, windows, kernel, strides, padding, dilation = [1, 1]) {
    const pad = [0, 1].map((axis) => before(
      shape[axis], windows[axis], kernel[axis], strides[axis], dilation[axis], padding));
    return { shape, rows: windows[0], columns: windows[1], kernel, strides, dilation, pad };
  }

  // Call visit(window, place in the window, pixel) for all pixels of windows; padding is left out.
  function eachPixel({ shape, rows, columns, kernel, strides, dilation, pad }, visit) {
    const [height, width] = shape;
    for (let row = 0, window = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, window++) {
        for (let dy = 0, place = 0; dy < kernel[0]; dy++) {
          const y = row * strides[0] + dy * dilation[0] - pad[0];
          for (let dx = 0; dx < kernel[1]; dx++, place++) {
            const x = column * strides[1] + dx * dilation[1] - pad[1];
            if (y >= 0 && y < height && x >= 0 && x < width) visit(window, place, y * width + x);
          }
        }
      }
    }
  }

  // The windows as the rows of a matrix, [place, channel] side by side ("im2col").
  function gathered(x, window, first = 0, channels = window.shape[2]) {
    const all = window.shape[2], places = window.kernel[0] * window.kernel[1];
    const out = new Float32Array(window.rows * window.columns * places * channels);
    eachPixel(window, (nth, place, pixel) => {
      const from = pixel * all + first, to = (nth * places + place) * channels;
      for (let c = 0; c < channels; c++) out[to + c] = x[from + c];
    });
    return out;
  }

  // The reverse: add the rows of such a matrix to the pixels of the windows ("col2im").
  function scattered(patches, window, out, first = 0, channels = window.shape[2]) {
    const all = window.shape[2], places = window.kernel[0] * window.kernel[1];
    eachPixel(window, (nth, place, pixel) => {
      const to = pixel * all + first, from = (nth * places + place) * channels;
      for (let c = 0; c < channels; c++) out[to + c] += patches[from + c];
    });
    return out;
  }

  function withBias(out, bias) {
    if (bias) for (let i = 0, n = bias.length; i < out.length; i++) out[i] += bias[i % n];
    return out;
  }

  // -------------------------------------------------------------------------------- convolutions

  const conv2D = {
    window(node) {
      const { kernel_size, strides, padding, dilation_rate } = node.config;
      return sliding(node.inputShapes[0], node.shape, kernel_size, strides, padding, dilation_rate);
    },
    // Each window times each filter is one product of matrices.
    forward([x], node, kernel = node.weights.kernel) {
      const window = this.window(node), { groups = 1 } = node.config, filters = node.shape[2];
      const channels = node.inputShapes[0][2] / groups, each = filters / groups;
      const out = zeros(node.shape), depth = kernel.length / filters;
      for (let g = 0; g < groups; g++) {
        const patches = gathered(x, window, g * channels, channels);
        const own = columnsOf(kernel, filters, g * each, each);
        product(patches, own, depth, each, out, filters, g * each);
      }
      return withBias(out, node.weights.bias);
    },
    backward([x], node, gradient, kernel = node.weights.kernel) {
      const window = this.window(node), { groups = 1 } = node.config, filters = node.shape[2];
      const channels = node.inputShapes[0][2] / groups, each = filters / groups;
      const out = new Float32Array(x.length), depth = kernel.length / filters;
      for (let g = 0; g < groups; g++) {
        const own = transposed(columnsOf(kernel, filters, g * each, each), depth, each);
        const part = columnsOf(gradient, filters, g * each, each);
        const patches = new Float32Array((part.length / each) * depth);
        scattered(product(part, own, each, depth, patches), window, out, g * channels, channels);
      }
      return [out];
    },
  };

  function columnsOf(matrix, columns, first, many) {
    if (many === columns) return matrix;
    const out = new Float32Array((matrix.length / columns) * many);
    for (let i = 0; i < out.length; i++) {
      out[i] = matrix[Math.floor(i / many) * columns + first + (i % many)];
    }
    return out;
  }

  const dense = {
    forward([x], { shape, weights: { kernel, bias } }) {
      const units = shape[shape.length - 1];
      return withBias(product(x, kernel, kernel.length / units, units, zeros(shape)), bias);
    },
    backward([x], { shape, weights: { kernel } }, gradient) {
      const units = shape[shape.length - 1], depth = kernel.length / units;
      const turned = transposed(kernel, depth, units);
      return [product(gradient, turned, units, depth, new Float32Array(x.length))];
    },
  };

  // ------------------------------------------------------------------------------------- pooling

  function pooling(node) {
    const { pool_size, strides, padding } = node.config;
    return sliding(node.inputShapes[0], node.shape, pool_size, strides, padding);
  }

  // The first largest pixel of each window, for each channel.
  function largest(x, node) {
    const channels = node.shape[2], at = new Int32Array(count(node.shape)).fill(-1);
    eachPixel(pooling(node), (window, _place, pixel) => {
      for (let c = 0; c < channels; c++) {
        const i = window * channels + c, from = pixel * channels + c;
        if (at[i] < 0 || x[from] > x[at[i]]) at[i] = from;
      }
    });
    return at;
  }

  const maxPooling = {
    forward: ([x], node) => Float32Array.from(largest(x, node), (from) => x[from]),
    backward([x], node, gradient) {
      const out = new Float32Array(x.length);
      largest(x, node).forEach((from, i) => { out[from] += gradient[i]; });
      return [out];
    },
  };

  // Padding does not count in an average.
  function pixelsOf(node) {
    const many = new Float32Array(node.shape[0] * node.shape[1]);
    eachPixel(pooling(node), (window) => { many[window] += 1; });
    return many;
  }

  const averagePooling = {
    forward([x], node) {
      const out = zeros(node.shape), many = pixelsOf(node), channels = node.shape[2];
      eachPixel(pooling(node), (window, _place, pixel) => {
        for (let c = 0; c < channels; c++) {
          out[window * channels + c] += x[pixel * channels + c] / many[window];
        }
      });
      return out;
    },
    backward([x], node, gradient) {
      const out = new Float32Array(x.length), many = pixelsOf(node), channels = node.shape[2];
      eachPixel(pooling(node), (window, _place, pixel) => {
        for (let c = 0; c < channels; c++) {
          out[pixel * channels + c] += gradient[window * channels + c] / many[window];
        }
      });
      return [out];
    },
  };

  const identity = { forward: ([x]) => x.slice(), backward: (_x, _node, gradient) => [gradient] };

  const layers = {
    Conv2D: conv2D,
    Dense: dense,
    MaxPooling2D: maxPooling,
    AveragePooling2D: averagePooling,
    Flatten: identity,
    Reshape: identity,
    Identity: identity,
    Activation: identity,
  };

  // --------------------------------------------------------------------------------- activations

  // Each number by itself: f and its derivative at x.
  const functions = {
    linear: [(x) => x, () => 1],
    relu: [(x) => (x > 0 ? x : 0), (x) => (x > 0 ? 1 : 0)],
    sigmoid: [sigmoid, (x) => sigmoid(x) * (1 - sigmoid(x))],
    tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
  };

  function sigmoid(x) {
    return 1 / (1 + Math.exp(-x));
  }

  function elementwise([f, derivative]) {
    return {
      forward: (x) => x.map(f),
      backward: (x, gradient) => gradient.map((g, i) => g * derivative(x[i])),
    };
  }

  const softmax = {
    forward(x, shape) {
      const n = shape[shape.length - 1], out = new Float32Array(x.length);
      for (let start = 0; start < x.length; start += n) {
        const peak = x.subarray(start, start + n).reduce((a, b) => Math.max(a, b));
        let sum = 0;
        for (let i = start; i < start + n; i++) sum += Math.exp(x[i] - peak);
        for (let i = start; i < start + n; i++) out[i] = Math.exp(x[i] - peak) / sum;
      }
      return out;
    },
  };

  const activations = { softmax };
  for (const name of Object.keys(functions)) activations[name] = elementwise(functions[name]);

  Object.assign(KerasCNN, { layers, activations, product, sliding });
})();
if (typeof module !== "undefined") module.exports = KerasCNN;
