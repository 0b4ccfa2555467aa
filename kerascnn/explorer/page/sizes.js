// The size of a convolution's output: sliders, the formula in numbers, and the window on its input.
"use strict";
const ROUTES = [ // name, smallest, largest, at first
  ["size", 1, 9, 7], ["kernelSize", 1, 5, 3], ["stride", 1, 4, 1], ["padding", 0, 3, 0],
  ["dilation", 1, 3, 1], ["depth", 1, 12, 4], ["filters", 1, 12, 4], ["groups", 1, 12, 1],
];
const chosenSizes = Object.fromEntries(ROUTES.map(([name, , , first]) => [name, first]));
let rule = "number"; // of the padding: "number", "valid" or "same"
let step = 0;

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

const plays = { input: makeGrid(""), kernel: makeGrid(""), output: makeGrid("") };

function drawSizes() {
  if (find("#view-sizes").hidden) return;
  const sizes = arithmetic(chosenSizes);
  const { size, kernelSize, stride, dilation, depth, filters, groups } = chosenSizes;
  find("#size-formula").replaceChildren(...formulas(sizes));
  const fits = sizes.result > 0;
  const total = sizes.result ** 2;
  step = Math.min(step, Math.max(0, total - 1));
  const position = find("#position");
  [position.max, position.value, position.disabled] = [Math.max(0, total - 1), step, !fits];
  position.nextElementSibling.textContent = fits ? say("stepOf", { step: step + 1, count: total }) : "";
  const [row, column] = fits ? [Math.floor(step / sizes.result), step % sizes.result] : [0, 0];
  const padded = size + sizes.before + sizes.after;
  const at = (i) => [Math.floor(i / padded) - sizes.before, (i % padded) - sizes.before];
  const isPadding = (i) => at(i).some((place) => place < 0 || place >= size);
  const taps = (start) => new Set(Array.from({ length: kernelSize }, (_, k) => start * stride - sizes.before + k * dilation));
  const [rows, columns] = [taps(row), taps(column)];
  const windowed = (i) => fits && rows.has(at(i)[0]) && columns.has(at(i)[1]);
  const dropped = (i) => !isPadding(i) && at(i).some((place) => place >= size - sizes.unseen);
  const values = Array.from({ length: padded ** 2 }, (_, i) => (isPadding(i) ? 0 : inputNumber(...at(i))));
  const kernel = Array.from({ length: kernelSize ** 2 }, (_, i) => kernelNumber(Math.floor(i / kernelSize), i % kernelSize));
  const computed = (r, c) => [...taps(r)].reduce((sum, y, i) => sum + [...taps(c)].reduce((part, x, j) => {
    const inside = y >= 0 && x >= 0 && y < size && x < size;
    return part + (inside ? inputNumber(y, x) * kernelNumber(i, j) : 0);
  }, 0), 0);
  const results = Array.from({ length: total }, (_, i) => computed(Math.floor(i / sizes.result), i % sizes.result));
  fillPlain(plays.input, values, padded, say("inputSize", { size }), { isPadding, windowed, dropped, role: "window" });
  fillPlain(plays.kernel, kernel, kernelSize, say("kernel"), { role: "kernel", windowed: () => true });
  fillPlain(plays.output, results, sizes.result, say("outputSize", { size: sizes.result }), { windowed: (i) => i === step, role: "window" });
  find("#group-text").textContent = depth % groups || filters % groups ? "" : groupText(depth, filters, groups);
}

function fillPlain(figure, values, side, caption, { isPadding = () => false, windowed = () => false, dropped = () => false, role: name }) {
  const body = find(".grid-body", figure);
  find("figcaption", figure).textContent = caption;
  if (body.dataset.kind !== String(side)) {
    body.replaceChildren(side ? emptyTable(side, side) : "");
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
  const { size, kernelSize, stride, dilation, depth, filters, groups } = chosenSizes;
  const lines = [];
  const top = `${size} + ${before} + ${after} − ${dilation > 1 ? `(${dilation}·(${kernelSize} − 1) + 1)` : kernelSize}`;
  if (span < 0) lines.push(say("tooSmall", { reach, size: size + before + after }));
  else {
    const exact = span / stride + 1;
    lines.push(`⌊(${top}) / ${stride}⌋ + 1 = ${result}`);
    if (!Number.isInteger(exact)) lines.push(say("doesNotFit", { exact: number(exact) }));
    if (unseen) lines.push(say(unseen === 1 ? "oneUnseen" : "unseen", { count: unseen }));
  }
  if (depth % groups || filters % groups) lines.push(say("noGroups", { groups, depth, filters }));
  else {
    const weights = kernelSize ** 2 * (depth / groups) * filters;
    const inner = groups > 1 ? `${depth}/${groups}` : depth;
    lines.push(`${say("parameters")}: ${kernelSize}·${kernelSize}·${inner}·${filters} + ${filters} = ${count(weights + filters)}`);
    lines.push(`${say("macs")}: ${result}·${result}·${count(weights)} = ${count(result ** 2 * weights)}`);
  }
  return lines.map((line) => make("span", { class: "formula-line" }, line));
}

function groupText(depth, filters, groups) {
  const span = (start, length) => (length === 1 ? String(start) : `${start}–${start + length - 1}`);
  const [into, out] = [depth / groups, filters / groups];
  return Array.from({ length: groups }, (_, nth) => say("groupIs", { channels: span(nth * into, into), filters: span(nth * out, out) })).join("; ");
}

function drawSliders() {
  const rules = ["number", "valid", "same"].map((name) => make("option", { value: name }, say(`rule_${name}`)));
  const choice = make("select", { id: "padding-rule", onchange: (event) => { rule = event.target.value; redraw(); } }, rules);
  choice.value = rule;
  const redraw = () => {
    find("#slider-padding").disabled = rule !== "number";
    drawSizes();
  };
  find("#sliders").replaceChildren(
    ...ROUTES.map(([name, low, high]) => {
      const told = make("output", { for: `slider-${name}` }, String(chosenSizes[name]));
      const slider = make("input", { type: "range", id: `slider-${name}`, min: low, max: high, value: chosenSizes[name] });
      slider.addEventListener("input", () => {
        chosenSizes[name] = Number(slider.value);
        told.textContent = slider.value;
        drawSizes();
      });
      const row = make("p", { class: "slider" }, make("label", { for: `slider-${name}` }, say(name)), slider, told);
      return name === "padding" ? [make("p", { class: "slider" }, make("label", { for: "padding-rule" }, say("paddingRule")), choice), row] : row;
    }).flat(),
    make("p", { id: "group-text", class: "hint" }),
  );
  redraw();
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
on("language", () => { drawSliders(); drawSizes(); });
