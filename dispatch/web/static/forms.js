// Forms that go to the API. <form data-api="POST /api/v1/…"> is sent as JSON:
//   name="evidence.loss_db"   goes to that path (numbers make a list); data-kind says its kind: number, yes-no,
//                             list (one a line), words, value (a checkbox's own); data-with: only if that box is checked
//   <option data-name=path>   its value goes there instead
//   [data-list=name]          in a form whose list may be empty
//   [data-answer=name]        shows that part of the answer, in a [data-answer-of] that was hidden; a secret that a
//                             repeated answer no longer holds is replaced by the reason
//   data-then                 goto:PATH, reload, stay, or nothing: the page's live parts are then fetched again; with
//                             stay they aren't, so that a secret shown in one of them can be read
//   [role=alert]              shows the refusal; a field's fault stands beside the field
// A form that a slow line sends twice is done once: the same attempt has the same Idempotency-Key.
// Events on the form: "done" with the API's answer, "refused" with its problem.

import { withOffset } from "./zone.js";

const keys = new WeakMap(); // keys of attempts whose outcome is not known yet

export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A path with names in it, url`/tickets/${name}`: a `/`, `?`, `#` or `%` in a name separates nothing. */
export function url(parts, ...names) {
  return parts.reduce((made, part, index) => made + encodeURIComponent(names[index - 1]) + part);
}

const ANYBODYS = /^\/api\/v1\/(session$|surveys\/)/; // requests without a session, and so without a CSRF token
let session = null;

/** The CSRF token, which proves that a change comes from one of our pages; fetched once, when first needed. */
export async function csrf() {
  session ??= fetch("/api/v1/session").then((answer) => (answer.ok ? answer.json() : {}));
  return (await session).csrf ?? "";
}

/** One request of the API: { status, body }. Throws TypeError when the network is away. */
export async function ask(method, path, body, headers = {}) {
  const json = body !== undefined && !(body instanceof FormData || body instanceof Blob);
  const answer = await fetch(path, {
    method,
    headers: {
      Accept: "application/json",
      "Accept-Language": document.documentElement.lang,
      ...(json ? { "Content-Type": "application/json" } : {}),
      ...(method === "GET" || method === "POST" && ANYBODYS.test(path) ? {} : { "X-CSRF-Token": await csrf() }),
      ...headers,
    },
    body: json ? JSON.stringify(body) : body,
  });
  const text = await answer.text();
  const kind = answer.headers.get("Content-Type") ?? "";
  return { status: answer.status, body: text && kind.includes("json") ? JSON.parse(text) : text };
}

document.addEventListener("input", ({ target }) => keys.delete(target.form)); // what was changed is another request

/** A form's values as JSON. Empty fields are left out. */
export function read(form) {
  const said = {};
  for (const field of form.elements) {
    if (!field.name || field.matches(":disabled") || field.type === "file") continue;
    if (field.dataset.with && !form.elements.namedItem(field.dataset.with)?.checked) continue;
    const value = valueOf(field);
    if (value === undefined) continue;
    const path = (field.selectedOptions?.[0]?.dataset.name ?? field.name).split(".");
    const last = path.pop();
    let part = said;
    for (const name of path) part = part[name] ??= {};
    if (Array.isArray(value) && Array.isArray(part[last])) part[last].push(...value);
    else part[last] = value;
  }
  for (const field of form.querySelectorAll("[data-list]")) said[field.dataset.list] ??= [];
  return numbered(said);
}

/** {"0": a, "2": b} → [a, b] */
function numbered(part) {
  if (part === null || typeof part !== "object" || Array.isArray(part)) return part;
  const entries = Object.entries(part).map(([name, inner]) => [name, numbered(inner)]);
  const isList = entries.length > 0 && entries.every(([name]) => /^\d+$/.test(name));
  return isList ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

function valueOf(field) {
  const kind = field.dataset.kind;
  if (field.type === "radio" && !field.checked) return undefined;
  if (field.type === "checkbox") {
    if (kind === "list") return field.checked ? [field.value] : undefined;
    if (kind === "value") return field.checked ? field.value : undefined;
    return field.checked ? true : kind === "yes-no" ? false : undefined;
  }
  const text = field.type === "password" ? field.value : field.value.trim();
  if (text === "") return undefined;
  if (kind === "number") return Number(text);
  if (kind === "yes-no") return text === "true";
  if (kind === "list") return text.split("\n").map((line) => line.trim()).filter(Boolean);
  if (kind === "words") return text.split(/[\s,，、]+/).filter(Boolean);
  if (kind === "json") return JSON.parse(text);
  if (field.type === "datetime-local") return withOffset(text);
  return text;
}

/** Send the form; true when it was done. */
export async function send(form) {
  const [method, path] = form.dataset.api.split(" ");
  const body = method === "DELETE" ? undefined : read(form);
  const headers = {};
  if (method === "POST") {
    if (!keys.has(form)) keys.set(form, newKey());
    headers["Idempotency-Key"] = keys.get(form);
  }
  if (form.dataset.ifMatch) headers["If-Match"] = form.dataset.ifMatch;
  clear(form);
  busy(form, true);
  try {
    const answer = await ask(method, path, body, headers);
    if (answer.status !== 503) keys.delete(form); // it may have been done: sent again, it must not be done twice
    if (answer.status < 300) {
      done(form, answer.body);
      return true;
    }
    if (answer.status === 401 && answer.body?.code === "not-signed-in") signIn();
    else refused(form, answer.body);
  } catch (away) {
    if (!(away instanceof TypeError)) throw away;
    refused(form, { detail: document.querySelector(".toasts").dataset.away });
  } finally {
    busy(form, false);
  }
  return false;
}

function signIn() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function busy(form, is) {
  form.toggleAttribute("aria-busy", is);
  for (const button of form.querySelectorAll("button")) button.disabled = is;
}

function done(form, answer) {
  const event = new CustomEvent("done", { bubbles: true, cancelable: true, detail: answer });
  if (!form.dispatchEvent(event)) return;
  for (const shown of form.querySelectorAll("[data-answer]")) {
    shown.textContent = answer[shown.dataset.answer] ?? answer.withheld?.[language()] ?? "";
    shown.closest("[data-answer-of]").hidden = false;
  }
  const [what, where] = (form.dataset.then ?? "").split(/:(.*)/s);
  if (what === "goto") location.assign(where);
  else if (what === "reload") location.reload();
  else {
    toast(form.dataset.said ?? document.querySelector(".toasts").dataset.done);
    if (what !== "stay") changed();
  }
}

function language() {
  return document.documentElement.lang.startsWith("zh") ? "zh" : "en";
}

/** Fetch the page's live parts again. */
export function changed() {
  document.body.dispatchEvent(new Event("changed"));
}

/** Show a short message that disappears by itself. */
export function toast(text) {
  const shown = document.createElement("div");
  shown.className = "toast-said";
  shown.textContent = text;
  document.querySelector(".toasts").append(shown);
  setTimeout(() => shown.remove(), 4000);
}

function clear(form) {
  for (const field of form.querySelectorAll(".is-invalid")) {
    field.classList.remove("is-invalid");
    field.removeAttribute("aria-invalid");
  }
  for (const said of form.querySelectorAll(".invalid-feedback[data-said]")) said.remove();
  const alert = form.querySelector("[role=alert]");
  if (alert) alert.hidden = true;
}

/** Show a problem document: faults of fields beside them, the rest above. */
export function refused(form, problem) {
  if (!form.dispatchEvent(new CustomEvent("refused", { bubbles: true, cancelable: true, detail: problem }))) return;
  const homeless = [];
  for (const fault of problem.faults ?? []) {
    const name = fault.pointer.replace(/^\/body\//, "").replaceAll("/", ".");
    const field = form.elements.namedItem(name);
    if (field instanceof Element) mark(field, fault.detail);
    else homeless.push(`${name}: ${fault.detail}`);
  }
  const text = problem.faults ? homeless.join("\n") : problem.detail ?? String(problem);
  const alert = form.querySelector("[role=alert]");
  if (!text) form.querySelector(".is-invalid")?.focus();
  else if (alert) {
    alert.textContent = text;
    alert.hidden = false;
    alert.scrollIntoView({ block: "nearest" });
  } else toast(text);
}

function mark(field, text) {
  field.classList.add("is-invalid");
  field.setAttribute("aria-invalid", "true");
  const said = document.createElement("div");
  said.className = "invalid-feedback";
  said.dataset.said = "";
  said.textContent = text;
  field.after(said);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.api) return;
  event.preventDefault();
  send(form);
});
document.documentElement.dataset.forms = ""; // early_forms.js sends what waited for it
