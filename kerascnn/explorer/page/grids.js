// Tables of numbers with colors, and pictures with a window on them.
"use strict";
const FINE = 224; // pixels of an overlay
const NUMBERS = 121; // cells: larger tables are shown as pictures

/** Make an empty table of numbers, which `fillGrid` fills; a picture where it would be too large. */
function makeGrid(caption) {
  return make("figure", { class: "grid" }, make("figcaption", {}, caption), make("div", { class: "grid-body" }));
}

/**
 * Fill a grid with values (rows × columns); undefined ones stay blank.
 * Cells are reused, as this happens with every stroke.
 */
function fillGrid(figure, values, rows, columns, options = {}) {
  const { caption, range = rangeAround0(values.filter(Number.isFinite)), map = maps.signed } = options;
  if (caption) find("figcaption", figure).textContent = caption;
  const body = find(".grid-body", figure);
  const kind = rows * columns > NUMBERS ? "picture" : `${rows} ${columns}`;
  if (body.dataset.kind !== kind) {
    body.dataset.kind = kind;
    body.replaceChildren(kind === "picture" ? make("canvas", { role: "img" }) : emptyTable(rows, columns));
  }
  if (kind === "picture") {
    const canvas = find("canvas", body);
    drawMaps(canvas, values, [rows, columns, 1], { columns: 1, shown: 1, range, map });
    return canvas.setAttribute("aria-label", find("figcaption", figure).textContent);
  }
  const { padding = () => false, marked = () => false } = options;
  return all("td", body).forEach((cell, i) => fillCell(cell, values[i], range, map, padding(i), marked(i)));
}

function emptyTable(rows, columns) {
  const row = () => make("tr", {}, Array.from({ length: columns }, () => make("td")));
  const table = make("table", {}, make("tbody", {}, Array.from({ length: rows }, row)));
  table.classList.toggle("small", columns > 5);
  return table;
}

function fillCell(cell, value, range, map, isPadding, isMarked) {
  const isBlank = value === undefined;
  const text = isBlank ? "" : isPadding && !Number.isFinite(value) ? "" : number(value, 2);
  if (cell.textContent !== text) cell.textContent = text;
  cell.classList.toggle("blank", isBlank);
  cell.classList.toggle("padding", isPadding);
  cell.classList.toggle("marked", isMarked);
  if (isBlank || isPadding) [cell.style.backgroundColor, cell.style.color] = ["", ""];
  else {
    const color = colorOf(value, range, map);
    [cell.style.backgroundColor, cell.style.color] = [css(color), readableOn(color)];
  }
}

// -- a map with the window of a value on it, and its padding ------------------------------------------

const NO_PADDING = { top: 0, bottom: 0, left: 0, right: 0 };

/** Draw one map into a picture; its padding is hatched, and a window is outlined. */
function fillPicture(id, values, [height, width, channels], options = {}) {
  const { pad = NO_PADDING, window = null, range, map = maps.sequential, label, columns = 1, shown = 1 } = options;
  const box = find(`#${id} .picture`);
  const canvas = find("canvas", box);
  if (options.picture) drawPicture(canvas, values, [height, width, channels], range ?? rangeOf(values));
  else drawMaps(canvas, values, [height, width, channels], { columns, shown, range, map });
  const [tall, wide] = [canvas.height + pad.top + pad.bottom, canvas.width + pad.left + pad.right];
  box.style.aspectRatio = `${wide} / ${tall}`;
  box.style.setProperty("--wide", Math.min(1, wide / tall));
  canvas.style.left = `${(100 * pad.left) / wide}%`;
  canvas.style.top = `${(100 * pad.top) / tall}%`;
  canvas.style.width = `${(100 * canvas.width) / wide}%`;
  canvas.style.height = `${(100 * canvas.height) / tall}%`;
  if (label) canvas.setAttribute("aria-label", label);
  const outline = find(".window", box);
  outline.hidden = !window;
  if (!window) return;
  outline.style.left = `${(100 * (window.left + pad.left)) / wide}%`;
  outline.style.top = `${(100 * (window.top + pad.top)) / tall}%`;
  outline.style.width = `${(100 * (window.right - window.left)) / wide}%`;
  outline.style.height = `${(100 * (window.bottom - window.top)) / tall}%`;
}

/** Draw an input as a picture of its own, one pixel for each value. */
function inputCanvas(node, values) {
  const [tall, wide, channels] = volumeOf(node.shape);
  const canvas = make("canvas");
  if (channels === 3) drawPicture(canvas, values, [tall, wide, 3], rangeOf(values));
  else drawMaps(canvas, values, [tall, wide, channels], { columns: 1, shown: 1, map: maps.gray });
  return canvas;
}

/** Draw the picture that an input shows, in gray or color. */
function fillInput(id, node, values, options = {}) {
  const [height, width, channels] = volumeOf(node.shape);
  const isColor = channels === 3;
  fillPicture(id, values, [height, width, channels], { map: maps.gray, ...options, picture: isColor });
}
