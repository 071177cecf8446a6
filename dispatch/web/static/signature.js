// A customer's signature on the slip's page: drawn by finger, pen or mouse, sent as a PNG when it is confirmed.

const INK = "#101850";
const THICK = 5; // pixels of the picture

const form = document.querySelector("[data-pad]");
const pad = form.querySelector("canvas");
const picture = form.elements.namedItem("png");
const [clear, sign] = [form.querySelector("[data-clear]"), form.querySelector("[data-sign]")];
const pen = pad.getContext("2d", { willReadFrequently: true }); // after each stroke
let pointer = null; // the one that draws: a palm that touches the screen too draws nothing
let last = null;

function empty() {
  pen.fillStyle = "#fff"; // no transparent picture: it is printed
  pen.fillRect(0, 0, pad.width, pad.height);
  picture.value = "";
  clear.disabled = sign.disabled = true;
}

/** Where the pointer is, in the picture's pixels. */
function place(event) {
  const frame = pad.getBoundingClientRect();
  const border = pad.clientLeft;
  return {
    x: (event.clientX - frame.left - border) * pad.width / pad.clientWidth,
    y: (event.clientY - frame.top - border) * pad.height / pad.clientHeight,
  };
}

function draw(from, to, pressure) {
  pen.strokeStyle = INK;
  pen.lineCap = pen.lineJoin = "round";
  pen.lineWidth = THICK * (pressure > 0 && pressure !== 0.5 ? 0.6 + pressure : 1); // 0.5: the device knows none
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.lineTo(to.x, to.y);
  pen.stroke();
}

pad.addEventListener("pointerdown", (event) => {
  if (pointer !== null || event.button !== 0 || form.hasAttribute("aria-busy")) return;
  event.preventDefault();
  pointer = event.pointerId;
  pad.setPointerCapture(pointer);
  last = place(event);
  draw(last, last, event.pressure);
});

pad.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const between = event.getCoalescedEvents?.() ?? [];
  for (const each of between.length ? between : [event]) {
    const next = place(each);
    draw(last, next, each.pressure);
    last = next;
  }
});

for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, (event) => {
  if (event.pointerId !== pointer) return;
  pointer = last = null;
  picture.value = pad.toDataURL("image/png").split(",")[1];
  picture.dispatchEvent(new Event("input", { bubbles: true })); // another drawing is another request
  clear.disabled = sign.disabled = false;
});

clear.addEventListener("click", () => {
  empty();
  picture.dispatchEvent(new Event("input", { bubbles: true }));
});

// A refused form gets its buttons back; an empty frame still can't be sent.
new MutationObserver(() => {
  if (!form.hasAttribute("aria-busy")) clear.disabled = sign.disabled = picture.value === "";
}).observe(form, { attributeFilter: ["aria-busy"] });

empty();
