// The refund desk: the number to call, and what was paid back, stand on the order's card.

import { url } from "./forms.js";
import "./scans.js";

function link(href, text) {
  const made = document.createElement("a");
  Object.assign(made, { href, target: "_blank", rel: "noopener", className: "btn" });
  made.textContent = text;
  return made;
}

for (const form of document.querySelectorAll("[data-contact]")) form.addEventListener("done", (event) => {
  event.preventDefault();
  const place = form.querySelector("[data-number]");
  place.querySelector("strong").textContent = event.detail.result.mobile;
  place.hidden = false;
});

for (const form of document.querySelectorAll("[data-refund]")) form.addEventListener("done", (event) => {
  event.preventDefault();
  const card = form.closest("[data-order]");
  const end = card.querySelector("[data-done]");
  end.querySelector("[data-paid-back]").textContent = event.detail.result.paid_back;
  end.querySelector("[data-papers]").replaceChildren(...event.detail.papers.flatMap((each) => {
    const isSlip = each.kind === "slip";
    const paper = link(each.url, `${isSlip ? end.dataset.slip : end.dataset.invoice} ${each.number}`);
    return isSlip ? [paper, link(url`/slips/${each.number}`, end.dataset.sign)] : [paper];
  }));
  card.querySelector("[data-steps]").hidden = true;
  end.hidden = false;
  end.querySelector("h2").focus();
});
