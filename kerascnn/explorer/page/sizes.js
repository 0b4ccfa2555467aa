// The size of a convolution's output, and of a transposed one's (stamps.js): sliders, the formula in
// numbers, and the window on its input.
"use strict";
const ROUTES = [ // name, smallest, largest, at first
  ["size", 1, 9, 7], ["kernelSize", 1, 5, 3], ["stride", 1, 4, 1], ["padding", 0, 3, 0],
  ["dilation", 1, 3, 1], ["depth", 1, 12, 4], ["filters", 1, 12, 4], ["groups", 1, 12, 1],
];
const SMALL = 4; // the largest input of a transposed convolution, whose output is larger
const MANY = 10; // columns: their cells are smaller
const OPERATIONS = ["convolution", "transposed"];
const RULES = ["number", "valid", "same"];
const chosenSizes = Object.fromEntries(ROUTES.map(([name, , , first]) => [name, first]));
let operation = OPERATIONS[0];
let rule = RULES[0]; // of the padding
let step = 0;
const isTransposed = () => operation === "transposed";

/** What a convolution makes of a size, along one axis. */
function arithmetic({ size, kernelSize, stride, padding, dilation }) {
  const reach = dilation * (kernelSize - 1) + 1;
  let [before, after] = rule === "number" ? [padding, padding] : [0, 0];
  if (rule === "same") { // TensorFlow's: the odd one comes after
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0);
    [before, after] = [Math.floor(total / 2), Math.ceil(total / 2)];
  }
  const span = size + before + after - reach;
  const result = span < 0 ? 0 : Math.floor(span / stride) + 1;
  const unseen = span < 0 ? 0 : Math.max(before + size - ((result - 1) * stride + reach), 0);
  return { reach, before, after, span, result, unseen };
}

/** Small numbers that look random, the same each time. */
const inputNumber = (row, column) => (row * 7 + column * 5 + row * column * 3) % 4;
const kernelNumber = (row, column) => (row * 2 + column * 3 + row * column + 1) % 3;

const plays = { input: makeGrid(""), kernel: makeGrid(""), stamp: makeGrid(""), output: makeGrid("") };

function drawSizes() {
  if (find("#view-sizes").hidden) return;
  const sizes = isTransposed() ? transposedArithmetic(chosenSizes) : arithmetic(chosenSizes);
  const total = isTransposed() ? chosenSizes.size ** 2 : sizes.result ** 2;
  step = Math.min(step, Math.max(0, total - 1));
  const lines = isTransposed() ? transposedFormulas(sizes) : formulas(sizes);
  find("#size-formula").replaceChildren(...lines.map((line) => make("span", { class: "formula-line" }, line)));
  const position = find("#position");
  [position.max, position.value, position.disabled] = [Math.max(0, total - 1), step, !total];
  position.nextElementSibling.textContent = total ? say("stepOf", { step: step + 1, count: total }) : "";
  find("[for=position]").textContent = say(isTransposed() ? "positionOfValue" : "position");
  plays.stamp.hidden = !isTransposed();
  if (isTransposed()) drawStamps(sizes);
  else drawWindow(sizes);
  const { depth, filters, groups } = chosenSizes;
  const isGrouped = !isTransposed() && !(depth % groups || filters % groups);
  find("#group-text").textContent = isGrouped ? groupText(depth, filters, groups) : "";
}

/** The values in the window, the kernel, and the sum of their products. */
function drawWindow(sizes) {
  const { size, kernelSize, stride, dilation } = chosenSizes;
  const fits = sizes.result > 0;
  const [row, column] = fits ? [Math.floor(step / sizes.result), step % sizes.result] : [0, 0];
  const padded = size + sizes.before + sizes.after;
  const at = (i) => [Math.floor(i / padded) - sizes.before, (i % padded) - sizes.before];
  const isPadding = (i) => at(i).some((place) => place < 0 || place >= size);
  const taps = (start) => new Set(Array.from({ length: kernelSize }, (_, k) => start * stride - sizes.before + k * dilation));
  const [rows, columns] = [taps(row), taps(column)];
  const windowed = (i) => fits && rows.has(at(i)[0]) && columns.has(at(i)[1]);
  const dropped = (i) => !isPadding(i) && at(i).some((place) => place >= size - sizes.unseen);
  const values = square(padded, (r, c) => inputAt(r - sizes.before, c - sizes.before));
  const results = square(sizes.result, (r, c) => [...taps(r)].reduce((sum, y, i) =>
    sum + [...taps(c)].reduce((part, x, j) => part + inputAt(y, x) * kernelNumber(i, j), 0), 0));
  fillPlain(plays.input, values, padded, say("inputSize", { size }), { isPadding, windowed, dropped, role: "window" });
  fillPlain(plays.kernel, square(kernelSize, kernelNumber), kernelSize, say("kernel"), { role: "kernel", windowed: () => true });
  fillPlain(plays.output, results, sizes.result, say("outputSize", { size: sizes.result }), { windowed: (i) => i === step, role: "window" });
}

/** The values of a square, row by row. */
const square = (side, value) => Array.from({ length: side ** 2 }, (_, i) => value(Math.floor(i / side), i % side));
/** The input's value at a place; 0 in the padding. */
const inputAt = (y, x) => (Math.min(y, x) >= 0 && Math.max(y, x) < chosenSizes.size ? inputNumber(y, x) : 0);

function fillPlain(figure, values, side, caption, { isPadding = () => false, windowed = () => false, dropped = () => false, role: name }) {
  const body = find(".grid-body", figure);
  find("figcaption", figure).textContent = caption;
  if (body.dataset.kind !== String(side)) {
    body.replaceChildren(side ? emptyTable(side, side) : "");
    body.classList.toggle("tiny", side > MANY);
    body.dataset.kind = side;
  }
  all("td", body).forEach((cell, i) => {
    cell.textContent = number(values[i]);
    cell.classList.toggle("padding", isPadding(i));
    cell.classList.toggle("dropped", dropped(i));
    cell.classList.toggle("windowed", windowed(i));
    cell.dataset.role = name;
  });
}

function formulas({ reach, before, after, span, result, unseen }) {
  const { size, stride, depth, filters, groups } = chosenSizes;
  const lines = [];
  const top = `${size} + ${before} + ${after} − ${reachText()}`;
  if (span < 0) lines.push(say("tooSmall", { reach, size: size + before + after }));
  else {
    const exact = span / stride + 1;
    lines.push(`⌊(${top}) / ${stride}⌋ + 1 = ${result}`);
    if (!Number.isInteger(exact)) lines.push(say("doesNotFit", { exact: number(exact) }));
    if (unseen) lines.push(say(unseen === 1 ? "oneUnseen" : "unseen", { count: unseen }));
  }
  if (depth % groups || filters % groups) return [...lines, say("noGroups", { groups, depth, filters })];
  return [...lines, ...costs(groups, result)];
}

/** How far the kernel reaches, in numbers. */
function reachText({ kernelSize, dilation } = chosenSizes) {
  return dilation > 1 ? `(${dilation}·(${kernelSize} − 1) + 1)` : String(kernelSize);
}

/** The parameters, and the MACs of a kernel that is applied `side` times along each axis. */
function costs(groups, side) {
  const { kernelSize, depth, filters } = chosenSizes;
  const weights = kernelSize ** 2 * (depth / groups) * filters;
  const inner = groups > 1 ? `${depth}/${groups}` : depth;
  return [
    `${say("parameters")}: ${kernelSize}·${kernelSize}·${inner}·${filters} + ${filters} = ${count(weights + filters)}`,
    `${say("macs")}: ${side}·${side}·${count(weights)} = ${count(side ** 2 * weights)}`,
  ];
}

function groupText(depth, filters, groups) {
  const span = (start, length) => (length === 1 ? String(start) : `${start}–${start + length - 1}`);
  const [into, out] = [depth / groups, filters / groups];
  return Array.from({ length: groups }, (_, nth) => say("groupIs", { channels: span(nth * into, into), filters: span(nth * out, out) })).join("; ");
}

/** A labeled line of controls. */
const sliderLine = (name, id, ...controls) => make("p", { class: "slider" }, make("label", { for: id }, say(name)), ...controls);

function choice(id, name, names, chosen, choose) {
  const options = names.map((one) => make("option", { value: one }, say(`${name}_${one}`)));
  const select = make("select", { id, onchange: (event) => { choose(event.target.value); drawSliders(); } }, options);
  select.value = chosen;
  return sliderLine(name, id, select);
}

function slider([name, low, high]) {
  const id = `slider-${name}`;
  const told = make("output", { for: id }, String(chosenSizes[name]));
  const range = make("input", { type: "range", id, min: low, max: high, value: chosenSizes[name] });
  range.disabled = name === "padding" && rule !== "number";
  range.addEventListener("input", () => {
    chosenSizes[name] = Number(range.value);
    told.textContent = range.value;
    drawSizes();
  });
  return sliderLine(name, id, range, told);
}

/** Make the controls that the operation has; the focus stays where it is. */
function drawSliders() {
  const focused = document.activeElement.id;
  if (isTransposed()) chosenSizes.size = Math.min(chosenSizes.size, SMALL);
  const routes = ROUTES
    .filter(([name]) => name !== "groups" || !isTransposed()) // Keras's have none
    .map(([name, low, high]) => [name, low, name === "size" && isTransposed() ? SMALL : high]);
  const rows = routes.map(slider);
  const at = routes.findIndex(([name]) => name === "padding");
  rows.splice(at, 0, choice("padding-rule", "rule", RULES, rule, (value) => { rule = value; }));
  find("#sliders").replaceChildren(
    choice("operation", "operation", OPERATIONS, operation, (value) => { operation = value; }),
    ...rows,
    make("p", { id: "group-text", class: "hint" }),
  );
  if (focused) document.getElementById(focused)?.focus();
  drawSizes();
}

function prepareSizes() {
  find("#play-grids").append(...Object.values(plays));
  find("#position").addEventListener("input", (event) => {
    step = Number(event.target.value);
    drawSizes();
  });
  drawSliders();
}

on("tab", drawSizes);
on("language", drawSliders);
