// The search box at the head of every page, and the keys of the page of hits. They act only when no field has focus.
//   /          to the search box; Esc leaves it
//   j, k       to the next and the last hit; Enter opens it, as any link

const box = document.querySelector("[data-search-box]");

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target === box) box.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  if (event.key === "/" && box) {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === "j" || event.key === "k") {
    const hits = [...document.querySelectorAll("[data-hit]")];
    const next = hits.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1);
    hits[Math.max(0, next)]?.focus();
  }
});

// The number of a document doesn't stay in the address and the history of the browser.
if (document.querySelector("[data-secret]")) history.replaceState(null, "", "/search");
