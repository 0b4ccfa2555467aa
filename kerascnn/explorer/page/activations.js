// Activation functions and their derivatives, with Keras's names and options.
//
//   forward(x, shape, options)             -> values
//   backward(x, gradient, shape, options)  -> gradient of x, the values before the activation
"use strict";

(() => {
  const { together } = KerasCNN;

  const sigmoid = (x) => 1 / (1 + Math.exp(-x));
  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const clipped = (x, low, high) => Math.min(Math.max(x, low), high);
  const between = (x, low, high) => (x > low && x < high ? 1 : 0);

  const SELU_SCALE = 1.0507009873554805, SELU_ALPHA = 1.6732632423543772; // Klambauer et al. 2017
  const TANH_SCALE = 1.7159, TANH_SLOPE = 2 / 3; // LeCun et al. 1998, Appendix A
  const GELU_CUBIC = 0.044715; // Hendrycks & Gimpel 2016

  // The integral of the normal density, by Abramowitz & Stegun 1964, formula 7.1.26: to 1.5e-7.
  function normal(x) {
    const t = 1 / (1 + 0.3275911 * Math.abs(x) * Math.SQRT1_2);
    const series = t * (0.254829592 + t * (-0.284496736
      + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    const tail = 0.5 * series * Math.exp((-x * x) / 2);
    return x < 0 ? tail : 1 - tail;
  }

  const elu = (x, { alpha = 1 } = {}) => (x > 0 ? x : alpha * Math.expm1(x));
  const eluSlope = (x, { alpha = 1 } = {}) => (x > 0 ? 1 : alpha * Math.exp(x));
  const hardSigmoid = (x) => clipped(x / 6 + 0.5, 0, 1);
  const hardSigmoidSlope = (x) => between(x, -3, 3) / 6;
  const inner = (x) => Math.sqrt(2 / Math.PI) * (x + GELU_CUBIC * x ** 3); // of gelu

  function relu(x, { negative_slope = 0, max_value = null, threshold = 0 } = {}) {
    if (x <= threshold) return negative_slope * (x - threshold);
    return max_value === null ? x : Math.min(x, max_value);
  }

  function reluSlope(x, { negative_slope = 0, max_value = null, threshold = 0 } = {}) {
    if (x <= threshold) return negative_slope;
    return max_value === null || x < max_value ? 1 : 0;
  }

  function gelu(x, { approximate = false } = {}) {
    return x * (approximate ? (1 + Math.tanh(inner(x))) / 2 : normal(x));
  }

  function geluSlope(x, { approximate = false } = {}) {
    if (!approximate) return normal(x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
    const t = Math.tanh(inner(x)), slope = Math.sqrt(2 / Math.PI) * (1 + 3 * GELU_CUBIC * x * x);
    return (1 + t) / 2 + (x * (1 - t * t) * slope) / 2;
  }

  function silu(x) {
    return x * sigmoid(x);
  }

  function mishSlope(x) {
    const t = Math.tanh(softplus(x));
    return t + x * (1 - t * t) * sigmoid(x);
  }

  // f(x) and f'(x), for each number by itself.
  const FUNCTIONS = {
    relu: [relu, reluSlope],
    relu6: [(x) => clipped(x, 0, 6), (x) => between(x, 0, 6)],
    leaky_relu: [
      (x, { negative_slope = 0.2 }) => (x > 0 ? x : negative_slope * x),
      (x, { negative_slope = 0.2 }) => (x > 0 ? 1 : negative_slope),
    ],
    elu: [elu, eluSlope],
    selu: [
      (x) => SELU_SCALE * elu(x, { alpha: SELU_ALPHA }),
      (x) => SELU_SCALE * eluSlope(x, { alpha: SELU_ALPHA }),
    ],
    celu: [
      (x, { alpha = 1 }) => (x > 0 ? x : alpha * Math.expm1(x / alpha)),
      (x, { alpha = 1 }) => (x > 0 ? 1 : Math.exp(x / alpha)),
    ],
    gelu: [gelu, geluSlope],
    silu: [silu, (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x)))],
    mish: [(x) => x * Math.tanh(softplus(x)), mishSlope],
    sigmoid: [sigmoid, (x) => sigmoid(x) * (1 - sigmoid(x))],
    hard_sigmoid: [hardSigmoid, hardSigmoidSlope],
    hard_silu: [(x) => x * hardSigmoid(x), (x) => hardSigmoid(x) + x * hardSigmoidSlope(x)],
    log_sigmoid: [(x) => -softplus(-x), (x) => sigmoid(-x)],
    sparse_sigmoid: [(x) => clipped((x + 1) / 2, 0, 1), (x) => between(x, -1, 1) / 2],
    tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
    scaled_tanh: [
      (x) => TANH_SCALE * Math.tanh(TANH_SLOPE * x),
      (x) => TANH_SCALE * TANH_SLOPE * (1 - Math.tanh(TANH_SLOPE * x) ** 2),
    ],
    hard_tanh: [(x) => clipped(x, -1, 1), (x) => between(x, -1, 1)],
    tanh_shrink: [(x) => x - Math.tanh(x), (x) => Math.tanh(x) ** 2],
    soft_shrink: [
      (x, { threshold = 0.5 }) => Math.sign(x) * Math.max(Math.abs(x) - threshold, 0),
      (x, { threshold = 0.5 }) => (Math.abs(x) > threshold ? 1 : 0),
    ],
    hard_shrink: [
      (x, { threshold = 0.5 }) => (Math.abs(x) > threshold ? x : 0),
      (x, { threshold = 0.5 }) => (Math.abs(x) > threshold ? 1 : 0),
    ],
    softplus: [softplus, sigmoid],
    sparse_plus: [
      (x) => (x <= -1 ? 0 : x >= 1 ? x : (x + 1) ** 2 / 4),
      (x) => (x <= -1 ? 0 : x >= 1 ? 1 : (x + 1) / 2),
    ],
    squareplus: [
      (x, { b = 4 }) => (x + Math.sqrt(x * x + b)) / 2,
      (x, { b = 4 }) => (1 + x / Math.sqrt(x * x + b)) / 2,
    ],
    softsign: [(x) => x / (1 + Math.abs(x)), (x) => 1 / (1 + Math.abs(x)) ** 2],
    exponential: [Math.exp, Math.exp],
    step: [(x) => (x >= 0 ? 1 : 0), () => 1], // the gradient of the identity, as in Keras here
  };

  const elementwise = ([f, slope]) => ({
    forward(x, _shape, options) {
      const out = new Float32Array(x.length);
      for (let i = 0; i < x.length; i++) out[i] = f(x[i], options);
      return out;
    },
    backward(x, gradient, _shape, options) {
      const out = new Float32Array(x.length);
      for (let i = 0; i < x.length; i++) out[i] = gradient[i] * slope(x[i], options);
      return out;
    },
  });

  // Probabilities of the numbers along an axis, or along several.
  function probabilities(x, shape, { axis = [shape.length - 1] }) {
    const { set, sets } = together(shape, axis);
    const peaks = new Float64Array(sets).fill(-Infinity), sums = new Float64Array(sets);
    x.forEach((value, i) => { peaks[set[i]] = Math.max(peaks[set[i]], value); });
    x.forEach((value, i) => { sums[set[i]] += Math.exp(value - peaks[set[i]]); });
    const p = x.map((value, i) => Math.exp(value - peaks[set[i]]) / sums[set[i]]);
    return { set, sets, peaks, sums, p };
  }

  const softmax = {
    forward: (x, shape, options) => probabilities(x, shape, options).p,
    backward(x, gradient, shape, options) {
      const { set, sets, p } = probabilities(x, shape, options);
      const mean = new Float64Array(sets);
      gradient.forEach((g, i) => { mean[set[i]] += g * p[i]; });
      return gradient.map((g, i) => p[i] * (g - mean[set[i]]));
    },
  };

  const logSoftmax = {
    forward(x, shape, options) {
      const { set, peaks, sums } = probabilities(x, shape, options);
      return x.map((value, i) => value - peaks[set[i]] - Math.log(sums[set[i]]));
    },
    backward(x, gradient, shape, options) {
      const { set, sets, p } = probabilities(x, shape, options);
      const total = new Float64Array(sets);
      gradient.forEach((g, i) => { total[set[i]] += g; });
      return gradient.map((g, i) => g - p[i] * total[set[i]]);
    },
  };

  KerasCNN.activations = { softmax, log_softmax: logSoftmax };
  for (const [name, pair] of Object.entries(FUNCTIONS)) {
    KerasCNN.activations[name] = elementwise(pair);
  }
})();
