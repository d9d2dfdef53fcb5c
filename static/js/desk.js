// The desk follows the news without moving what the reader is looking at.
// Rows are fetched again when matches change and laid over the old ones by their id; the row under the pointer, the open one, or else the
// first one in sight keeps its place on the screen. A match that is gone fades where it stands until nobody looks at it.
"use strict";
(() => {
  const table = document.getElementById("desk");
  const pane = document.getElementById("match-pane");
  const panes = document.getElementById("desk-panes");
  if (!table || !pane) return;
  const above = document.getElementById("new-above");
  const empty = document.getElementById("desk-empty");
  const wide = window.matchMedia("(min-width: 1200px)");
  const filterBox = document.getElementById("desk-filter-box");
  if (filterBox && !wide.matches && !("filtered" in table.dataset)) filterBox.open = false;
  let open = table.dataset.open || "";
  let hovered = null;
  let fetching = false;
  let again = false;
  let timer = 0;

  const rowOf = (id) => (id ? document.getElementById(id) : null);
  const rows = () => [...table.querySelectorAll("tr.match-row")];
  const inSight = (row) => {
    const box = row.getBoundingClientRect();
    return box.bottom > 56 && box.top < window.innerHeight;
  };

  const anchor = () => {
    if (hovered && hovered.isConnected && inSight(hovered)) return hovered;
    const opened = rowOf(open);
    if (opened && inSight(opened)) return opened;
    return rows().find(inSight) || null;
  };

  const flash = (row) => {
    row.classList.remove("just-changed");
    void row.offsetWidth;
    row.classList.add("just-changed");
  };

  const markOpen = () => {
    for (const row of rows()) row.setAttribute("aria-selected", String(row.id === open));
  };

  // A row keeps its place on the screen by scrolling; a page too short for that gets room below.
  const hold = (row, before) => {
    const moved = row.getBoundingClientRect().top - before;
    if (moved > 0) panes.style.minHeight = `${window.scrollY + moved + window.innerHeight}px`;
    window.scrollBy({ top: moved, behavior: "instant" }); // the style sheet would glide there
  };

  const layOver = (fresh) => {
    const body = table.tBodies[0];
    const kept = anchor();
    const before = kept ? kept.getBoundingClientRect().top : 0;
    const old = new Map(rows().map((row) => [row.id, row]));
    const news = [];
    let previous = null;
    for (const row of [...fresh.querySelectorAll("tr.match-row")]) {
      let here = old.get(row.id);
      if (here) {
        old.delete(row.id);
        here.classList.remove("is-gone");
        if (here.innerHTML !== row.innerHTML) {
          const gain = here.dataset.gain;
          here.innerHTML = row.innerHTML;
          here.dataset.gain = row.dataset.gain;
          if (gain !== row.dataset.gain) flash(here);
        }
        here.classList.toggle("is-updating", row.classList.contains("is-updating"));
      } else {
        here = document.importNode(row, true);
        news.push(here);
      }
      const place = previous ? previous.nextElementSibling : body.firstElementChild;
      if (place !== here) body.insertBefore(here, place);
      previous = here;
    }
    for (const [id, row] of old) {
      // who is looking at it sees that it is gone; nobody else needs to
      if (id === open || row === hovered) row.classList.add("is-gone");
      else row.remove();
    }
    news.forEach(flash);
    if (kept && kept.isConnected) hold(kept, before);
    const unseen = news.filter((row) => row.getBoundingClientRect().bottom < 56).length;
    if (above && unseen) {
      above.hidden = false;
      above.querySelector("span").textContent = unseen === 1 ? "1 new match above" : `${unseen} new matches above`;
    }
    if (empty) empty.hidden = rows().length > 0;
    markOpen();
  };

  const follow = async () => {
    if (fetching) {
      again = true;
      return;
    }
    fetching = true;
    try {
      const shown = Math.max(50, rows().filter((row) => !row.classList.contains("is-gone")).length);
      const address = new URL(table.dataset.rows, location.href);
      address.searchParams.set("show", String(shown));
      const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" }, credentials: "same-origin" });
      if (answer.ok && !answer.redirected) {
        const page = new DOMParser().parseFromString(`<table>${await answer.text()}</table>`, "text/html");
        const body = page.getElementById("desk-rows");
        if (body) layOver(body);
      }
    } catch {
      // the next news tries again; live.js says that the line is down
    } finally {
      fetching = false;
      if (again) {
        again = false;
        soon();
      }
    }
  };

  const soon = () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      if (document.hidden) again = true;
      else follow();
    }, 150);
  };

  const show = (id, { push = true } = {}) => {
    open = id;
    markOpen();
    panes.classList.toggle("has-open", Boolean(id));
    if (!id) return;
    window.htmx.ajax("GET", `/matches/${id}/`, { target: "#match-pane", swap: "innerHTML" });
    if (push) {
      const address = new URL(location.href);
      address.searchParams.set("match", id);
      history.replaceState(null, "", address);
    }
  };

  table.addEventListener("click", (event) => {
    const row = event.target.closest("tr.match-row");
    if (!row || !wide.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(row.dataset.match);
  });
  table.addEventListener("pointerover", (event) => {
    hovered = event.target.closest("tr.match-row");
  });
  table.addEventListener("pointerleave", () => {
    hovered = null;
  });
  table.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const links = rows().map((row) => row.querySelector("a.match-link"));
    const next = links[links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
  if (above) {
    above.addEventListener("click", () => {
      above.hidden = true;
      window.scrollTo({ top: 0, behavior: "smooth" });
    });
    window.addEventListener("scroll", () => {
      if (window.scrollY < 80) above.hidden = true;
    }, { passive: true });
  }
  // The open match ends where the screen does, so that what may be decided about it is always in sight.
  const fit = () => {
    pane.style.maxHeight = wide.matches ? `${window.innerHeight - Math.max(64, pane.getBoundingClientRect().top) - 16}px` : "";
  };
  window.addEventListener("scroll", fit, { passive: true });
  window.addEventListener("resize", fit);
  fit();
  for (const name of ["stream.behind", "matches.changed", "match.dismissed", "match.snoozed", "match.restored", "load.withdrawn", "load.expired", "leg.withdrawn", "leg.expired", "load.covered", "leg.covered", "leg.reduced", "offer.made", "offer.closed", "offer.held", "offer.released", "thread.closed"]) {
    document.body.addEventListener(`backhaul:${name}`, soon);
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && again) soon();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.closest && event.target.closest(".match-decision, #match-pane")) soon();
  });
  if (open && window.htmx) show(open, { push: false });
})();
