// The counter: the customer, what is known of them, and the operations' forms, which are checked while the clerk types.

import { ask, read, send, url } from "./forms.js";
import "./scans.js";
import { shownMoment } from "./zone.js";

const page = document.querySelector("[data-counter]");
const say = page.dataset;
const chinese = document.documentElement.lang.startsWith("zh");
const TYPED_FOR = 500; // milliseconds without a key press before the input is checked

export const language = (sentence) => (chinese || !sentence.en ? sentence.zh : sentence.en);
/** A name that the answer has in both languages, Chinese to its last ideograph and then English, in the page's alone. */
const oneLanguage = (both) => {
  const known = /^(.*[^\x00-\x7f]\S*) ([\x00-\x7f]+)$/.exec(both);
  return known ? known[chinese ? 1 : 2] : both;
};
export const made = (tag, text = "", attributes = {}) => {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

// -- the customer ---------------------------------------------------------------------------------------------

const find = page.querySelector("[data-find]");
const wanted = find.querySelector("[data-wanted]");
const found = page.querySelector("[data-found]");

for (const way of find.querySelectorAll("[data-way]")) way.addEventListener("change", () => {
  const kind = find.querySelector("select");
  kind.hidden = kind.disabled = way.value !== "document";
  wanted.name = way.value === "document" ? "document_number" : way.value;
  wanted.inputMode = way.value === "mobile" ? "numeric" : "text";
  wanted.value = "";
  wanted.focus();
});

find.addEventListener("done", (event) => {
  event.preventDefault();
  const items = event.detail.items;
  found.replaceChildren(...(items.length ? items.map(offer) : [made("p", say.none, { class: "text-secondary m-2" })]));
  if (items.length === 1) choose(items[0].account);
});
find.addEventListener("refused", () => found.replaceChildren());

// The search of all pages leads here with an account, behind a # so that it isn't sent: /counter#account=kd0000000042
const asked = new URLSearchParams(location.hash.slice(1)).get("account");
if (asked) {
  wanted.value = asked;
  find.requestSubmit();
}

function offer(item) {
  const button = made("button", "", { type: "button", class: "list-group-item list-group-item-action", "data-choose": item.account });
  const first = made("div", "", { class: "d-flex justify-content-between gap-2" });
  first.append(made("strong", item.account), made("span", oneLanguage(item.state_title)));
  button.append(first, made("div", [item.customer, item.contact, item.address ?? item.area].filter(Boolean).join(" · "), { class: "small" }));
  if (item.renamed) button.append(made("div", language(item.renamed), { class: "warning" }));
  button.addEventListener("click", () => choose(item.account));
  return button;
}

/** Make everything on the page be about this account. */
export function choose(account) {
  for (const each of found.querySelectorAll("[data-choose]")) each.classList.toggle("active", each.dataset.choose === account);
  for (const field of page.querySelectorAll("[data-account]")) {
    field.value = account;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  see({ account });
}

// -- what is known of them -----------------------------------------------------------------------------

const view = page.querySelector("[data-view]");
const EVERYTHING = ["customer", "accounts", "plans", "bindings", "payments", "operations", "tickets", "devices", "effects"];

async function see(request) {
  if (!view) return;
  const answer = await ask("POST", "/api/v1/accounts/view", { ...request, show: EVERYTHING });
  view.hidden = false;
  const alert = view.querySelector("[data-view-alert]");
  alert.hidden = answer.status < 300;
  if (answer.status < 300) show(answer.body.result);
  else alert.textContent = answer.body.detail;
}

function show(result) {
  const renamed = view.querySelector("[data-renamed]");
  renamed.hidden = !result.renamed;
  renamed.textContent = result.renamed ? language(result.renamed) : "";
  const card = view.querySelector("[data-customer]");
  card.hidden = !result.customer;
  for (const place of card.querySelectorAll("[data-of]")) {
    place.replaceChildren(written(result.customer?.[place.dataset.of] ?? "–", place.dataset.as));
  }
  for (const part of view.querySelectorAll("[data-rows]")) {
    const rows = result[part.dataset.rows] ?? [];
    part.hidden = !rows.length;
    part.open = part.open || part.dataset.rows === "accounts";
    part.querySelector("[data-count]").textContent = rows.length;
    part.querySelector("tbody").replaceChildren(...rows.map((row) => filled(part.querySelector("template"), row, part.dataset.rows)));
  }
}

function filled(template, row, rows) {
  const line = template.content.cloneNode(true);
  for (const cell of line.querySelectorAll("[data-of]")) {
    const value = row[cell.dataset.of];
    if (value !== null && value !== undefined) cell.append(written(value, cell.dataset.as, `${rows}.${cell.dataset.of}`));
  }
  return line;
}

const PAPERS = { slip: (number) => url`/api/v1/slips/${number}`, invoice: (number) => url`/api/v1/invoices/${number}` };

/** A value of an answer as people read it; a word, such as a state, is called `of` what it is. */
function written(value, kind, of) {
  if (kind === "title") return oneLanguage(value);
  if (kind === "word") return labels[`${of}.${value}`] ?? value;
  if (kind === "time" || kind === "day") {
    const shown = shownMoment(Date.parse(value));
    return kind === "day" ? shown.slice(0, 10) : shown.slice(5).replace("T", " ");
  }
  if (kind === "ticket") return made("a", value, { href: url`/tickets/${value}` });
  return PAPERS[kind] ? made("a", value, { href: PAPERS[kind](value), target: "_blank", rel: "noopener" }) : String(value);
}

page.querySelector("[data-unmask]")?.addEventListener("done", (event) => {
  event.preventDefault();
  const { account, unmask, reason } = read(event.target);
  show({ ...event.detail.result });
  event.target.reset();
  event.target.elements.account.value = account;
  if (unmask && reason) event.target.closest("details").open = false;
});

// -- the operation ----------------------------------------------------------------------------------

const sections = [...page.querySelectorAll("[data-operation]")];
const switches = [...page.querySelectorAll("[data-shows]")];
for (const one of switches) one.addEventListener("click", () => open(one.dataset.shows));

function open(kind) {
  for (const one of switches) {
    const is = one.dataset.shows === kind;
    one.setAttribute("aria-pressed", is);
    one.classList.toggle("btn-primary", is);
  }
  for (const section of sections) section.hidden = section.dataset.operation !== kind;
  const section = sections.find((each) => each.dataset.operation === kind);
  const empty = [...section.querySelectorAll("input:not([type=hidden]), select, textarea")].find((each) => !each.value);
  empty?.focus({ preventScroll: true });
  if (matchMedia("(max-width: 991px)").matches) section.scrollIntoView({ block: "start" });
  const form = section.querySelector("form[data-trial]");
  if (form) check(form);
}

// -- its form: a trial run while the clerk types -------------------------------------------------

/** Show what goes with the chosen reason; what doesn't is neither asked for nor sent. */
function fit(form) {
  const reason = form.elements.namedItem("reason")?.value;
  for (const part of form.querySelectorAll("[data-for]")) {
    const fits = part.dataset.for.split(" ").includes(reason);
    part.hidden = !fits;
    for (const field of part.querySelectorAll("input, select, textarea, button")) field.disabled = !fits;
  }
}

for (const section of sections) {
  const form = section.querySelector("form");
  fit(form);
  form.addEventListener("change", () => fit(form));
}

const waiting = new WeakMap(); // form → timer
const warned = new WeakMap(); // form → its warnings, { tried, refused }
const turns = new WeakMap(); // form → the number of its last trial run: an earlier answer that comes late is out of date

for (const form of page.querySelectorAll("form[data-trial]")) {
  const later = () => {
    clearTimeout(waiting.get(form));
    waiting.set(form, setTimeout(() => check(form), TYPED_FOR));
  };
  form.addEventListener("input", later);
  form.addEventListener("input", (event) => event.target.name === "confirm" || warn(form, { refused: [] }));
  form.addEventListener("change", later);
  form.addEventListener("change", () => due(form));
}

function stopTrying(form) {
  clearTimeout(waiting.get(form));
  turns.set(form, (turns.get(form) ?? 0) + 1);
}

async function check(form) {
  if (form.closest("[hidden]") || form.hasAttribute("aria-busy")) return;
  const turn = (turns.get(form) ?? 0) + 1;
  turns.set(form, turn);
  const typed = read(form);
  const path = form.dataset.api.split(" ")[1];
  const answer = await ask("POST", `${path}/check`, typed).catch(() => null);
  if (answer?.status === 200 && turns.get(form) === turn) tell(form, answer.body);
}

function tell(form, tried) {
  unmark(form);
  const general = [];
  for (const fault of tried.faults) {
    const field = form.elements.namedItem(fault.pointer.slice(1).replaceAll("/", "."));
    if (field === document.activeElement) continue; // the clerk is still typing
    if (field instanceof Element) mark(field, language(fault.read_out));
    else general.push(fault.read_out);
  }
  askAddressFirst(form, tried);
  offerToRegister(form, tried.refusal?.code);
  const refusal = tried.refusal?.read_out ?? general[0];
  readOut(form, tried.missing.length && !tried.refusal ? null : refusal);
  warn(form, { tried: tried.warnings });
  const asked = tried.missing.filter((pointer) => isShown(form, pointer));
  const names = asked.map((pointer) => called(form, pointer)).filter(Boolean);
  const verdict = form.querySelector("[data-verdict]");
  verdict.textContent = tried.ready ? `✓ ${say.ready}` : names.length ? say.missing + names.join(say.list) : "";
  verdict.classList.toggle("text-success", tried.ready);
  due(form);
}

// -- opening: the address is asked first, alone; where no line can be had, the demand is registered instead -------

const NO_LINE = ["no-resources", "unknown-address"];
const addressFirst = page.querySelector("[data-address-first]");

/** Show the rest of the form once a line can be had at the address. */
function askAddressFirst(form, tried) {
  if (form !== addressFirst) return;
  const address = form.elements.namedItem("address");
  const unsettled = [...NO_LINE, "address-in-use"].includes(tried.refusal?.code);
  const faulty = tried.faults.some((fault) => fault.pointer === "/address");
  showRest(form, address.value.trim() !== "" && !unsettled && !faulty);
}

function showRest(form, is) {
  const address = form.elements.namedItem("address").closest(".field");
  for (const part of form.querySelectorAll(".part")) part.hidden = !is && !part.contains(address);
  for (const field of address.parentElement.children) field.hidden = !is && field !== address;
  form.querySelector("button.btn-lg").hidden = !is;
}

function offerToRegister(form, code) {
  const button = form.querySelector("[data-register]");
  if (button) button.hidden = !NO_LINE.includes(code);
}

if (addressFirst) {
  showRest(addressFirst, false);
  addressFirst.querySelector("[data-register]").addEventListener("click", () => {
    const form = page.querySelector("[data-operation=register-demand] form");
    const values = { address: "address", "holder.name": "name", "holder.mobile": "mobile" };
    for (const [from, to] of Object.entries(values)) {
      form.elements.namedItem(to).value = addressFirst.elements.namedItem(from).value;
    }
    open("register-demand");
  });
}

/** Whether the field of a pointer is asked now. */
function isShown(form, pointer) {
  const field = form.elements.namedItem(pointer.slice(1).replaceAll("/", "."));
  return !(field instanceof Element && field.closest(".field[hidden], .part[hidden]"));
}

function called(form, pointer) {
  const field = form.elements.namedItem(pointer.slice(1).replaceAll("/", "."));
  const label = field instanceof Element && form.querySelector(`label[for="${CSS.escape(field.id)}"]`);
  return label ? label.textContent.trim() : "";
}

function mark(field, text) {
  field.classList.add("is-invalid");
  field.setAttribute("aria-invalid", "true");
  field.after(made("div", text, { class: "invalid-feedback", "data-said": "" }));
}

function unmark(form) {
  for (const field of form.querySelectorAll(".is-invalid")) {
    field.classList.remove("is-invalid");
    field.removeAttribute("aria-invalid");
  }
  for (const said of form.querySelectorAll("[data-said]")) said.remove();
}

function readOut(form, sentence) {
  const box = form.querySelector("[data-refusal]");
  box.hidden = !sentence;
  if (sentence) box.querySelector("p").textContent = language(sentence);
}

/** Show each warning with a box to confirm it; confirmed boxes stay checked as long as they say the same. `tried`: those
 * of a trial run; `refused`: those that only a refusal tells, since no trial run asks the systems outside. */
function warn(form, news) {
  const all = { tried: [], refused: [], ...warned.get(form), ...news };
  warned.set(form, all);
  const warnings = [...all.tried, ...all.refused.filter((each) => !all.tried.some(({ code }) => code === each.code))];
  const place = form.querySelector("[data-warnings]");
  const told = JSON.stringify(warnings);
  if (place.dataset.told === told) return; // a box may have the focus
  place.dataset.told = told;
  const confirmed = new Set([...place.querySelectorAll("input:checked")].map((each) => each.parentElement.textContent));
  place.replaceChildren(...warnings.map((each) => {
    const label = made("label", "", { class: "form-check" });
    const box = made("input", "", { type: "checkbox", class: "form-check-input", name: "confirm", "data-kind": "list", value: each.code });
    const text = made("span", language(each.read_out), { class: "form-check-label" });
    label.append(box, text);
    box.checked = confirmed.has(label.textContent);
    const warning = made("div", "", { class: "warning" });
    warning.append(label);
    return warning;
  }));
}

/** The amount due follows from the plan. */
function due(form) {
  const pay = form.elements.namedItem("plan")?.selectedOptions?.[0]?.dataset.pay;
  const amount = form.elements.namedItem("payment.amount");
  if (!pay || !amount) return;
  const label = form.querySelector(`label[for="${CSS.escape(amount.id)}"]`);
  label.title = say.due + pay;
  amount.placeholder = say.due + pay;
}

// -- sending ------------------------------------------------------------------------------

for (const section of sections.filter((each) => each.dataset.operation !== "fault")) {
  const form = section.querySelector("form");
  form.addEventListener("submit", () => readOut(form, null)); // what the last attempt came to
  form.addEventListener("refused", (event) => {
    const problem = event.detail;
    stopTrying(form); // the refusal stays until the input changes
    if (!problem.read_out) return;
    event.preventDefault();
    if (problem.confirm) return askToConfirm(form, problem);
    readOut(form, problem.read_out);
    offerToRegister(form, null); // the refusal recorded the demand
    form.querySelector("[data-verdict]")?.replaceChildren();
    form.querySelector("[data-refusal]").scrollIntoView({ block: "nearest" });
  });
  form.addEventListener("done", (event) => {
    event.preventDefault();
    finish(section, form, event.detail);
  });
  section.querySelector("[data-again]").addEventListener("click", () => {
    form.hidden = false;
    section.querySelector("[data-done]").hidden = true;
  });
}

/** The customer hears the warning first, as the trial run puts it; only without one is it what the refusal says. */
async function askToConfirm(form, problem) {
  await null; // the form is busy until the refusal has been told
  await check(form);
  const boxes = () => [...form.querySelectorAll("[data-warnings] input")];
  const [code] = problem.confirm;
  const others = warned.get(form)?.refused.filter((each) => each.code !== code) ?? [];
  warn(form, { refused: [...others, { code, read_out: problem.read_out }] });
  boxes().find((each) => !each.checked)?.focus();
}

function finish(section, form, answer) {
  const end = section.querySelector("[data-done]");
  end.querySelector("h2").textContent = language(answer.title);
  const told = end.querySelector(".read-out");
  told.hidden = !answer.say;
  if (answer.say) told.querySelector("p").textContent = language(answer.say);
  end.querySelector("[data-papers]").replaceChildren(...answer.papers.map(paper));
  end.querySelector("[data-result]").replaceChildren(...Object.entries(answer.result).flatMap(([name, value]) => result(name, value)));
  form.reset();
  for (const list of form.querySelectorAll("[data-scan-list]")) list.replaceChildren();
  for (const hidden of form.querySelectorAll("input[type=hidden][data-kind=json]")) hidden.value = "";
  warn(form, { tried: [], refused: [] });
  readOut(form, null);
  unmark(form);
  fit(form);
  form.querySelector("[data-verdict]")?.replaceChildren();
  stopTrying(form);
  if (form === addressFirst) showRest(form, false);
  form.hidden = true;
  end.hidden = false;
  end.querySelector("h2").focus();
  const account = answer.result.account;
  if (account) chooseAgain(account);
}

/** The list of those found shows what the operation has changed, too. */
async function chooseAgain(account) {
  if (found.querySelector("[data-choose]")) await send(find);
  if (found.querySelectorAll("[data-choose]").length !== 1) choose(account);
}

const labels = Object.fromEntries([...page.querySelectorAll("[data-labels] dt")].map((each) => [each.textContent, each.nextElementSibling.textContent]));

function result(name, value) {
  if (value === null || (Array.isArray(value) && !value.length)) return [];
  if (name === "devices") return value.flatMap((each) => [made("dt", `${oneLanguage(each.kind_title)} ${each.model}`), made("dd", `${each.serial} · ${oneLanguage(each.state_title)}`)]);
  if (name === "settlement") return value.flatMap((each) => [made("dt", language(each.title)), made("dd", each.formula ? `${each.yuan} = ${each.formula}` : each.yuan)]);
  if (name === "bindings") return value.flatMap((each) => [made("dt", each.mobile), made("dd", `${written(each.accepted_at, "time")} – ${each.ended_at ? written(each.ended_at, "time") : ""}`)]);
  if (value.zh) return [made("dt", labels[name] ?? name), made("dd", language(value))];
  const words = Array.isArray(value) ? value.join(", ") : String(value).split("、").map((each) => labels[`${name}.${each}`] ?? each).join(say.list);
  return [made("dt", labels[name] ?? name), made("dd", words)];
}

function paper(each) {
  const row = made("div", "", { class: "paper" });
  const name = `${each.kind === "slip" ? say.slip : say.invoice} ${each.number}`;
  row.append(made("a", `${say.open} ${name}`, { class: "btn btn-primary", href: each.url, target: "_blank", rel: "noopener" }));
  const look = made("button", say.preview, { type: "button", class: "btn", "aria-expanded": "false" });
  look.addEventListener("click", () => {
    const there = row.querySelector("iframe");
    if (there) there.remove();
    else row.append(made("iframe", "", { src: each.url, title: name }));
    look.setAttribute("aria-expanded", String(!there));
  });
  row.append(look);
  if (each.kind === "slip") row.append(made("a", say.sign, { class: "btn", href: url`/slips/${each.number}`, target: "_blank", rel: "noopener" }));
  return row;
}

// -- standard addresses ------------------------------------------------------

for (const field of page.querySelectorAll("[data-address]")) field.addEventListener("input", async () => {
  const text = field.value.trim();
  if (text.length < 2) return;
  const answer = await ask("POST", "/api/v1/addresses/search", { text }).catch(() => null);
  if (answer?.status !== 200 || field.value.trim() !== text) return;
  document.querySelector("#addresses").replaceChildren(...answer.body.items.map((each) => {
    const state = each.taken ? say.taken : each.free ? say.free : say.full;
    return made("option", `${each.address} · ${state}`, { value: each.address });
  }));
});
