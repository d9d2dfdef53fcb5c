// The list of market loads follows the news without moving what the reader is looking at: a load that is gone is marked
// where it stands, one with new terms shows them, and new ones are counted until the reader asks for them.
"use strict";
(() => {
  const list = document.getElementById("market-list");
  if (!list) return;
  const fresh = list.querySelector(".list-new");
  const gone = list.querySelector(".list-gone");
  const SOON_MS = 150;
  const WITHOUT_STREAM_MS = 30000;
  let timer = 0;
  let fetching = false;
  let again = false;
  let opened = false;

  const rows = () => [...list.querySelectorAll("tbody tr[id]")];

  // Cell by cell: the link that has the focus, or is about to be pressed, stays the same element.
  const renew = (row, now) => {
    let changed = false;
    for (const cell of row.cells) {
      const other = now.cells[cell.cellIndex];
      if (!other || cell.innerHTML === other.innerHTML) continue;
      changed = changed || cell.dataset.label !== "Confirmed";
      cell.innerHTML = other.innerHTML;
    }
    if (!changed) return;
    row.classList.remove("just-changed");
    void row.offsetWidth;
    row.classList.add("just-changed");
  };

  const word = (className) => {
    const element = document.createElement("span");
    element.className = className;
    element.textContent = "Gone";
    return element;
  };

  // In the place of when it was confirmed: no row gets higher. Its cells come anew if it comes back.
  const markGone = (row) => {
    const link = row.cells[0].querySelector("a");
    row.classList.add("is-gone");
    link.href = row.dataset.gone; // says that it is gone, with the next best loads
    link.append(" ", word("visually-hidden"));
    row.cells[row.cells.length - 1].replaceChildren(word("tag tag-gone"));
  };

  const say = () => {
    const lost = rows().filter((row) => row.classList.contains("is-gone"));
    const text = lost.length === 0 ? "" : lost.length === 1 ? "1 load of this list is gone" : `${lost.length} loads of this list are gone`;
    if (gone.textContent !== text) gone.textContent = text;
  };

  const layOver = (now) => {
    const standing = new Map([...now.rows].map((row) => [row.id, row]));
    for (const row of rows()) {
      const other = standing.get(row.id);
      const wasGone = row.classList.contains("is-gone");
      if (other) {
        row.classList.remove("is-gone");
        renew(row, other);
      } else if (!wasGone) {
        markGone(row);
      }
    }
    say();
    const count = now.dataset.fresh || "";
    fresh.hidden = !count;
    if (fresh.textContent !== count) fresh.textContent = count;
  };

  const follow = async () => {
    if (fetching || document.hidden) {
      again = true;
      return;
    }
    fetching = true;
    again = false;
    try {
      const address = new URL(list.dataset.now, location.href);
      address.search = location.search;
      address.searchParams.delete("page");
      address.searchParams.set("since", list.dataset.since);
      address.searchParams.set("shown", rows().map((row) => row.id).join(","));
      const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" }, credentials: "same-origin" });
      if (answer.ok && !answer.redirected) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const now = page.getElementById("market-now");
        if (now) layOver(now);
      }
    } catch {
      // the next news tries again; live.js says that the line is down
    } finally {
      fetching = false;
      if (again) soon();
    }
  };

  const soon = () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      follow();
    }, SOON_MS);
  };

  // News of others come to what names them; of loads that one represents or sold, to the page.
  list.addEventListener("backhaul:watched.changed", soon);
  list.addEventListener("backhaul:list.grew", soon);
  for (const name of ["load.opened", "load.edited", "load.covered", "load.withdrawn", "load.expired", "load.sold", "load.taken_back", "relationship.changed", "stream.behind"]) {
    document.body.addEventListener(`backhaul:${name}`, soon);
  }
  // A stream that had to be opened again may have been away for long, or may hear of other loads than before.
  document.body.addEventListener("backhaul:stream.opened", () => {
    if (opened) soon();
    opened = true;
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && again) soon();
  });
  setInterval(() => {
    if (document.body.dataset.live !== "live") soon();
  }, WITHOUT_STREAM_MS);
})();
