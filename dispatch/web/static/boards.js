// A team's board and the forms of its hops.
//   a[data-sheet]              opens beside the board where there is room, else as a page
//   fieldset[data-finding]     the fields of a finding, shown when it is chosen
//   [data-hold], [data-within] quick choices for `until`, and the most seconds from now that it may be
//   form[data-draft]           keeps its input: a phone's camera may push the page out of memory
//   input[data-photos]         uploads photos at once

import { changed, csrf, newKey, toast } from "./forms.js";
import { onDay, shownMoment } from "./zone.js";

const sheet = document.querySelector("dialog.sheet");
const roomy = matchMedia("(min-width: 992px)");

async function open(path) {
  await htmx.ajax("GET", path, { target: "#sheet-body", swap: "innerHTML" });
  sheet.dataset.path = path;
  if (!sheet.open) sheet.showModal();
  sheet.scrollTop = 0;
  prepare(sheet);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-sheet]");
  const plain = !event.button && !event.metaKey && !event.ctrlKey && !event.shiftKey;
  if (link && sheet && roomy.matches && plain) {
    event.preventDefault();
    open(link.getAttribute("href"));
  }
  if (event.target.closest("[data-sheet-close]")) sheet.close();
  const quick = event.target.closest("[data-hold]");
  if (quick) holdUntil(quick);
});

document.addEventListener("done", (event) => {
  const form = event.target;
  if (form.dataset.draft) sessionStorage.removeItem(form.dataset.draft);
  if (!sheet?.contains(form)) return;
  event.preventDefault();
  if (form.dataset.then === "reload") open(sheet.dataset.path);
  else {
    sheet.close();
    toast(form.dataset.said);
  }
  changed();
});

function prepare(root) {
  for (const form of root.querySelectorAll("form[data-draft]")) restore(form);
  for (const form of root.querySelectorAll("form:has([data-finding])")) ask(form);
  for (const until of root.querySelectorAll("[data-within]")) {
    until.min = shownMoment(Date.now());
    until.max = shownMoment(Date.now() + until.dataset.within * 1000);
  }
}

function ask(form) {
  const chosen = form.querySelector("[name=finding]:checked")?.value;
  for (const part of form.querySelectorAll("[data-finding]")) part.hidden = part.disabled = part.dataset.finding !== chosen;
}

document.addEventListener("change", (event) => {
  if (event.target.name === "finding") ask(event.target.form);
  if (event.target.matches("[data-photos]")) sendAll(event.target);
});

function holdUntil(button) {
  const { hold } = button.dataset;
  button.form.elements.until.value = hold === "tomorrow" ? onDay(Date.now(), 1, 9) : shownMoment(Date.now() + Number(hold) * 60000);
}

document.addEventListener("input", ({ target: { form } }) => {
  if (!form?.dataset.draft) return;
  const typed = [...form.elements].filter((field) => field.id && (field.type !== "radio" || field.checked));
  sessionStorage.setItem(form.dataset.draft, JSON.stringify(typed.map((field) => [field.id, field.value])));
});

function restore(form) {
  for (const [id, value] of JSON.parse(sessionStorage.getItem(form.dataset.draft) ?? "[]")) {
    const field = form.elements.namedItem(id);
    if (!field) continue;
    if (field.type === "radio") field.checked = true;
    else field.value = value;
  }
}

async function sendAll(input) {
  const files = [...input.files];
  input.value = "";
  for (const file of files) await sendPhoto(input, file, newKey());
}

async function sendPhoto(input, file, key) {
  const { photos, word, again } = input.dataset;
  const shown = document.createElement("span");
  shown.className = "photo";
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.setAttribute("aria-label", word);
  shown.append(bar, `${(file.size / 1e6).toFixed(1)} MB`);
  input.closest(".photos").querySelector(".photo-add").before(shown);
  const { status, body } = await put(photos, file, key, await csrf(), (part) => { bar.value = part; });
  if (status === 201) {
    const link = document.createElement("a");
    Object.assign(link, { className: "photo", href: body.url, target: "_blank" });
    link.textContent = `✓ ${word} · ${(body.size / 1e6).toFixed(1)} MB`;
    shown.replaceWith(link);
    return;
  }
  const retry = document.createElement("button");
  Object.assign(retry, { type: "button", className: "btn btn-outline-danger", textContent: again });
  retry.addEventListener("click", () => {
    shown.remove();
    sendPhoto(input, file, key);
  });
  shown.replaceChildren(retry, body.detail ?? document.querySelector(".toasts").dataset.away);
}

/** Upload by XMLHttpRequest: fetch() reports no progress. */
function put(path, file, key, proof, progress) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "json";
    const headers = { "Content-Type": file.type, "X-CSRF-Token": proof, "Idempotency-Key": key };
    headers["Accept-Language"] = document.documentElement.lang;
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progress(event.loaded / event.total));
    request.addEventListener("loadend", () => done({ status: request.status, body: request.response ?? {} }));
    request.send(file);
  });
}

prepare(document);
