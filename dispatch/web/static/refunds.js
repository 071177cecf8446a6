// The refund desk: the number to call, and what was paid back, stand on the order's card.

import "./scans.js";

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
  end.querySelector("[data-papers]").replaceChildren(...event.detail.papers.map((each) => {
    const link = document.createElement("a");
    Object.assign(link, { href: each.url, target: "_blank", rel: "noopener", className: "btn" });
    link.textContent = `${each.kind === "slip" ? end.dataset.slip : end.dataset.invoice} ${each.number}`;
    return link;
  }));
  card.querySelector("[data-steps]").hidden = true;
  end.hidden = false;
  end.querySelector("h2").focus();
});
