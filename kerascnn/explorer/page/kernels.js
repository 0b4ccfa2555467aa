// The layers of a network, each with its backward pass, under the names of Keras's classes.
//
//   forward(inputs, node)                      -> output
//   backward(inputs, node, gradient, output)   -> the gradient of each input
//
// `inputs` are arrays; `node` has `shape`, `inputShapes`, `config` (Keras's options) and `weights`
// (arrays, under Keras's names). The activation of a layer is not a part of it: see activations.js.
"use strict";

(() => {
  const { count, zeros, product, transposed, someColumns, sliding, gathered, scattered, together,
    placesIn } = KerasCNN;

  const like = (array) => new Float32Array(array.length);

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

  function withBias(out, bias) {
    if (bias) for (let i = 0, n = bias.length; i < out.length; i++) out[i] += bias[i % n];
    return out;
  }

  // -------------------------------------------------------------------------------- convolutions

  // The windows of a layer that slides a kernel or a pool; they are found once.
  function windows(node) {
    const { kernel_size, pool_size, strides, padding, dilation_rate } = node.config;
    node.windows ??= sliding(node.inputShapes[0], node.shape, {
      kernel: kernel_size ?? pool_size, strides, padding, dilation: dilation_rate,
    });
    return node.windows;
  }

  // Each window times each filter: a product of matrices. Groups of filters see groups of maps.
  function convolved([x], node, kernel) {
    const { groups = 1 } = node.config, filters = node.shape[2], each = filters / groups;
    const channels = node.inputShapes[0][2] / groups, depth = kernel.length / filters;
    const out = zeros(node.shape);
    for (let g = 0; g < groups; g++) {
      const patches = gathered(x, windows(node), g * channels, channels);
      const own = someColumns(kernel, filters, g * each, each);
      product(patches, own, depth, each, out, filters, g * each);
    }
    return out;
  }

  function convolvedBack([x], node, gradient, kernel) {
    const { groups = 1 } = node.config, filters = node.shape[2], each = filters / groups;
    const channels = node.inputShapes[0][2] / groups, depth = kernel.length / filters;
    const out = like(x);
    for (let g = 0; g < groups; g++) {
      const own = transposed(someColumns(kernel, filters, g * each, each), each);
      const part = someColumns(gradient, filters, g * each, each);
      const patches = new Float32Array((part.length / each) * depth);
      product(part, own, each, depth, patches);
      scattered(patches, windows(node), out, g * channels, channels);
    }
    return out;
  }

  const convolution = (kernelOf) => ({
    forward: (inputs, node) => withBias(convolved(inputs, node, kernelOf(node)), node.weights.bias),
    backward: (inputs, node, gradient) => [convolvedBack(inputs, node, gradient, kernelOf(node))],
  });

  // LeNet-5's C3, where a table says which maps each filter sees: its other weights are 0.
  function kernelOfTable({ config: { table, kernel_size }, inputShapes, weights: { kernel } }) {
    const channels = inputShapes[0][2], filters = table.length, links = table.flat().length;
    const out = new Float32Array(count(kernel_size) * channels * filters);
    let link = 0;
    table.forEach((maps, filter) => maps.forEach((map) => {
      for (let place = 0; place < count(kernel_size); place++) {
        out[(place * channels + map) * filters + filter] = kernel[place * links + link];
      }
      link += 1;
    }));
    return out;
  }

  // Every map with kernels of its own, to give `filters` maps in all.
  function mapByMap(x, node, kernel, filters) {
    const { pixels, places, channels } = windows(node), each = filters / channels;
    const out = new Float32Array((pixels.length / places) * filters);
    for (let i = 0; i < pixels.length; i++) {
      if (pixels[i] < 0) continue;
      const from = pixels[i] * channels, at = (i % places) * filters;
      const to = Math.floor(i / places) * filters;
      for (let f = 0; f < filters; f++) {
        out[to + f] += x[from + (each === 1 ? f : Math.floor(f / each))] * kernel[at + f];
      }
    }
    return out;
  }

  function mapByMapBack(x, node, gradient, kernel, filters) {
    const { pixels, places, channels } = windows(node), each = filters / channels, out = like(x);
    for (let i = 0; i < pixels.length; i++) {
      if (pixels[i] < 0) continue;
      const to = pixels[i] * channels, at = (i % places) * filters;
      const from = Math.floor(i / places) * filters;
      for (let f = 0; f < filters; f++) {
        out[to + Math.floor(f / each)] += gradient[from + f] * kernel[at + f];
      }
    }
    return out;
  }

  const depthwise = {
    forward([x], node) {
      const { kernel, bias } = node.weights;
      return withBias(mapByMap(x, node, kernel, node.shape[2]), bias);
    },
    backward([x], node, gradient) {
      return [mapByMapBack(x, node, gradient, node.weights.kernel, node.shape[2])];
    },
  };

  // A depthwise convolution, and one of 1×1 that mixes its maps.
  const separable = {
    between: (node) => node.weights.pointwise_kernel.length / node.shape[2],
    forward([x], node) {
      const { depthwise_kernel, pointwise_kernel, bias } = node.weights, filters = node.shape[2];
      const maps = mapByMap(x, node, depthwise_kernel, this.between(node));
      const out = product(maps, pointwise_kernel, this.between(node), filters, zeros(node.shape));
      return withBias(out, bias);
    },
    backward([x], node, gradient) {
      const { depthwise_kernel, pointwise_kernel } = node.weights, filters = node.shape[2];
      const between = this.between(node);
      const maps = new Float32Array((gradient.length / filters) * between);
      product(gradient, transposed(pointwise_kernel, filters), filters, between, maps);
      return [mapByMapBack(x, node, maps, depthwise_kernel, between)];
    },
  };

  // The way back of a convolution that would lead from the output to the input.
  const transposedConvolution = {
    windows(node) {
      const { kernel_size: kernel, strides, padding, dilation_rate: dilation } = node.config;
      node.windows ??= sliding(node.shape, node.inputShapes[0], {
        kernel, strides, padding, dilation,
      });
      return node.windows;
    },
    forward([x], node) {
      const { kernel, bias } = node.weights, channels = node.inputShapes[0][2];
      const depth = kernel.length / channels; // places × filters
      const patches = new Float32Array((x.length / channels) * depth);
      product(x, transposed(kernel, channels), channels, depth, patches);
      return withBias(scattered(patches, this.windows(node), zeros(node.shape)), bias);
    },
    backward([x], node, gradient) {
      const { kernel } = node.weights, channels = node.inputShapes[0][2];
      const patches = gathered(gradient, this.windows(node));
      return [product(patches, kernel, kernel.length / channels, channels, like(x))];
    },
  };

  // A convolution with weights of its own at each position.
  const locallyConnected = {
    each(x, node, visit) {
      const numbers = count(node.shape), filters = node.shape[2];
      const { places, channels } = windows(node);
      const depth = places * channels, patches = gathered(x, windows(node));
      for (let i = 0; i < patches.length; i++) {
        const first = Math.floor(i / depth) * filters;
        visit(i, patches[i], first, (i % depth) * numbers + first, filters);
      }
    },
    forward([x], node) {
      const out = zeros(node.shape), { kernel, bias } = node.weights;
      this.each(x, node, (_i, value, to, at, filters) => {
        for (let f = 0; f < filters; f++) out[to + f] += value * kernel[at + f];
      });
      return withBias(out, bias);
    },
    backward([x], node, gradient) {
      const { kernel } = node.weights, { pixels, channels } = windows(node);
      const patches = new Float32Array(pixels.length * channels);
      this.each(x, node, (i, _value, from, at, filters) => {
        for (let f = 0; f < filters; f++) patches[i] += gradient[from + f] * kernel[at + f];
      });
      return [scattered(patches, windows(node), like(x))];
    },
  };

  const dense = {
    forward([x], { shape, weights: { kernel, bias } }) {
      const units = shape[shape.length - 1];
      return withBias(product(x, kernel, kernel.length / units, units, zeros(shape)), bias);
    },
    backward([x], { shape, weights: { kernel } }, gradient) {
      const units = shape[shape.length - 1], depth = kernel.length / units;
      return [product(gradient, transposed(kernel, units), units, depth, like(x))];
    },
  };

  // ------------------------------------------------------------------------------------- pooling

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

  // ------------------------------------------------------------------------------ moving numbers

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

  // --------------------------------------------------------------------------------- elementwise

  // For each number of the output, its place in an array whose sizes of 1 are repeated.
  function repeated(from, { shape }) {
    return placesIn(from, shape, (index) =>
      from.map((size, axis) => (size === 1 ? 0 : index[axis])));
  }

  // Several inputs joined two by two, the sizes of 1 repeated; `slopes(a, b)` are the derivatives
  // of join(a, b).
  const joining = (join, slopes, shareOf = () => 1) => {
    const places = (node) => (node.places ??= node.inputShapes.map((own) => repeated(own, node)));
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

  // Which of the numbers along an axis each number belongs to.
  function along({ shape, config: { axis } }) {
    const inner = count(shape.slice(axis + 1)), size = shape[axis];
    return inner === 1 ? (i) => i % size : (i) => Math.floor(i / inner) % size;
  }

  // scale · x + offset, with a number for each of `scale`, over and over.
  function scaled(x, scale, offset, at = (i) => i % scale.length) {
    const out = like(x);
    for (let i = 0; i < x.length; i++) out[i] = x[i] * scale[at(i)] + (offset ? offset[at(i)] : 0);
    return out;
  }

  const affine = {
    forward: ([x], { weights: { scale, offset } }) => scaled(x, scale, offset),
    backward: (_inputs, { weights: { scale } }, gradient) => [scaled(gradient, scale)],
  };

  // With the means and variances of the training.
  const batchNormalization = {
    scale({ weights: { gamma, moving_variance }, config: { epsilon } }) {
      return moving_variance.map((v, c) => (gamma ? gamma[c] : 1) / Math.sqrt(v + epsilon));
    },
    forward([x], node) {
      const { beta, moving_mean } = node.weights, scale = this.scale(node);
      const offset = moving_mean.map((mean, c) => (beta ? beta[c] : 0) - mean * scale[c]);
      return scaled(x, scale, offset, along(node));
    },
    backward(_inputs, node, gradient) {
      return [scaled(gradient, this.scale(node), null, along(node))];
    },
  };

  const prelu = {
    slopes([x], node) {
      node.places ??= repeated(node.config.alpha_shape, node);
      return x.map((v, i) => (v > 0 ? 1 : node.weights.alpha[node.places[i]]));
    },
    forward(inputs, node) {
      return this.slopes(inputs, node).map((slope, i) => slope * inputs[0][i]);
    },
    backward(inputs, node, gradient) {
      return [this.slopes(inputs, node).map((slope, i) => slope * gradient[i])];
    },
  };

  // ------------------------------------------------------------------------------- normalization

  // y = x̂ · gamma + beta, x̂ = (x − mean) / deviation, over sets of numbers. `setsOf` says which are
  // taken together and which gamma each has; `centred`, whether the mean is taken off.
  const standardizing = (setsOf, centred = () => true) => {
    const found = (node) => (node.sets ??= setsOf(node));
    const means = (values, { set, sets, places }) => {
      const out = new Float64Array(sets);
      values.forEach((value, i) => { out[set[i]] += value / places; });
      return out;
    };
    const standard = ([x], node) => {
      const all = found(node), { set } = all;
      const mean = centred(node) ? means(x, all) : new Float64Array(all.sets);
      const squares = means(Float64Array.from(x, (v, i) => (v - mean[set[i]]) ** 2), all);
      const inverse = squares.map((s) => 1 / Math.sqrt(s + node.config.epsilon));
      return { all, inverse, z: x.map((v, i) => (v - mean[set[i]]) * inverse[set[i]]) };
    };
    return {
      forward(inputs, node) {
        const { all: { weight }, z } = standard(inputs, node), { gamma, beta } = node.weights;
        return z.map((v, i) =>
          v * (gamma ? gamma[weight[i]] : 1) + (beta ? beta[weight[i]] : 0));
      },
      backward(inputs, node, gradient) {
        const { all, inverse, z } = standard(inputs, node), { gamma } = node.weights;
        const g = gradient.map((v, i) => v * (gamma ? gamma[all.weight[i]] : 1));
        const mean = centred(node) ? means(g, all) : new Float64Array(all.sets);
        const slope = means(g.map((v, i) => v * z[i]), all), { set } = all;
        return [g.map((v, i) => inverse[set[i]] * (v - mean[set[i]] - z[i] * slope[set[i]]))];
      },
    };
  };

  const byAxes = standardizing(
    ({ shape, config: { axis } }) => {
      const sets = together(shape, axis);
      return { ...sets, weight: sets.place };
    },
    ({ config }) => !config.rms_scaling,
  );

  const byGroups = standardizing((node) => {
    const { shape, config: { groups, axis } } = node, channel = along(node);
    const each = shape[axis] / groups, n = count(shape);
    const weight = Int32Array.from({ length: n }, (_, i) => channel(i));
    const set = weight.map((c) => Math.floor(c / each));
    return { weight, set, sets: groups, places: n / groups };
  });

  // By the activations of neighbouring channels: b = a · d^−β, d = k + α · Σ a² (Krizhevsky 2012).
  const localResponse = {
    sums(values, { shape, config: { size } }) {
      const channels = shape[shape.length - 1], out = new Float64Array(values.length);
      for (let i = 0; i < values.length; i++) {
        const c = i % channels, reach = size >> 1;
        const end = i + Math.min(reach, channels - 1 - c);
        for (let j = i - Math.min(reach, c); j <= end; j++) out[i] += values[j];
      }
      return out;
    },
    denominators(a, node) {
      const { size, k, alpha, convention } = node.config;
      const factor = convention === "caffe" ? alpha / size : alpha;
      return { factor, d: this.sums(a.map((v) => v * v), node).map((sum) => k + factor * sum) };
    },
    forward([a], node) {
      const { d } = this.denominators(a, node);
      return a.map((v, i) => v * d[i] ** -node.config.beta);
    },
    backward([a], node, gradient) {
      const { factor, d } = this.denominators(a, node), { beta } = node.config;
      const shared = this.sums(gradient.map((g, i) => g * a[i] * d[i] ** (-beta - 1)), node);
      return [a.map((v, i) => gradient[i] * d[i] ** -beta - 2 * factor * beta * v * shared[i])];
    },
  };

  // ------------------------------------------------------------------------ LeNet-5, neocognitron

  // The negative squared distance to the code of each class (LeCun et al. 1998, Equation 7).
  const rbf = {
    forward([x], { shape, weights: { centres } }) {
      const n = x.length;
      return zeros(shape).map((_, k) =>
        -x.reduce((sum, value, j) => sum + (value - centres[k * n + j]) ** 2, 0));
    },
    backward([x], { weights: { centres } }, gradient) {
      const n = x.length;
      return [x.map((value, j) =>
        gradient.reduce((sum, g, k) => sum - 2 * g * (value - centres[k * n + j]), 0))];
    },
  };

  // u_S = r · φ[(1 + Σ a·u) / (1 + 2r / (1 + r) · b·v) − 1], v = √(Σ c·u²)   (Fukushima 1980)
  const sCells = {
    parts([u], node) {
      const { a, b, c } = node.weights, { selectivity: r, epsilon } = node.config;
      const planes = node.shape[2], e = convolved([u], node, a);
      const patches = gathered(u.map((v) => v * v), windows(node));
      const v = product(patches, c, c.length, 1, new Float32Array(e.length / planes))
        .map((power) => Math.sqrt(power + epsilon));
      const h = e.map((_, i) => ((2 * r) / (1 + r)) * b[i % planes] * v[Math.floor(i / planes)]);
      return { e, v, h, planes, r };
    },
    forward(inputs, node) {
      const { e, h, r } = this.parts(inputs, node);
      return e.map((value, i) => r * Math.max((1 + value) / (1 + h[i]) - 1, 0));
    },
    backward([u], node, gradient, output) {
      const { e, v, h, planes, r } = this.parts([u], node), { a, c } = node.weights;
      const g = gradient.map((value, i) => (output[i] > 0 ? (r * value) / (1 + h[i]) : 0));
      const out = convolvedBack([u], node, g, a);
      const ofPower = like(v); // d h / d power = h / (2 v²)
      g.forEach((value, i) => {
        const at = Math.floor(i / planes);
        ofPower[at] -= (value * (1 + e[i]) * h[i]) / ((1 + h[i]) * 2 * v[at] ** 2);
      });
      const patches = new Float32Array(v.length * c.length);
      scattered(product(ofPower, c, 1, c.length, patches), windows(node), like(u))
        .forEach((slope, i) => { out[i] += slope * 2 * u[i]; });
      return [out];
    },
  };

  // u_C = ψ[(1 + e) / (1 + mean e) − 1], e = Σ d·u_S, ψ[x] = φ[x] / (α + φ[x])   (Fukushima 1980)
  const cCells = {
    parts(inputs, node) {
      const planes = node.shape[2], e = mapByMap(inputs[0], node, node.weights.d, planes);
      const inhibition = new Float32Array(e.length / planes);
      e.forEach((value, i) => { inhibition[Math.floor(i / planes)] += value / planes; });
      const at = (i) => 1 + inhibition[Math.floor(i / planes)];
      return { e, at, planes, x: e.map((value, i) => Math.max((1 + value) / at(i) - 1, 0)) };
    },
    forward(inputs, node) {
      const { saturation } = node.config;
      return this.parts(inputs, node).x.map((x) => x / (saturation + x));
    },
    backward(inputs, node, gradient) {
      const { e, at, planes, x } = this.parts(inputs, node), { saturation } = node.config;
      const g = gradient.map((value, i) =>
        (x[i] > 0 ? (value * saturation) / (saturation + x[i]) ** 2 / at(i) : 0));
      const shared = new Float32Array(e.length / planes);
      g.forEach((value, i) => {
        shared[Math.floor(i / planes)] += (value * (1 + e[i])) / at(i) / planes;
      });
      const ofE = g.map((value, i) => value - shared[Math.floor(i / planes)]);
      return [mapByMapBack(inputs[0], node, ofE, node.weights.d, planes)];
    },
  };

  KerasCNN.layers = {
    Conv2D: convolution((node) => node.weights.kernel),
    TableConv2D: convolution(kernelOfTable),
    DepthwiseConv2D: depthwise,
    SeparableConv2D: separable,
    Conv2DTranspose: transposedConvolution,
    LocallyConnected2D: locallyConnected,
    Dense: dense,
    RBFOutput: rbf,
    MaxPooling2D: maxPooling,
    AveragePooling2D: pooled(false),
    TrainableSubsampling2D: subsampling,
    AdaptiveAveragePooling2D: adaptiveAverage,
    GlobalAveragePooling2D: adaptiveAverage,
    GlobalMaxPooling2D: globalMaxPooling,
    BilinearUpSampling2D: bilinear,
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
    Affine: affine, // Rescaling, Normalization
    BatchNormalization: batchNormalization,
    LayerNormalization: byAxes,
    RMSNormalization: byAxes,
    GroupNormalization: byGroups,
    LocalResponseNormalization: localResponse,
    PReLU: prelu,
    SCells: sCells,
    CCells: cCells,
  };
  Object.assign(KerasCNN, { windows, kernelOfTable });
})();
