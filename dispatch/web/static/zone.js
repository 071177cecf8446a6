// Times in the desk's time zone, whatever the browser's own: the page names it in <html data-zone>.
// The rules for times that don't occur, or occur twice, are those of dispatch/domain/time.py (RFC 5545, section 3.3.5).

const DAY = 86400000;

export const deskZone = document.documentElement.dataset.zone;

/** A moment's date and time in a zone, counted as if they were UTC: milliseconds. */
function wallClock(at, zone) {
  const form = new Intl.DateTimeFormat("en-US", {
    timeZone: zone, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23",
    year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  });
  const part = Object.fromEntries(form.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
}

const offset = (at, zone) => wallClock(at, zone) - Math.floor(at / 1000) * 1000;

/** The moment of "2026-12-01T14:00" in the zone: milliseconds. */
export function typedMoment(text, zone = deskZone) {
  const wall = Date.parse(`${text}Z`);
  const before = wall - offset(wall - DAY, zone);
  const after = wall - offset(wall + DAY, zone);
  const real = [before, after].filter((at) => wallClock(at, zone) === wall);
  return real.length ? Math.min(...real) : before;
}

/** A moment as <input type=datetime-local> takes it, in the zone. */
export function shownMoment(at, zone = deskZone) {
  return new Date(wallClock(at, zone)).toISOString().slice(0, 16);
}

/** "2026-12-01T14:00" with the zone's offset, as the API takes it: "2026-12-01T14:00:00+08:00". */
export function withOffset(text, zone = deskZone) {
  const at = typedMoment(text, zone);
  const minutes = Math.round(offset(at, zone) / 60000);
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  const size = Math.abs(minutes);
  return `${new Date(wallClock(at, zone)).toISOString().slice(0, 19)}${minutes < 0 ? "-" : "+"}${two(size / 60)}:${two(size % 60)}`;
}

/** So many days after a moment's day, at that hour, as `shownMoment`. */
export function onDay(at, days, hour, zone = deskZone) {
  const midnight = Math.floor(wallClock(at, zone) / DAY) * DAY;
  return new Date(midnight + days * DAY + hour * 3600000).toISOString().slice(0, 16);
}
