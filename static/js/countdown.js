// How long an offer or a hold still stands, counted down by the server's clock: the page brings the end and the server's
// own "now" (data-countdown, data-now), and only the time that has passed since is measured here. A wrong clock in the
// computer changes nothing. Without this script the page says until when instead.
"use strict";
(() => {
  const NEAR_MS = 5 * 60 * 1000;
  const ends = new WeakMap(); // element -> when it ends, on this page's own monotonous clock
  const told = new WeakSet();

  const navigation = performance.getEntriesByType("navigation")[0];
  const arrived = navigation ? navigation.responseStart : performance.now();

  const words = (left) => {
    const seconds = Math.max(Math.ceil(left / 1000), 0);
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
    const two = (number) => String(number).padStart(2, "0");
    return hours ? `${hours} h ${two(minutes)} min` : `${minutes}:${two(seconds % 60)}`;
  };

  const show = (element) => {
    const left = ends.get(element) - performance.now();
    const text = left > 0 ? words(left) : element.dataset.over || "time is up";
    if (element.textContent !== text) element.textContent = text;
    element.classList.toggle("is-near", left > 0 && left < NEAR_MS);
    element.classList.toggle("is-over", left <= 0);
    if (left > 0 || told.has(element)) return;
    told.add(element);
    document.body.dispatchEvent(new CustomEvent("backhaul:countdown.ended"));
  };

  const begin = (root, since) => {
    for (const element of root.querySelectorAll("[data-countdown]")) {
      if (ends.has(element)) continue;
      const left = Date.parse(element.dataset.countdown) - Date.parse(element.dataset.now);
      if (Number.isNaN(left)) continue;
      ends.set(element, since + left);
      element.setAttribute("role", "timer");
      show(element);
    }
  };

  const tick = () => {
    for (const element of document.querySelectorAll("[data-countdown]")) if (ends.has(element)) show(element);
  };

  begin(document, arrived);
  document.addEventListener("htmx:load", (event) => begin(event.detail.elt.parentElement || document, performance.now()));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
  setInterval(tick, 1000);
})();
