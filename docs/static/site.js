// What the theme and Sphinx leave out for screen readers.
document.addEventListener("DOMContentLoaded", () => {
  for (const toggle of document.querySelectorAll("summary:has(> .toctree-toggle)")) {
    const link = toggle.closest("li").querySelector("a");
    toggle.setAttribute("aria-label", link.textContent.trim());
  }
  // The parameters of a signature are marked up as definitions without terms.
  for (const list of document.querySelectorAll("dt.sig dl, dt.sig dd")) {
    list.setAttribute("role", "none");
  }
});
