// What the kernels are made of: products of matrices, windows, and sets of axes.
//
// A map of shape [height, width, channels] is one Float32Array, row by row, the channels of a pixel
// next to each other, as in Keras.
//
// `KerasCNN.layers` has the layers, each with its backward pass, under the names of Keras's classes:
//
//   forward(inputs, node)                      -> output
//   backward(inputs, node, gradient, output)   -> the gradient of each input
//
// `inputs` are arrays; `node` has `shape`, `inputShapes`, `config` (Keras's options) and `weights`
// (arrays, under Keras's names). The activation of a layer is not a part of it: see activations.js.
"use strict";
const KerasCNN = { layers: {} };

(() => {
  const count = (shape) => shape.reduce((product, size) => product * size, 1);
  const zeros = (shape) => new Float32Array(count(shape));
  const like = (array) => new Float32Array(array.length);

  // ---------------------------------------------------------------------------- matrix products

  // out[r, offset + c] += Σ_k a[r, k] · b[k, c], for out with rows of `width` numbers.
  // Tiles of 4×4 keep sixteen sums in registers, and read each number a quarter as often.
  function product(a, b, depth, columns, out, width = columns, offset = 0) {
    const rows = a.length / depth;
    const tall = rows - (rows % 4), wide = columns - (columns % 4);
    for (let r = 0; r < tall; r += 4) {
      for (let c = 0; c < wide; c += 4) {
        let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
        let s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
        let at0 = r * depth, at1 = at0 + depth, at2 = at1 + depth, at3 = at2 + depth;
        for (let k = 0, at = c; k < depth; k++, at += columns) {
          const x0 = a[at0++], x1 = a[at1++], x2 = a[at2++], x3 = a[at3++];
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
    }
    rest(0, tall, wide); // the columns that fill no tile
    rest(tall, rows, 0); // and the rows
    return out;

    function rest(first, end, column) {
      if (column === columns) return;
      for (let r = first; r < end; r++) {
        const to = r * width + offset;
        for (let k = 0; k < depth; k++) {
          const x = a[r * depth + k], at = k * columns;
          if (x === 0) continue; // padding, and what a ReLU has cut off
          for (let c = column; c < columns; c++) out[to + c] += x * b[at + c];
        }
      }
    }
  }

  function transposed(matrix, columns) {
    const rows = matrix.length / columns, out = new Float32Array(matrix.length);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) out[c * rows + r] = matrix[r * columns + c];
    }
    return out;
  }

  // Some neighbouring columns of a matrix.
  function someColumns(matrix, columns, first, many) {
    if (many === columns) return matrix;
    const rows = matrix.length / columns, out = new Float32Array(rows * many);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < many; c++) out[r * many + c] = matrix[r * columns + first + c];
    }
    return out;
  }

  // ------------------------------------------------------------------------------------- windows

  // The windows that slide over maps of `shape`: `pixels` has the pixel at each place of each
  // window, -1 in the padding. "same" puts an odd row of padding after the last, as TensorFlow.
  function sliding(shape, [rows, columns], config) {
    const { kernel, strides, padding, dilation = [1, 1] } = config;
    const [height, width, channels] = shape, places = kernel[0] * kernel[1];
    const [top, left] = [rows, columns].map((windows, axis) => {
      const reach = (windows - 1) * strides[axis] + (kernel[axis] - 1) * dilation[axis] + 1;
      return padding === "same" ? Math.max(reach - shape[axis], 0) >> 1 : 0;
    });
    const pixels = new Int32Array(rows * columns * places);
    let at = 0;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        for (let dy = 0; dy < kernel[0]; dy++) {
          const y = row * strides[0] + dy * dilation[0] - top;
          for (let dx = 0; dx < kernel[1]; dx++) {
            const x = column * strides[1] + dx * dilation[1] - left;
            const inside = y >= 0 && y < height && x >= 0 && x < width;
            pixels[at++] = inside ? y * width + x : -1;
          }
        }
      }
    }
    return { pixels, places, channels, rows, columns, kernel, strides, dilation, top, left };
  }

  // The windows as rows of a matrix, [place, channel] side by side ("im2col").
  function gathered(x, { pixels, channels: all }, first = 0, channels = all) {
    const out = new Float32Array(pixels.length * channels);
    for (let i = 0, to = 0; i < pixels.length; i++, to += channels) {
      if (pixels[i] < 0) continue;
      const from = pixels[i] * all + first;
      for (let c = 0; c < channels; c++) out[to + c] = x[from + c];
    }
    return out;
  }

  // The reverse: the rows of such a matrix added to the pixels of the windows ("col2im").
  function scattered(patches, { pixels, channels: all }, out, first = 0, channels = all) {
    for (let i = 0, from = 0; i < pixels.length; i++, from += channels) {
      if (pixels[i] < 0) continue;
      const to = pixels[i] * all + first;
      for (let c = 0; c < channels; c++) out[to + c] += patches[from + c];
    }
    return out;
  }

  // ---------------------------------------------------------------------------------------- axes

  // Numbers are taken together along some axes, as a softmax or a normalization does: `set` tells
  // of each number which set it is in, `place` which place it has there.
  function together(shape, axes) {
    const set = new Int32Array(count(shape)), place = new Int32Array(set.length);
    eachIndex(shape, (index, i) => {
      shape.forEach((size, axis) => {
        const kind = axes.includes(axis) ? place : set;
        kind[i] = kind[i] * size + index[axis];
      });
    });
    const places = count(axes.map((axis) => shape[axis]));
    return { set, place, sets: set.length / places, places };
  }

  function eachIndex(shape, visit) {
    const index = shape.map(() => 0);
    for (let i = 0, n = count(shape); i < n; i++) {
      visit(index, i);
      for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) {
        index[axis] = 0;
      }
    }
  }

  // For each number of maps of `shape`, its place in an array of shape `from`, found from its
  // index; -1 if there is none.
  function placesIn(from, shape, indexIn) {
    const out = new Int32Array(count(shape));
    eachIndex(shape, (index, i) => {
      const there = indexIn(index);
      const inside = there.every((at, axis) => at >= 0 && at < from[axis]);
      out[i] = inside ? there.reduce((place, at, axis) => place * from[axis] + at, 0) : -1;
    });
    return out;
  }

  // For each number of an output of `shape`, its place in an array whose sizes of 1 are repeated.
  function repeated(from, shape) {
    return placesIn(from, shape, (index) =>
      from.map((size, axis) => (size === 1 ? 0 : index[axis])));
  }

  // The numbers at some places; 0 for those at -1.
  function picked(x, places) {
    const out = new Float32Array(places.length);
    for (let i = 0; i < out.length; i++) if (places[i] >= 0) out[i] = x[places[i]];
    return out;
  }

  // The reverse: numbers added at these places.
  function placed(values, places, out) {
    for (let i = 0; i < places.length; i++) if (places[i] >= 0) out[places[i]] += values[i];
    return out;
  }

  Object.assign(KerasCNN, {
    count, zeros, like, product, transposed, someColumns, sliding, gathered, scattered, together,
    placesIn, repeated, picked, placed,
  });
})();
