// One value of a layer: the window it comes from, the kernel, their products and the sum.
"use strict";
const FACTORS = 12; // numbers in a row of a vector
const TERMS = 6; // of a sum that are written out
const PAUSE = 250; // milliseconds between the positions of the window
const WORTH = { max: "poolMax", mean: "poolMean" };
let inputChannel = null; // the channel of the layer's input that is shown; null for the strongest
let sliding = null;

function openLayer(node, map, y, x) {
  showTab("layer");
  select(node, map ?? (state.node === node ? state.map : 0), y, x);
}

// -- the calculation, in the form in which it is shown ------------------------------------------------

const patchAt = (y, x) => net.patch(state.node.id, { y, x, channel: state.map }, state.run);

/** The maps that a dense layer's input was before it was flattened, if they were maps. */
function beforeFlatten(id) {
  let node = nodes.get(id);
  while (isVector(node.shape) && node.inputs.length === 1 && sizeOf(nodes.get(node.inputs[0]).shape) === sizeOf(node.shape)
    && ["Flatten", "Reshape", "Dropout", "Identity"].includes(node.kind)) node = nodes.get(node.inputs[0]);
  return node;
}

/** How the value that is looked at is computed: null where no window of numbers tells. */
function calculation() {
  const patch = patchAt(state.y, state.x);
  if (!patch) return null;
  const { rows, columns, channels } = patch;
  const isDense = rows.length === 1 && columns.length === 1 && channels.length > 1 && isVector(nodes.get(patch.input).shape);
  if (!isDense) return { ...patch, source: nodes.get(patch.input), depth: channels.length, tall: rows.length, wide: columns.length };
  const source = beforeFlatten(patch.input);
  const [height, width, depth] = volumeOf(source.shape);
  if (height * width > 1) return { ...patch, isWhole: true, source, depth, tall: height, wide: width, rows: [...Array(height).keys()], columns: [...Array(width).keys()] };
  return { ...patch, source, depth: 1, tall: Math.ceil(channels.length / FACTORS), wide: Math.min(FACTORS, channels.length), isVector: true };
}

/** The numbers of one input channel, row by row. */
const channelOf = (values, depth, channel) => Array.from({ length: values.length / depth }, (_, i) => values[i * depth + channel]);

function sums({ products, depth }) {
  const found = new Float64Array(depth);
  products.forEach((value, i) => { if (Number.isFinite(value)) found[i % depth] += value; });
  return found;
}

// -- the formula ------------------------------------------------------------------------------------------

function drawFormula(sum) {
  const { node, map, y, x } = state;
  const [height, width] = volumeOf(node.shape);
  const name = height * width === 1 ? `${node.name}[${map}]` : `${node.name}[${y}, ${x}, ${map}]`;
  const value = valueAt(node, map, y, x);
  const formula = find("#formula");
  const shown = make("data", { id: "value", value: String(value) }, number(value, 4));
  if (!sum) return formula.replaceChildren(`${name} = `, shown);
  if (sum.kind in WORTH) return formula.replaceChildren(`${name} = ${say(WORTH[sum.kind], { count: sum.patch.filter(Number.isFinite).length })} = `, shown);
  const parts = sums(sum);
  const isPlain = parts.length === 1 && !sum.bias; // the sum is the only term
  const terms = [...parts.slice(0, isPlain ? 0 : TERMS)].map((part, i) => (i ? [part < 0 ? " − " : " + ", data(Math.abs(part))] : [data(part)]));
  if (parts.length > TERMS) terms.push([" + …"]);
  if (sum.bias) terms.push([sum.bias < 0 ? " − " : " + ", data(Math.abs(sum.bias)), ` (${say("bias")})`]);
  const total = make("data", { id: "total", value: String(sum.sum) }, number(sum.sum, 4));
  const end = sum.activation ? [`; ${sum.activation} → `, shown] : [];
  if (!end.length) shown.hidden = true;
  formula.replaceChildren(`${name} = `, ...terms.flat(), isPlain ? "" : " = ", total, ...(end.length ? end : [shown]));
}

// -- the window, the kernel and the products --------------------------------------------------------------

const grids = { patch: makeGrid(""), kernel: makeGrid(""), products: makeGrid("") };
const signs = { kernel: "×", products: "=" };

function drawGrids(sum) {
  find("#sum").classList.toggle("without", !sum);
  find("#grids").hidden = find("#source").hidden = !sum;
  find("#channel-line").hidden = !sum || sum.depth < 2;
  if (!sum) return;
  const { depth, tall, wide } = sum;
  if (!sum.products) inputChannel = 0;
  const parts = sum.products ? sums(sum) : [0];
  const strongest = parts.reduce((best, part, i) => (Math.abs(part) > Math.abs(parts[best]) ? i : best), 0);
  const channel = Math.min(inputChannel ?? strongest, depth - 1);
  find("#channel").max = depth - 1;
  find("#channel").value = channel;
  const told = say("channelOf", { channel: sum.channels[channel] ?? channel, count: depth, sum: number(parts[channel]) });
  find("#channel-text").textContent = told;
  find("#channel").setAttribute("aria-valuetext", told);
  drawSource(sum, channel);
  const isOutside = (i) => !sum.isVector && outside(sum, Math.floor(i / wide), i % wide);
  const cells = (values) => {
    const one = channelOf(values, depth, channel);
    return Array.from({ length: tall * wide }, (_, i) => one[i]);
  };
  const patch = cells(sum.patch);
  const best = sum.kind === "max" ? Math.max(...patch.filter(Number.isFinite)) : null;
  const marked = (i) => best !== null && patch[i] === best;
  fillGrid(grids.patch, patch, tall, wide, { caption: say(isVector(state.node.shape) && sum.products ? "inputValues" : "patch"), map: maps.sequential, range: rangeOf(state.values[sum.input]), padding: isOutside, marked });
  for (const part of ["kernel", "products"]) {
    const values = sum[part];
    grids[part].hidden = !values;
    if (values) fillGrid(grids[part], cells(values), tall, wide, { caption: say(part), range: rangeAround0(values) });
  }
}

function outside({ rows, columns, source }, row, column) {
  const [height, width] = volumeOf(source.shape);
  return rows[row] < 0 || rows[row] >= height || columns[column] < 0 || columns[column] >= width;
}

/** How far the windows of a layer reach over the edges of its input. */
function paddingOf({ source, isVector: is, wide }) {
  const [height, width] = volumeOf(state.node.shape);
  const [tall, broad] = volumeOf(source.shape);
  if (is || (height === 1 && width === 1 && wide > 1)) return NO_PADDING;
  const [first, last] = [patchAt(0, 0), patchAt(height - 1, width - 1)];
  return {
    top: Math.max(0, -first.rows[0]),
    left: Math.max(0, -first.columns[0]),
    bottom: Math.max(0, last.rows.at(-1) + 1 - tall),
    right: Math.max(0, last.columns.at(-1) + 1 - broad),
  };
}

function drawSource(sum, channel) {
  const { source, rows, columns } = sum;
  find("#source").hidden = Boolean(sum.isVector || sum.isWhole); // the values are the whole map
  if (find("#source").hidden) return;
  const [height, width, depth] = volumeOf(source.shape);
  const from = sum.depth === depth ? channel : (sum.channels[channel] ?? channel);
  const label = say("sourceAlt", { name: source.name, map: from });
  const window = rows.length ? { top: rows[0], bottom: rows.at(-1) + 1, left: columns[0], right: columns.at(-1) + 1 } : null;
  fillPicture("source", mapOf(source, from), [height, width, 1], {
    pad: rows.length ? paddingOf(sum) : NO_PADDING,
    window,
    range: rangeOf(state.values[source.id]),
    map: isInput(source) ? maps.gray : maps.sequential,
    label,
  });
}

// -- the map, its receptive field and its filter --------------------------------------------------------------

function drawMap() {
  const { node, map, y, x } = state;
  const [height, width] = volumeOf(node.shape);
  find("#result").hidden = height * width === 1;
  if (height * width > 1) {
    fillPicture("result", mapOf(node, map), [height, width, 1], {
      window: { top: y, left: x, bottom: y + 1, right: x + 1 },
      range: rangeOf(state.values[node.id]),
      map: isInput(node) ? maps.gray : maps.sequential,
      label: say("resultAlt", { name: node.name, map }),
    });
  }
  const seen = isInput(node) ? null : net.receptiveField(node.id, y, x)?.[0];
  find("#field").hidden = !seen;
  if (!seen) return;
  const at = nodes.get(seen.node);
  const [tall, wide] = volumeOf(at.shape);
  const clip = { top: Math.max(0, seen.top), left: Math.max(0, seen.left), bottom: Math.min(tall, seen.bottom), right: Math.min(wide, seen.right) };
  fillInput("field", at, state.values[at.id], {
    window: clip,
    label: say("fieldAlt", { height: seen.bottom - seen.top, width: seen.right - seen.left, top: clip.top, bottom: clip.bottom - 1, left: clip.left, right: clip.right - 1 }),
  });
}

/** The filter of a map: a picture for each input channel. */
function drawFilter() {
  const { node, map } = state;
  const weights = net.nodes[node.id].weights.kernel;
  const shape = weights && model.arrays[node.weights.kernel].shape;
  const isShown = shape?.length === 4 && node.type === "Conv2D";
  find("#filter").hidden = !isShown;
  if (!isShown) return;
  const [height, width, depth, channels] = shape;
  const values = Float32Array.from({ length: height * width * depth }, (_, i) => weights[i * channels + map]);
  const columns = Math.ceil(Math.sqrt(depth));
  fillPicture("filter", values, [height, width, depth], { columns, shown: depth, range: rangeAround0(values), map: maps.signed, label: say("filterAlt", { name: node.name, map }) });
}

// -- all of it ---------------------------------------------------------------------------------------------------

function drawLayer() {
  if (!state.node || !state.values || find("#view-layer").hidden) return;
  const sum = isInput(state.node) ? null : calculation();
  drawFormula(sum);
  drawGrids(sum);
  drawMap();
}

function choosePlace() {
  const { node, map, y, x } = state;
  const [height, width, channels] = volumeOf(node.shape);
  find("#layer").value = node.id;
  for (const [id, value, size] of [["map", map, channels], ["row", y, height], ["column", x, width]]) {
    const field = find(`#${id}`);
    [field.max, field.value] = [size - 1, value];
    field.closest("label").hidden = size < 2;
  }
  find("#map-word").textContent = say(height * width < 2 ? "unit" : "map");
  find("#slide").hidden = height * width < 2;
  find("#layer-facts").textContent = say("facts", { kind: node.kind, shape: shapeText(node.shape), count: count(node.parameters) });
}

function drawSelected() {
  if (!state.node || !state.values) return;
  choosePlace();
  drawLayer();
  drawFilter();
  announce("value", find("#formula").textContent);
}

function prepareLayer() {
  find("#grids").append(grids.patch, grids.kernel, grids.products);
  for (const [part, sign] of Object.entries(signs)) grids[part].dataset.sign = sign;
  find("#layer").replaceChildren(...model.nodes.map((node) => make("option", { value: node.id }, node.name)));
  find("#layer").addEventListener("change", (event) => openLayer(nodes.get(Number(event.target.value)), 0));
  for (const [id, name] of [["map", "map"], ["row", "y"], ["column", "x"]]) {
    find(`#${id}`).addEventListener("input", (event) => {
      if (event.target.value === "") return;
      const { node, map, y, x } = { ...state, [name]: Number(event.target.value) };
      select(node, map, y, x);
    });
  }
  find("#channel").addEventListener("input", (event) => {
    inputChannel = Number(event.target.value);
    drawLayer();
  });
  find("#result .picture").addEventListener("click", (event) => {
    const canvas = find("#result canvas");
    const box = canvas.getBoundingClientRect();
    select(state.node, state.map, ((event.clientY - box.top) / box.height) * canvas.height, ((event.clientX - box.left) / box.width) * canvas.width);
  });
  find("#slide").addEventListener("click", () => (sliding ? stopSliding() : slide()));
}

function slide() {
  find("#slide").textContent = say("stop");
  sliding = setInterval(() => {
    const [height, width] = volumeOf(state.node.shape);
    const next = (state.y * width + state.x + 1) % (height * width);
    select(state.node, state.map, Math.floor(next / width), next % width);
  }, PAUSE);
}
function stopSliding() {
  clearInterval(sliding);
  sliding = null;
  find("#slide").textContent = say("slide");
}

let lastNode = null;
on("selected", () => {
  if (state.node !== lastNode) {
    inputChannel = null;
    stopSliding();
  }
  lastNode = state.node;
  drawSelected();
});
on("values", drawLayer);
on("network", drawFilter);
on("tab", drawSelected);
on("language", drawSelected);
on("theme", drawSelected);
