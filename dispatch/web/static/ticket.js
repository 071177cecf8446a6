// On a small screen the drawing is scrolled to where the ticket is.
const frame = document.querySelector(".flow-frame");
const here = frame?.querySelector(".here");
if (here) {
  const place = here.getBoundingClientRect();
  frame.scrollLeft += place.left + place.width / 2 - frame.getBoundingClientRect().left - frame.clientWidth / 2;
}

// What needs a supervisor's approval shows the form that asks for it; the approval's number goes into the form that needs it.
document.addEventListener("refused", ({ target, detail }) => {
  const asking = target.parentElement.querySelector("[data-ask-approval]");
  if (!asking || !detail.approval) return;
  for (const [name, value] of Object.entries(detail.approval)) asking.elements.namedItem(name).value = value ?? "";
  asking.hidden = false;
});
document.addEventListener("done", ({ target, detail }) => {
  if (!target.matches("[data-ask-approval]")) return;
  target.hidden = true;
  target.previousElementSibling.elements.namedItem("approvals.0").value = detail.approval;
});
