// On a small screen the drawing is scrolled to where the ticket is.
const frame = document.querySelector(".flow-frame");
const here = frame?.querySelector(".here");
if (here) {
  const place = here.getBoundingClientRect();
  frame.scrollLeft += place.left + place.width / 2 - frame.getBoundingClientRect().left - frame.clientWidth / 2;
}
