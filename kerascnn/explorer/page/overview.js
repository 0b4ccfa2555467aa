// All layers with their maps, in the places and colors of `plots.architecture`.
"use strict";
const LARGEST = 84; // CSS pixels of the largest maps; others are smaller as the root of their side
const CELL = 7; // CSS pixels of a value of a vector
const SMALLEST = 24; // CSS pixels to which maps are made smaller if there are many
const TALL = 280; // CSS pixels that the maps of a layer may fill; less if branches lie below it
const WIDE = 230;
const MOST = 32; // maps of a layer that are drawn; the others are shown with the layer's details
const LONG = 24; // layers; of longer networks only the main ones are shown at first
const MINOR = ["activation", "normalization", "dropout", "reshape", "resize"];
const ARC = 44; // CSS pixels that an edge over other layers rises

const ZOOMS = [1, 0.92, 0.84, 0.76, 0.68, 0.6, 0.54, 1]; // tried in turn; the last one scrolls

const cards = new Map(); // by node id
let zoom = 1;
const foldedBlocks = new Set();
const blockOf = (node) => node.place?.block ?? null;
const blocks = [...new Set(model.nodes.map(blockOf).filter((name) => name !== null))];
let mainOnly = model.nodes.length > LONG;

const isOutput = (node) => model.outputs.some((one) => one.node === node.id);
const isInput = (node) => model.inputs.some((one) => one.node === node.id);

function isHidden(node) {
  if (foldedBlocks.has(blockOf(node))) return node !== model.nodes.findLast((one) => blockOf(one) === blockOf(node));
  return mainOnly && MINOR.includes(node.group) && !isOutput(node);
}

const lanes = Math.max(...model.nodes.map(({ place: at }) => (at?.row ?? 0) + 1));
const tallest = lanes > 1 ? Math.max(TALL / 2, (1.6 * TALL) / lanes) : TALL;
const largestSide = Math.max(...model.nodes.map(({ shape }) => Math.max(...volumeOf(shape).slice(0, 2))));

/** The few values of an answer are drawn larger. */
const cellOf = (channels) => (channels <= 16 ? 2 * CELL : CELL);

/** How a layer's maps are laid out: how many are shown, in how many columns, how much enlarged. */
function planOf(node) {
  const [height, width, channels] = volumeOf(node.shape);
  const single = height === 1 && width === 1;
  const shown = single ? Math.min(channels, 256) : Math.min(channels, MOST);
  const longest = Math.max(height, width);
  const space = single ? 0 : 3; // CSS pixels between maps
  let side = LARGEST * Math.sqrt(longest / largestSide);
  let scale, columns;
  do { // smaller, until all maps fit
    scale = single ? cellOf(channels) : Math.max(side / longest, 1);
    columns = Math.ceil(shown / Math.max(1, Math.floor(tallest / (height * scale + space))));
    side -= 4;
  } while (!single && columns * (width * scale + space) > WIDE && side > SMALLEST);
  if (!single && shown % columns && shown % (columns + 1) === 0) columns += 1; // all rows are full
  return { height, width, channels, scale, shown, columns, gap: single ? 0 : Math.max(1, Math.round(3 / scale)) };
}

function makeCard(node) {
  const plan = planOf(node);
  const { text, color } = looks.groups[node.group] ?? looks.groups.other;
  const canvas = make("canvas", { class: "maps", role: "img" });
  const mark = make("span", { class: "mark", hidden: true });
  const open = make("button", { type: "button", class: "layer-open", title: `${node.name}: ${node.kind}`, onclick: () => openLayer(node) },
    make("b", {}, node.name), make("span", {}, node.kind));
  const fold = make("button", { type: "button", class: "layer-fold", "aria-expanded": "true" });
  const head = make("div", { class: "layer-head" }, open, fold);
  const maps = make("div", { class: "layer-maps" }, canvas, mark);
  const item = make("li", { class: "layer" }, head, make("p", { class: "layer-shape" }, shapeText(node.shape)), maps);
  const more = plan.channels - plan.shown;
  if (more > 0) item.append(make("p", { class: "layer-more" }, `+ ${more}`));
  [head.style.backgroundColor, head.style.color] = [color, text];
  item.style.gridColumn = String((node.place?.column ?? 0) + 1);
  item.style.gridRow = String((node.place?.row ?? 0) + 1);
  fold.addEventListener("click", () => {
    maps.hidden = !maps.hidden;
    drawCard(card);
    labelCard(card);
    drawEdges();
  });
  canvas.addEventListener("click", (event) => {
    const spot = spotOf(event, canvas, plan);
    if (spot) openLayer(node, spot.map, spot.y, spot.x);
  });
  const card = { node, plan, item, canvas, mark, maps, fold, seen: true };
  return card;
}

/** Which value of a layer lies under the mouse. */
function spotOf(event, canvas, { height, width, columns, shown, gap }) {
  const box = canvas.getBoundingClientRect();
  const [x, y] = [
    ((event.clientX - box.left) / box.width) * canvas.width,
    ((event.clientY - box.top) / box.height) * canvas.height,
  ];
  const [column, row] = [Math.floor(x / (width + gap)), Math.floor(y / (height + gap))];
  const spot = { map: row * columns + column, y: Math.floor(y - row * (height + gap)), x: Math.floor(x - column * (width + gap)) };
  return column < columns && spot.map < shown && spot.y < height && spot.x < width ? spot : null;
}

function drawCard(card) {
  if (!card.seen || card.maps.hidden || card.item.hidden) return;
  const { node, plan, canvas } = card;
  const values = state.values[node.id];
  const map = isInput(node) && plan.channels !== 2 ? null : maps.sequential;
  if (!map && plan.channels === 3) drawPicture(canvas, values, [plan.height, plan.width, 3], rangeOf(values));
  else drawMaps(canvas, values, [plan.height, plan.width, plan.channels], { ...plan, map: map ?? maps.gray });
  if (!canvas.style.width) enlarge(card);
}

function enlarge({ canvas, plan }) {
  canvas.style.width = `${canvas.width * plan.scale * zoom}px`;
}

/** Draw all layers a little smaller where that is enough to show them side by side. */
function fit() {
  const room = find(".scroller").clientWidth - 8; // less the plane's padding
  for (zoom of ZOOMS) {
    for (const card of cards.values()) enlarge(card);
    if (find("#layers").offsetWidth <= room) break;
  }
  drawEdges();
}

function markCard({ node, plan, canvas, mark, item }) {
  const isChosen = state.node === node;
  item.classList.toggle("chosen", isChosen);
  mark.hidden = !isChosen || state.map >= plan.shown || (isInput(node) && plan.channels === 3);
  if (mark.hidden) return;
  const [column, row] = [state.map % plan.columns, Math.floor(state.map / plan.columns)];
  const unit = (cells, all_) => `${(100 * cells) / all_}%`;
  const { width, height, gap } = plan;
  mark.style.left = unit(column * (width + gap), canvas.width);
  mark.style.top = unit(row * (height + gap), canvas.height);
  mark.style.width = unit(width, canvas.width);
  mark.style.height = unit(height, canvas.height);
}

function labelCard({ node, plan, canvas, maps, fold, item }) {
  const [height, width, channels] = volumeOf(node.shape);
  const values = { name: node.name, count: channels, height, width };
  canvas.setAttribute("aria-label", say(height * width === 1 ? "vectorAlt" : "mapsAlt", values));
  fold.setAttribute("aria-expanded", !maps.hidden);
  fold.setAttribute("aria-label", say(maps.hidden ? "unfoldLayer" : "foldLayer", values));
  const more = find(".layer-more", item);
  if (more) more.title = say("moreMaps", { count: channels - plan.shown });
}

// -- edges -------------------------------------------------------------------------------------------

/** The shown nodes that a node gets its values from, through those that are hidden. */
function sources(node) {
  return [...new Set(node.inputs.flatMap((id) => (isHidden(nodes.get(id)) ? sources(nodes.get(id)) : [id])))];
}

function drawEdges() {
  const svg = find("#edges");
  const list = find("#layers");
  svg.setAttribute("width", list.scrollWidth);
  svg.setAttribute("height", list.scrollHeight);
  const paths = [];
  for (const { node, item } of cards.values()) {
    if (item.hidden) continue;
    for (const id of sources(node)) paths.push(edge(cards.get(id).item, item));
  }
  svg.replaceChildren(find("defs", svg), ...paths);
}

function edge(from, to) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const between = all(".layer:not([hidden])").some((one) =>
    one.offsetLeft > from.offsetLeft && one.offsetLeft < to.offsetLeft && one.style.gridRow === from.style.gridRow);
  if (between && from.style.gridRow === to.style.gridRow) { // over the layers between
    const [x1, x2] = [from.offsetLeft + from.offsetWidth - 12, to.offsetLeft + 12];
    const top = Math.max(4, Math.min(from.offsetTop, to.offsetTop) - ARC);
    path.setAttribute("d", `M${x1} ${from.offsetTop} C${x1} ${top} ${x1} ${top} ${x1 + 24} ${top} L${x2 - 24} ${top} C${x2} ${top} ${x2} ${top} ${x2} ${to.offsetTop - 2}`);
  } else {
    const [x1, y1] = [from.offsetLeft + from.offsetWidth, from.offsetTop + from.offsetHeight / 2];
    const [x2, y2] = [to.offsetLeft - 2, to.offsetTop + to.offsetHeight / 2];
    const bend = Math.max(10, (x2 - x1) / 2);
    path.setAttribute("d", `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
  }
  return path;
}

// -- all of it -----------------------------------------------------------------------------------------

function arrange() {
  for (const card of cards.values()) {
    card.item.hidden = isHidden(card.node);
    labelCard(card);
  }
  if (state.values) drawCards();
  fit();
  find("#main-only").checked = mainOnly;
  find("#main-only").closest("label").hidden = !model.nodes.some((node) => MINOR.includes(node.group) && !isOutput(node));
  find("#blocks").replaceChildren(...blocks.map((name) =>
    make("button", { type: "button", "aria-expanded": String(!foldedBlocks.has(name)), onclick: () => foldBlock(name) }, name)));
}

function foldBlock(name) {
  if (!foldedBlocks.delete(name)) foldedBlocks.add(name);
  arrange();
  all("#blocks button").find((one) => one.textContent === name).focus();
}

function drawCards() {
  for (const card of cards.values()) drawCard(card);
}

function prepareOverview() {
  for (const node of model.nodes) cards.set(node.id, makeCard(node));
  find("#layers").classList.toggle("branched", lanes > 1);
  find("#layers").append(...[...cards.values()].map((card) => card.item));
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const card = [...cards.values()].find((one) => one.item === entry.target);
      card.seen = entry.isIntersecting;
      if (state.values) drawCard(card);
    }
  }, { rootMargin: "300px" });
  for (const { item } of cards.values()) watcher.observe(item);
  new ResizeObserver(drawEdges).observe(find("#layers"));
  new ResizeObserver(fit).observe(find(".scroller"));
  find("#main-only").addEventListener("change", (event) => {
    mainOnly = event.target.checked;
    arrange();
  });
  drawKey();
  drawAbout();
}

function drawKey() {
  const used = [...new Set(model.nodes.map((node) => (looks.groups[node.group] ? node.group : "other")))];
  find("#key").replaceChildren(
    ...used.map((group) => {
      const swatch = make("span", { class: "swatch" });
      swatch.style.backgroundColor = looks.groups[group].color;
      return make("li", {}, swatch, looks.groups[group].label[root.lang]);
    }),
    scale(maps.sequential, "keyLow", "keyHigh"),
    scale(maps.signed, "keyNegative", "keyPositive"),
  );
}

function scale(map, low, high) {
  const canvas = make("canvas", { class: "scale", "aria-hidden": "true" });
  drawMaps(canvas, Float32Array.from({ length: 64 }, (_, i) => i), [1, 64, 1], { columns: 1, shown: 1, range: [0, 64], map });
  return make("li", {}, say(low), canvas, say(high));
}

on("values", drawCards);
on("selected", () => { for (const card of cards.values()) markCard(card); });
/** What is stored of the network, and how much its answers change by that. */
function drawAbout() {
  const parts = [say("about", { count: count(model.parameters) })];
  for (const [what, { largest_change: change, pictures }] of Object.entries(model.measured ?? {})) {
    const key = what === "checkpoints" ? "epochsChange" : "storedChange";
    parts.push(say(key, { type: what, change: number(change, 2), count: pictures }));
  }
  find("#about").textContent = parts.join(" ");
}

on("language", () => { drawKey(); drawAbout(); arrange(); });
