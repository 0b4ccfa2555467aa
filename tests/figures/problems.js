// What WCAG 2 would find on the page as it is: text of too little contrast, controls without a
// name, pictures without an alt text, and scrolling sideways.
() => {
  const numbers = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) =>
    0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const ground = (node) => {
    if (!node) return [255, 255, 255];
    const color = numbers(getComputedStyle(node).backgroundColor); // four numbers: transparent
    return color.length === 3 ? color : ground(node.parentElement);
  };
  const contrast = (node) => {
    const [low, high] = [luminance(numbers(getComputedStyle(node).color)), luminance(ground(node))]
      .sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const all = (selector) =>
    [...document.querySelectorAll(selector)].filter((node) => node.checkVisibility());
  const speaks = (node) => [...node.childNodes].some((part) => part.nodeType === 3 && part.data.trim());
  const named = (node) =>
    (node.ariaLabel || node.innerText || node.labels?.[0]?.innerText || "").trim();
  const told = (what, nodes) => nodes.map((node) => `${what}: ${node.outerHTML.slice(0, 80)}`);
  const width = document.documentElement.clientWidth;
  return [
    ...told("faint", all("body *:not(.hidden)").filter((node) => speaks(node) && contrast(node) < 4.5)),
    ...told("no name", all("a, button, input, select").filter((node) => !named(node))),
    ...told("no alt text", all("img").filter((node) => !node.alt && !node.closest("[role=img]"))),
    ...told("too wide", all("html, .view").filter((node) => node.scrollWidth > width)),
  ];
}
