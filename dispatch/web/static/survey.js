// The customer's survey: each question comes once the one before is answered; an answer can be taken back for a minute.

const form = document.querySelector("[data-opinion]");

function part(name, shown) {
  const found = form.querySelector(`[data-${name}]`);
  found.hidden = !shown;
  found.disabled = !shown; // what isn't asked isn't sent
}

function ask() {
  const fixed = form.elements.namedItem("fixed").value;
  const grade = Number(form.elements.namedItem("grade").value);
  part("grades", fixed === "true");
  part("reasons", fixed === "true" && grade > 0 && grade <= Number(form.dataset.askedWhy));
  part("words", fixed === "false" || (fixed === "true" && grade > 0));
  form.querySelector("[data-send]").disabled = !(fixed === "false" || (fixed === "true" && grade > 0));
}

if (form) {
  form.addEventListener("change", ask);
  ask(); // a browser that goes back keeps what was chosen
}

const undo = document.querySelector("[data-undo-until]");
if (undo) {
  const left = new Date(undo.dataset.undoUntil) - Date.now();
  setTimeout(() => undo.remove(), Math.max(0, Math.min(left, 600_000)));
}
