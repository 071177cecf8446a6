// Live parts of pages. The event "changed" of <body> makes them fetch themselves again (hx-trigger="changed from:body").
//   [data-follow="/api/v1/teams/noc/changes"]   server-sent events that trigger it; one stream a page
//   <time data-until="ISO">                     counts down, red when it is over; data-since counts up

import { changed } from "./forms.js";

const followed = document.querySelector("[data-follow]");
if (followed) {
  let stream;
  const follow = () => {
    stream = new EventSource(followed.dataset.follow);
    stream.addEventListener("changed", changed);
    stream.addEventListener("error", () => {
      // A refused stream doesn't reconnect: the page is fetched, and says why.
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => { changed(); follow(); }, 5000);
    });
  };
  const pause = () => (document.hidden ? stream?.close() : follow());
  if (!document.hidden) follow();
  document.addEventListener("visibilitychange", pause);
}

const chinese = document.documentElement.lang.startsWith("zh");

function span(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  const parts = days ? [[days, "天", "d"], [hours, "小时", "h"]] : hours ? [[hours, "小时", "h"], [minutes % 60, "分", "min"]] : [[minutes, "分钟", "min"]];
  return parts.filter(([count], index) => count || !index).map(([count, zh, en]) => (chinese ? `${count}${zh}` : `${count} ${en}`)).join(chinese ? "" : " ");
}

function tick() {
  for (const shown of document.querySelectorAll("time[data-until], time[data-since]")) {
    const until = shown.dataset.until;
    const left = (until ? new Date(until) - Date.now() : Date.now() - new Date(shown.dataset.since)) / 1000;
    if (!until) shown.textContent = span(left);
    else {
      shown.textContent = left < 0 ? (chinese ? `超时${span(left)}` : `${span(left)} over`) : chinese ? `剩${span(left)}` : `${span(left)} left`;
      shown.classList.toggle("over", left < 0);
      shown.classList.toggle("soon", left >= 0 && left < 15 * 60);
    }
  }
}

tick();
setInterval(tick, 15000);
document.addEventListener("htmx:after:swap", tick);
document.addEventListener("htmx:afterSwap", tick);
