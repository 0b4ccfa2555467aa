// Convolutions of all kinds, and dense layers.
"use strict";

(() => {
  const { count, zeros, like, product, transposed, someColumns, sliding, gathered,
    scattered } = KerasCNN;

  function withBias(out, bias) {
    if (bias) for (let i = 0, n = bias.length; i < out.length; i++) out[i] += bias[i % n];
    return out;
  }

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

  Object.assign(KerasCNN.layers, {
    Conv2D: convolution((node) => node.weights.kernel),
    TableConv2D: convolution(kernelOfTable),
    DepthwiseConv2D: depthwise,
    SeparableConv2D: separable,
    Conv2DTranspose: transposedConvolution,
    LocallyConnected2D: locallyConnected,
    Dense: dense,
  });
  Object.assign(KerasCNN, {
    withBias, windows, convolved, convolvedBack, kernelOfTable, mapByMap, mapByMapBack,
  });
})();
