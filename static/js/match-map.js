// Draws a match on a map without tiles: the states, the freeways, and the truck's way home, empty against loaded.
"use strict";
(() => {
  const once = new Map();
  const json = (address) => {
    if (!once.has(address)) {
      once.set(address, fetch(address, { credentials: "same-origin" }).then((answer) => {
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.json();
      }).catch((error) => {
        once.delete(address);
        throw error;
      }));
    }
    return once.get(address);
  };

  const COLOURS = { empty: "#d9890b", loaded: "#1b5fb0", home: "#6d7f8b" };

  // A truck empties near the pickup and lives near the delivery: of such two the western one's label goes west.
  const PAIRS = [["empty", "pickup"], ["delivery", "home"]];
  const sides = (stops) => {
    const found = new Map(stops.map((stop) => [stop, stop.kind === "empty" || stop.kind === "home" ? "left" : "right"]));
    for (const kinds of PAIRS) {
      const [one, other] = kinds.map((kind) => stops.filter((stop) => stop.kind === kind));
      if (one.length !== 1 || other.length !== 1) continue;
      const west = one[0].lon <= other[0].lon ? one[0] : other[0];
      found.set(one[0], one[0] === west ? "left" : "right");
      found.set(other[0], other[0] === west ? "left" : "right");
    }
    return found;
  };

  const draw = async (box) => {
    if (box.dataset.drawn || !window.L) return;
    box.dataset.drawn = "yes";
    const renderer = L.canvas({ padding: 0.4 });
    const map = L.map(box, {
      renderer, zoomControl: false, attributionControl: false, zoomSnap: 0.25, minZoom: 3, maxZoom: 10, scrollWheelZoom: false,
      zoomAnimation: false, fadeAnimation: false,
    });
    L.control.zoom({ position: "bottomright" }).addTo(map);
    map.setView([39, -96], 4);
    if (box.dataset.tiles) L.tileLayer(box.dataset.tiles).addTo(map);
    const [states, freeways, way] = await Promise.allSettled([json(box.dataset.states), json(box.dataset.freeways), json(box.dataset.way)]);
    if (states.status === "fulfilled" && window.topojson) {
      const outline = topojson.feature(states.value, states.value.objects.states);
      L.geoJSON(outline, { renderer, interactive: false, style: { color: "#c3cdd2", weight: 1, fillColor: "#ffffff", fillOpacity: 1 } }).addTo(map);
    }
    if (freeways.status === "fulfilled") {
      L.geoJSON(freeways.value, { renderer, interactive: false, style: { color: "#dfe5e8", weight: 1 } }).addTo(map);
    }
    if (way.status !== "fulfilled") {
      box.insertAdjacentHTML("beforeend", '<p class="map-note">The way could not be drawn. Reload to try again.</p>');
      return;
    }
    const bounds = L.latLngBounds([]);
    for (const line of way.value.lines) {
      const style = { renderer, color: COLOURS[line.kind], weight: line.kind === "home" ? 3 : 4, opacity: line.kind === "home" ? 0.75 : 0.95 };
      if (line.kind !== "loaded") style.dashArray = line.kind === "home" ? "2 7" : "7 6";
      L.polyline(line.points, style).bindTooltip(line.label, { sticky: true }).addTo(map);
      line.points.forEach((point) => bounds.extend(point));
    }
    const narrow = box.clientWidth < 480; // only the first word of a label fits
    const side = sides(way.value.stops);
    for (const stop of way.value.stops) {
      const left = side.get(stop) === "left";
      const fill = stop.kind === "home" ? "#6d7f8b" : stop.kind === "empty" ? "#d9890b" : "#1b5fb0";
      L.circleMarker([stop.lat, stop.lon], { renderer, radius: 6, weight: 2, color: "#10242c", fillColor: fill, fillOpacity: 1 })
        .bindTooltip(narrow ? stop.label.split(":")[0] : stop.label, { permanent: true, direction: left ? "left" : "right", offset: [left ? -7 : 7, 0], className: "map-label" }).addTo(map);
    }
    map.invalidateSize({ pan: false });
    if (bounds.isValid()) map.fitBounds(bounds, { padding: narrow ? [62, 24] : [120, 28], animate: false });
  };

  const drawAll = (root) => root.querySelectorAll("[data-match-map]").forEach((box) => draw(box));
  document.addEventListener("DOMContentLoaded", () => drawAll(document));
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.target));
})();
