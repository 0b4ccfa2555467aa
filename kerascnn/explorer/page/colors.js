// From numbers to pictures: color maps, and arrays as canvases.
"use strict";

/** Read a color map: 256 colors of three bytes, as base64, to 256 pixels. */
function colorMap(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const pixels = new Uint8ClampedArray(1024);
  for (let i = 0; i < 256; i++) pixels.set([bytes[3 * i], bytes[3 * i + 1], bytes[3 * i + 2], 255], 4 * i);
  return new Uint32Array(pixels.buffer);
}
const maps = Object.fromEntries(Object.entries(looks.maps).map(([name, text]) => [name, colorMap(text)]));
const role = (name) => looks.roles[name][isDark() ? 1 : 0];

/** The range of an activation's colors: from 0, or from its smallest value if that is negative. */
function rangeOf(values) {
  let [low, high] = [0, 0];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high > low ? high : low + 1];
}
/** The range of a filter's colors: 0 is in the middle. */
function rangeAround0(values) {
  let limit = 0;
  for (const value of values) limit = Math.max(limit, Math.abs(value));
  return [-(limit || 1), limit || 1];
}

function colorOf(value, [low, high], map) {
  const pixel = map[Math.min(255, Math.max(0, Math.floor(((value - low) / (high - low)) * 256)))];
  return [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
}
const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;
/** Black or white, whichever is easier to read on a color (WCAG 2). */
function readableOn(rgb) {
  const linear = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) ? "black" : "white";
}

/** Heights, widths and channels of an output: vectors are columns of single values. */
function volumeOf(shape) {
  if (shape.length === 3) return shape;
  if (shape.length === 2) return [shape[0], 1, shape[1]];
  return [1, 1, shape.reduce((product, size) => product * size, 1)];
}

/**
 * Draw the maps `from` … `from + maps` of an output side by side, one pixel for each value.
 * The canvas is enlarged by CSS, so drawing costs no more than the values themselves.
 */
function drawMaps(canvas, values, [height, width, channels], options) {
  const { columns, shown, range, map = maps.sequential, gap = 1, order = null } = options;
  const rows = Math.ceil(shown / columns);
  const [wide, tall] = [columns * (width + gap) - gap, rows * (height + gap) - gap];
  if (canvas.width !== wide || canvas.height !== tall || !canvas.pixels) {
    [canvas.width, canvas.height] = [wide, tall];
    canvas.context = canvas.getContext("2d");
    canvas.picture = canvas.context.createImageData(wide, tall);
    canvas.pixels = new Uint32Array(canvas.picture.data.buffer);
  }
  const { pixels } = canvas;
  const [low, high] = range ?? rangeOf(values);
  const scale = 256 / (high - low);
  pixels.fill(0);
  for (let nth = 0; nth < shown; nth++) {
    const channel = order ? order[nth] : nth;
    const corner = Math.floor(nth / columns) * (height + gap) * wide + (nth % columns) * (width + gap);
    for (let y = 0; y < height; y++) {
      let [to, from] = [corner + y * wide, y * width * channels + channel];
      for (let x = 0; x < width; x++, from += channels) {
        const level = ((values[from] - low) * scale) | 0;
        pixels[to++] = map[level < 0 ? 0 : level > 255 ? 255 : level];
      }
    }
  }
  canvas.context.putImageData(canvas.picture, 0, 0);
}

/** Draw a picture (h, w, 1 or 3) with values in a range, in gray or color. */
function drawPicture(canvas, values, [height, width, channels], [low, high]) {
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) {
      const value = values[i * channels + (channels >= 3 ? c : 0)];
      picture.data[4 * i + c] = (255 * (value - low)) / (high - low);
    }
    picture.data[4 * i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}
