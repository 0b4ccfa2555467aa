// Drawings and photos of digits in MNIST's convention: bright strokes that fit a 20x20 box, with
// their center of mass at the center of a 28x28 field. The same steps as in Python,
// kerascnn/datasets/_mnist_convention.py, which tells their sources.
"use strict";
const MNIST = {
  SIZE: 28, BOX: 20, CENTER: 14, TIE: 1e-3, INK: 0.5, EDGE: 0.5, FRAME: 0.05, GROUND: 0.05, FITS: 4,
};

/** Convert a gray picture in [0, 1], at least 96 pixels large, to 784 values. */
function toMnist(gray, height, width) {
  const ink = outlines(inkOf(gray, height, width));
  const field = new Float32Array(MNIST.SIZE ** 2);
  const box = extentOf(ink, height, width);
  if (!box) return field;
  const longer = Math.max(box.bottom - box.top, box.right - box.left);
  const tall = Math.max(1, roundHalfEven((MNIST.BOX * (box.bottom - box.top)) / longer));
  const wide = Math.max(1, roundHalfEven((MNIST.BOX * (box.right - box.left)) / longer));
  const digit = shrink(ink, width, box, tall, wide);
  const peak = largestOf(digit);
  const [rows, columns] = [new Float64Array(tall), new Float64Array(wide)];
  digit.forEach((value, i) => {
    rows[Math.floor(i / wide)] += value;
    columns[i % wide] += value;
  });
  const [top, left] = [offsetOf(rows), offsetOf(columns)];
  digit.forEach((value, i) => {
    field[(top + Math.floor(i / wide)) * MNIST.SIZE + left + (i % wide)] = value / peak;
  });
  return field;
}

/** Round as Python does: halves to the even number. */
function roundHalfEven(value) {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}

/** Where a profile of ink starts if its center of mass is at the field's center. */
function offsetOf(profile) {
  let [sum, moment] = [0, 0];
  profile.forEach((value, i) => { sum += value; moment += value * i; });
  const start = roundHalfEven(MNIST.CENTER - moment / sum + MNIST.TIE);
  return Math.min(Math.max(start, 0), MNIST.SIZE - profile.length);
}

/** Average the pixels of a box over equal areas. */
function shrink(values, width, { top, bottom, left, right }, tall, wide) {
  const across = new Float64Array((bottom - top) * wide);
  const weights = areas(left, right, wide);
  for (let y = top; y < bottom; y++) {
    for (const [cell, pixel, part] of weights) {
      across[(y - top) * wide + cell] += part * values[y * width + pixel];
    }
  }
  const result = new Float32Array(tall * wide);
  for (const [cell, pixel, part] of areas(0, bottom - top, tall)) {
    for (let x = 0; x < wide; x++) result[cell * wide + x] += part * across[pixel * wide + x];
  }
  return result;
}

/** Which part each pixel has in the average of each cell: [cell, pixel, part]. */
function areas(start, stop, cells) {
  const found = [];
  for (let cell = 0; cell < cells; cell++) {
    const [low, high] = [0, 1].map((end) => start + ((stop - start) * (cell + end)) / cells);
    for (let pixel = Math.floor(low); pixel < high; pixel++) {
      const part = Math.min(high, pixel + 1) - Math.max(low, pixel);
      if (part > 1e-9) found.push([cell, pixel, (part * cells) / (stop - start)]);
    }
  }
  return found;
}

/** The rows and columns that have ink; null if there is none. */
function extentOf(ink, height, width) {
  let top = height, bottom = 0, left = width, right = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (ink[i] <= 0) continue;
      if (y < top) top = y;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      bottom = y + 1;
    }
  }
  return bottom > top ? { top, bottom, left, right } : null;
}

function largestOf(values) {
  let largest = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > largest) largest = values[i];
  return largest;
}

/** Sharpen the outlines of strokes: paper is 0 and ink is 1. */
function outlines(ink) {
  const peak = largestOf(ink);
  if (!peak) return ink;
  const sharp = new Float32Array(ink.length);
  for (let i = 0; i < ink.length; i++) {
    const level = (ink[i] / peak - MNIST.INK) / MNIST.EDGE + 0.5;
    if (level > 0) sharp[i] = level < 1 ? level : 1;
  }
  return sharp;
}

// -- ink of either color on a ground that is lit unevenly -------------------------------------------

/** What stands out from the ground of a picture, from 0 on. */
function inkOf(gray, height, width) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < gray.length; i++) {
    if (gray[i] < low) low = gray[i];
    if (gray[i] > high) high = gray[i];
  }
  const ground = groundOf(gray, height, width);
  const isBright = ground > (low + high) / 2;
  if (!isBright && ground <= MNIST.GROUND * high) return gray;
  const above = new Float32Array(gray.length);
  let paper = new Uint8Array(gray.length).fill(1);
  for (let fit = 0; fit < MNIST.FITS; fit++) {
    const surface = fitted(gray, paper, height, width);
    let peak = 0;
    for (let i = 0; i < gray.length; i++) {
      above[i] = Math.max((isBright ? -1 : 1) * (gray[i] - surface(i)), 0);
      peak = Math.max(peak, above[i]);
    }
    paper = paper.map((_, i) => (above[i] <= peak / 3 ? 1 : 0)); // the rest is ink and its edges
  }
  return above;
}

/** The brightness of a picture's edges: their median. */
function groundOf(gray, height, width) {
  const [rows, columns] = [height, width].map((side) => Math.max(1, roundHalfEven(MNIST.FRAME * side)));
  const edges = [];
  for (let y = 0; y < height; y++) {
    const inner = y >= rows && y < height - rows;
    for (let x = 0; x < width; x++) {
      if (inner && x === columns) x = Math.max(x, width - columns); // on to the right edge
      if (x < width) edges.push(gray[y * width + x]);
    }
  }
  edges.sort((one, other) => one - other);
  const middle = edges.length >> 1;
  return edges.length % 2 ? edges[middle] : (edges[middle - 1] + edges[middle]) / 2;
}

/** Fit a quadratic surface to the paper: least squares by the normal equations. */
function fitted(gray, paper, height, width) {
  const longer = Math.max(height, width);
  const terms = (i) => {
    const [y, x] = [Math.floor(i / width) / longer, (i % width) / longer];
    return [1, x, y, x * x, x * y, y * y];
  };
  const rows = Array.from({ length: 6 }, () => new Float64Array(7)); // the matrix and its right side
  for (let i = 0; i < gray.length; i++) {
    if (!paper[i]) continue;
    const t = terms(i);
    for (let a = 0; a < 6; a++) {
      for (let b = 0; b < 6; b++) rows[a][b] += t[a] * t[b];
      rows[a][6] += t[a] * gray[i];
    }
  }
  const solution = solved(rows);
  return (i) => terms(i).reduce((sum, term, nth) => sum + term * solution[nth], 0);
}

/** Solve linear equations by Gauss's elimination; unknowns that are free are 0. */
function solved(rows) {
  const n = rows.length;
  for (let k = 0; k < n; k++) {
    const best = [...rows.keys()].slice(k).reduce((a, b) => (Math.abs(rows[b][k]) > Math.abs(rows[a][k]) ? b : a));
    [rows[k], rows[best]] = [rows[best], rows[k]];
    if (Math.abs(rows[k][k]) < 1e-9) continue;
    for (let r = 0; r < n; r++) {
      const factor = r === k ? 0 : rows[r][k] / rows[k][k];
      for (let c = k; factor && c <= n; c++) rows[r][c] -= factor * rows[k][c];
    }
  }
  return rows.map((row, k) => (Math.abs(row[k]) < 1e-9 ? 0 : row[n] / row[k]));
}
