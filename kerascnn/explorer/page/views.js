// What a place or unit of a layer sees of its inputs, under the names of the kernels.
//
//   kind                  -> whether it gives a "sum" (with weights), a "mean" or a "max" of that
//   terms(node, index)    -> the rows, columns and channels that the number `index` of the output is
//                            made of, `from` where in the input, -1 in the padding, and the weights
//   reach(node, box, k)   -> the box that the places in a box of the output see of input k; null if
//                            they see nothing of it
"use strict";

(() => {
  const { count, someColumns, layers, windows, kernelOfTable } = KerasCNN;

  const upTo = (many, first = 0) => Array.from({ length: many }, (_, i) => first + i);

  // ------------------------------------------------------------------------------- through windows

  // Some channels of a unit's window.
  function seen(node, index, first = 0, many = node.inputShapes[0][2]) {
    const { pixels, places, channels: all, columns: wide, kernel, ...window } = windows(node);
    const nth = Math.floor(index / node.shape[2]), channels = upTo(many, first), from = [];
    for (const pixel of pixels.subarray(nth * places, (nth + 1) * places)) {
      for (const c of channels) from.push(pixel < 0 ? -1 : pixel * all + c);
    }
    const along = (axis, at, before) => upTo(kernel[axis]).map((i) =>
      at * window.strides[axis] + i * window.dilation[axis] - before);
    return {
      from, channels,
      rows: along(0, Math.floor(nth / wide), window.top),
      columns: along(1, nth % wide, window.left),
    };
  }

  function throughWindows(node, { top, left, bottom, right }) {
    const { kernel, strides, dilation, ...window } = windows(node);
    const reach = [0, 1].map((axis) => (kernel[axis] - 1) * dilation[axis] + 1);
    return {
      top: top * strides[0] - window.top,
      left: left * strides[1] - window.left,
      bottom: (bottom - 1) * strides[0] - window.top + reach[0],
      right: (right - 1) * strides[1] - window.left + reach[1],
    };
  }

  const sliding = (terms, kind = "sum") => ({ kind, terms, reach: throughWindows });

  const convolution = (kernelOf) => sliding((node, index) => {
    const { groups = 1 } = node.config, filters = node.shape[2], filter = index % filters;
    const channels = node.inputShapes[0][2] / groups;
    const group = Math.floor(filter / (filters / groups));
    const weights = someColumns(kernelOf(node), filters, filter, 1);
    return { ...seen(node, index, group * channels, channels), weights };
  });

  const depthwise = sliding((node, index) => {
    const filters = node.shape[2], filter = index % filters;
    const map = Math.floor((filter * node.inputShapes[0][2]) / filters);
    const weights = someColumns(node.weights.kernel, filters, filter, 1);
    return { ...seen(node, index, map, 1), weights };
  });

  // Both convolutions in one: the products of their weights.
  const separable = sliding((node, index) => {
    const { depthwise_kernel, pointwise_kernel } = node.weights, filters = node.shape[2];
    const between = pointwise_kernel.length / filters, channels = node.inputShapes[0][2];
    const mixing = someColumns(pointwise_kernel, filters, index % filters, 1);
    const weights = new Float32Array(windows(node).places * channels);
    depthwise_kernel.forEach((weight, i) => {
      const place = Math.floor(i / between), map = i % between;
      const channel = Math.floor((map * channels) / between);
      weights[place * channels + channel] += weight * mixing[map];
    });
    return { ...seen(node, index), weights };
  });

  const locallyConnected = sliding((node, index) => {
    const weights = someColumns(node.weights.kernel, count(node.shape), index, 1);
    return { ...seen(node, index), weights };
  });

  const ofOneMap = (node, index) => seen(node, index, index % node.shape[2], 1);

  const subsampling = sliding((node, index) => {
    const all = ofOneMap(node, index), weight = node.weights.coefficient[index % node.shape[2]];
    return { ...all, weights: Float32Array.from(all.from, () => weight) };
  });

  // The pixels of the input whose windows reach a pixel of the output.
  const transposedConvolution = {
    kind: "sum",
    terms(node, index) {
      const { pixels, places, columns: wide } = layers.Conv2DTranspose.windows(node);
      const { kernel } = node.weights, many = node.inputShapes[0][2];
      const filters = node.shape[2], filter = index % filters, from = [], weights = [];
      const rows = new Set(), columns = new Set();
      pixels.forEach((pixel, i) => {
        if (pixel !== Math.floor(index / filters)) return;
        const cell = Math.floor(i / places);
        rows.add(Math.floor(cell / wide));
        columns.add(cell % wide);
        for (let c = 0; c < many; c++) {
          from.push(cell * many + c);
          weights.push(kernel[((i % places) * filters + filter) * many + c]);
        }
      });
      return {
        from, channels: upTo(many), rows: [...rows], columns: [...columns],
        weights: Float32Array.from(weights),
      };
    },
    reach(node, { top, left, bottom, right }) {
      const { kernel, strides, dilation, ...window } = layers.Conv2DTranspose.windows(node);
      const first = (at, axis, before) =>
        Math.ceil((at + before - (kernel[axis] - 1) * dilation[axis]) / strides[axis]);
      const last = (at, axis, before) => Math.floor((at - 1 + before) / strides[axis]) + 1;
      return {
        top: first(top, 0, window.top), left: first(left, 1, window.left),
        bottom: last(bottom, 0, window.top), right: last(right, 1, window.left),
      };
    },
  };

  // ----------------------------------------------------------------------------------- other ways

  const whole = {
    reach({ inputShapes }, _box, k) {
      const [bottom, right] = inputShapes[k].length === 3 ? inputShapes[k] : [1, 1];
      return { top: 0, left: 0, bottom, right };
    },
  };

  // The same place; all of an input of another size.
  const samePlace = {
    reach(node, box, k) {
      const own = node.inputShapes[k].slice(0, -1), same = own.length === node.shape.length - 1;
      const sees = same && own.every((size, axis) => size === node.shape[axis]);
      return sees ? box : whole.reach(node, box, k);
    },
  };

  const dense = {
    ...samePlace,
    kind: "sum",
    terms({ shape, weights: { kernel } }, index) {
      const units = shape.at(-1), channels = upTo(kernel.length / units);
      const start = Math.floor(index / units) * channels.length; // of maps, at each place by itself
      return {
        from: channels.map((i) => start + i), channels, rows: [0], columns: [0],
        weights: someColumns(kernel, units, index % units, 1),
      };
    },
  };

  const mixing = {
    reach(node, { top, left, bottom, right }) {
      const [rows, columns] = layers[node.type].shares(node);
      const within = (shares, at) => shares[Math.min(Math.max(at, 0), shares.length - 1)];
      return {
        top: within(rows, top)[0][0], left: within(columns, left)[0][0],
        bottom: within(rows, bottom - 1).at(-1)[0] + 1,
        right: within(columns, right - 1).at(-1)[0] + 1,
      };
    },
  };

  const moving = {
    reach(node, box, k) {
      if (k) return null; // the content of the map that CropLike measures
      if (node.shape.length !== 3) return whole.reach(node, box, k);
      const { indexIn } = layers[node.type];
      const [top, left] = indexIn([box.top, box.left, 0], node.config);
      const [bottom, right] = indexIn([box.bottom - 1, box.right - 1, 0], node.config);
      return { top, left, bottom: bottom + 1, right: right + 1 };
    },
  };

  // A normalization over the channels of a place, or over more.
  const normalization = {
    reach(node, box, k) {
      const ofPlace = node.config.axis.every((axis) => axis === node.shape.length - 1);
      return (ofPlace ? samePlace : whole).reach(node, box, k);
    },
  };

  const VIEWS = {
    Conv2D: convolution((node) => node.weights.kernel),
    TableConv2D: convolution(kernelOfTable),
    DepthwiseConv2D: depthwise,
    SeparableConv2D: separable,
    Conv2DTranspose: transposedConvolution,
    LocallyConnected2D: locallyConnected,
    Dense: dense,
    MaxPooling2D: sliding(ofOneMap, "max"),
    AveragePooling2D: sliding(ofOneMap, "mean"),
    TrainableSubsampling2D: subsampling,
    SCells: { reach: throughWindows },
    CCells: { reach: throughWindows },
    RBFOutput: whole,
    GlobalMaxPooling2D: whole,
    GroupNormalization: whole,
    LayerNormalization: normalization,
    RMSNormalization: normalization,
    AdaptiveAveragePooling2D: mixing,
    GlobalAveragePooling2D: mixing,
    BilinearUpSampling2D: mixing,
    UpSampling2D: moving,
    ZeroPadding2D: moving,
    Cropping2D: moving,
    CropLike: moving,
    ZeroPaddingShortcut: moving,
    Permute: moving,
    RepeatVector: moving,
  };

  KerasCNN.viewOf = (node) => VIEWS[node.type] ?? samePlace;
})();
