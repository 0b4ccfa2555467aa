// Normalizations, and other layers that scale each number.
"use strict";

(() => {
  const { count, like, repeated, together } = KerasCNN;

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
      node.places ??= repeated(node.config.alpha_shape, node.shape);
      return x.map((v, i) => (v > 0 ? 1 : node.weights.alpha[node.places[i]]));
    },
    forward(inputs, node) {
      return this.slopes(inputs, node).map((slope, i) => slope * inputs[0][i]);
    },
    backward(inputs, node, gradient) {
      return [this.slopes(inputs, node).map((slope, i) => slope * gradient[i])];
    },
  };

  // ---------------------------------------------------------------------- by means and deviations

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

  Object.assign(KerasCNN.layers, {
    Affine: affine, // Rescaling, Normalization
    BatchNormalization: batchNormalization,
    LayerNormalization: byAxes,
    RMSNormalization: byAxes,
    GroupNormalization: byGroups,
    LocalResponseNormalization: localResponse,
    PReLU: prelu,
  });
})();
