// Layers that move numbers to other places, and those that join several inputs.
"use strict";

(() => {
  const { count, zeros, like, picked, placed, placesIn, repeated } = KerasCNN;

  // out[index] = in[indexIn(index)], or 0 where that is outside.
  const moving = (indexIn) => {
    const places = (node) => (node.places ??=
      placesIn(node.inputShapes[0], node.shape, (index) => indexIn(index, node.config)));
    return {
      indexIn,
      forward: ([x], node) => picked(x, places(node)),
      backward: ([x], node, gradient) => [placed(gradient, places(node), like(x))],
    };
  };

  const identity = {
    forward: ([x]) => x,
    backward: (_inputs, _node, gradient) => [gradient],
  };

  const concatenate = {
    each({ shape, inputShapes, config: { axis } }, visit) {
      const outer = count(shape.slice(0, axis)), row = count(shape.slice(axis));
      let start = 0;
      inputShapes.forEach((own, k) => {
        const part = count(own.slice(axis));
        for (let o = 0; o < outer; o++) visit(k, o * part, (o + 1) * part, o * row + start);
        start += part;
      });
    },
    forward(inputs, node) {
      const out = zeros(node.shape);
      this.each(node, (k, from, end, to) => out.set(inputs[k].subarray(from, end), to));
      return out;
    },
    backward(inputs, node, gradient) {
      const out = inputs.map(like);
      this.each(node, (k, to, end, from) => {
        out[k].set(gradient.subarray(from, from + end - to), to);
      });
      return out;
    },
  };

  // -------------------------------------------------------------------------------------- merging

  // Several inputs joined two by two, the sizes of 1 repeated; `slopes(a, b)` are the derivatives
  // of join(a, b).
  const joining = (join, slopes, shareOf = () => 1) => {
    const places = (node) => (node.places ??= node.inputShapes.map((own) => repeated(own, node.shape)));
    const partial = (inputs, node) => { // the results after one input, two, …
      const results = [picked(inputs[0], places(node)[0])];
      for (let k = 1; k < inputs.length; k++) {
        const from = places(node)[k], last = results[k - 1], out = like(last), x = inputs[k];
        for (let i = 0; i < out.length; i++) out[i] = join(last[i], x[from[i]]);
        results.push(out);
      }
      return results;
    };
    return {
      forward(inputs, node) {
        const share = shareOf(inputs.length), out = partial(inputs, node)[inputs.length - 1];
        return share === 1 ? out : out.map((value) => value * share);
      },
      backward(inputs, node, gradient) {
        const results = partial(inputs, node), out = inputs.map(like);
        const rest = gradient.map((g) => g * shareOf(inputs.length));
        for (let k = inputs.length - 1; k > 0; k--) {
          places(node)[k].forEach((from, i) => {
            const [first, second] = slopes(results[k - 1][i], inputs[k][from]);
            out[k][from] += rest[i] * second;
            rest[i] *= first;
          });
        }
        placed(rest, places(node)[0], out[0]);
        return out;
      },
    };
  };

  Object.assign(KerasCNN.layers, {
    UpSampling2D: moving(([y, x, c], { size }) =>
      [Math.floor(y / size[0]), Math.floor(x / size[1]), c]),
    ZeroPadding2D: moving(([y, x, c], { padding: [[top], [left]] }) => [y - top, x - left, c]),
    Cropping2D: moving(([y, x, c], { cropping: [[top], [left]] }) => [y + top, x + left, c]),
    CropLike: moving(([y, x, c], { offset: [top, left] }) => [y + top, x + left, c]),
    ZeroPaddingShortcut: moving(([y, x, c], { strides }) => [y * strides[0], x * strides[1], c]),
    Permute: moving((index, { dims }) => {
      const from = [];
      dims.forEach((axis, k) => { from[axis - 1] = index[k]; });
      return from;
    }),
    RepeatVector: moving(([, unit]) => [unit]),
    Identity: identity, // also Flatten, Reshape, and what does something in training only
    Concatenate: concatenate,
    Add: joining((a, b) => a + b, () => [1, 1]),
    Subtract: joining((a, b) => a - b, () => [1, -1]),
    Multiply: joining((a, b) => a * b, (a, b) => [b, a]),
    Average: joining((a, b) => a + b, () => [1, 1], (n) => 1 / n),
    Maximum: joining(Math.max, (a, b) => (a >= b ? [1, 0] : [0, 1])),
    Minimum: joining(Math.min, (a, b) => (a <= b ? [1, 0] : [0, 1])),
  });
})();
