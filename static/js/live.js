// Live news: one stream per visible tab, told to the page as DOM events on <body>, so that an element may say
//   hx-trigger="backhaul:matches.changed from:body"
// What the page shows of others it names in data-watch (ids, by spaces); a change brings backhaul:watched.changed to the
// elements that name it. A list of others' things is named there by its own name; what is added brings backhaul:list.grew.
// Without a stream the page polls the feed; a hidden tab does neither, and catches up when it is looked at again.
// The stream is read with fetch: EventSource hides why it was refused, and passes on only names known beforehand.
"use strict";
(() => {
  const STREAM = document.body.dataset.stream || "/events/stream";
  const FEED = document.body.dataset.feed || "/events/feed";
  const ORGANIZATION = document.body.dataset.organization || "";
  const POLL_MS = 5000;
  const LONGEST_POLL_MS = 60000;
  const STREAM_AGAIN_MS = 15000; // after a refusal; until then the page polls
  const SILENCE_MS = 40000; // the server says something each 15 s
  const SEEN_MOST = 1000;
  const WATCHED_MOST = 60; // as the server
  const WATCH_AGAIN_MS = 150; // parts of a page come one after the other
  const WORDS = {
    opening: ["Connecting", "News will reach this page in a moment"],
    live: ["Live", "News reach this page at once"],
    polling: ["Polling", "News reach this page every few seconds"],
    lost: ["Offline", "The server does not answer; this page tries again"],
    off: ["Not live", "Reload the page to hear news again"],
  };

  const seen = new Set();
  let position = null;
  let round = 0; // every start makes what ran before it stale
  let abort = null;
  let finished = false;
  let watched = []; // what the open stream was asked to watch
  let watchAgain = null;

  const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

  const show = (state) => {
    document.body.dataset.live = state;
    for (const element of document.querySelectorAll("#live-state")) {
      const text = element.querySelector(".live-text");
      if (element.dataset.state === state && text.textContent === WORDS[state][0]) continue;
      element.dataset.state = state;
      element.title = WORDS[state][1];
      text.textContent = WORDS[state][0];
    }
  };

  const watching = () => {
    const ids = [...document.querySelectorAll("[data-watch]")].flatMap((element) => element.dataset.watch.split(" "));
    return [...new Set(ids)].filter(Boolean).slice(0, WATCHED_MOST);
  };

  const address = () => {
    watched = watching();
    const asks = new URLSearchParams();
    if (position !== null) asks.set("after", position);
    if (watched.length) asks.set("watch", watched.join(","));
    return asks.size ? `${STREAM}?${asks}` : STREAM;
  };

  // A part of the page that has just come may show something that the stream does not watch yet.
  const lookForMore = () => {
    clearTimeout(watchAgain);
    watchAgain = setTimeout(() => {
      const isNew = watching().some((id) => !watched.includes(id));
      if (isNew && !finished && !document.hidden && document.body.dataset.live === "live") run();
    }, WATCH_AGAIN_MS);
  };

  const dispatch = (name, detail) => {
    document.body.dispatchEvent(new CustomEvent(`backhaul:${name}`, { detail }));
  };

  const tellWatchers = (detail) => {
    for (const element of document.querySelectorAll("[data-watch]")) {
      if (!element.dataset.watch.split(" ").includes(detail.subject)) continue;
      element.dispatchEvent(new CustomEvent(`backhaul:${detail.name}`, { detail, bubbles: true }));
    }
  };

  // A resumed stream or a poll may bring something again; each position is told once.
  const tell = (item) => {
    if (seen.has(item.position)) return;
    seen.add(item.position);
    if (seen.size > SEEN_MOST) seen.delete(seen.values().next().value);
    position = Math.max(position ?? 0, item.position);
    if (item.name === "watched.changed") tellWatchers(item);
    else dispatch(item.name, item);
  };

  // For good: signed out, or working for another organization in another tab.
  const finish = () => {
    finished = true;
    stop();
    show("off");
  };

  const stop = () => {
    round += 1;
    if (abort) abort.abort();
    abort = null;
  };

  const ask = async (url) => {
    const answer = await fetch(url, { credentials: "same-origin", cache: "no-store", signal: abort.signal });
    if (answer.status === 401 || answer.status === 403) finish();
    return answer;
  };

  const hear = (name, data) => {
    if (name === "stream.opened") {
      if (ORGANIZATION && data.organization !== ORGANIZATION) return finish();
      position = data.position;
      lookForMore();
      show("live");
      return dispatch(name, data);
    }
    if (name === "stream.behind") {
      position = data.position;
      return dispatch(name, data);
    }
    if (name === "list.grew") return tellWatchers(data);
    if (name !== "stream.beat") tell(data);
    return undefined;
  };

  const read = (block) => {
    const fields = { event: "message", data: "" };
    for (const line of block.split("\n")) {
      const colon = line.indexOf(": ");
      if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
    }
    if (fields.data) hear(fields.event, JSON.parse(fields.data));
  };

  // Read the stream to its end. Says "refused" when there is none to be had now, "ended" when it may be asked for again.
  const listen = async () => {
    const answer = await ask(address());
    if (!answer.ok) return "refused";
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const mine = abort;
    let silence = null;
    let text = "";
    try {
      for (;;) {
        silence = setTimeout(() => mine.abort(), SILENCE_MS);
        const { value, done } = await reader.read();
        clearTimeout(silence);
        if (done) return "ended";
        text += value;
        const blocks = text.split("\n\n");
        text = blocks.pop();
        blocks.forEach(read);
      }
    } finally {
      clearTimeout(silence);
    }
  };

  const poll = async () => {
    const answer = await ask(position === null ? FEED : `${FEED}?after=${position}`);
    if (!answer.ok) throw new Error(`The feed answers ${answer.status}`);
    const news = await answer.json();
    if (ORGANIZATION && news.organization !== ORGANIZATION) return finish();
    news.items.forEach(tell);
    position = news.position;
    show("polling");
    return news.more ? poll() : undefined;
  };

  const run = async () => {
    stop();
    if (!document.body.dataset.live) show("opening");
    const mine = round;
    let failures = 0;
    let streamAgainAt = 0;
    while (!finished && mine === round) {
      abort = new AbortController();
      try {
        if (Date.now() >= streamAgainAt) {
          if (await listen() === "refused") streamAgainAt = Date.now() + STREAM_AGAIN_MS;
          else await pause(500 + Math.random() * 1500);
        } else {
          await poll();
          await pause(POLL_MS);
        }
        failures = 0;
      } catch {
        if (finished || mine !== round) return;
        failures += 1;
        show(failures > 1 ? "lost" : "polling");
        streamAgainAt = failures > 1 ? 0 : streamAgainAt;
        await pause(Math.min(1000 * 2 ** failures, LONGEST_POLL_MS) * (0.75 + Math.random() / 2));
      }
    }
  };

  document.addEventListener("htmx:afterSettle", lookForMore);

  document.addEventListener("visibilitychange", () => {
    if (finished) return;
    if (document.hidden) stop();
    else run();
  });
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => { if (event.persisted && !finished) run(); });
  window.addEventListener("online", () => { if (!finished && !document.hidden) run(); });
  if (!document.hidden) run();
})();
