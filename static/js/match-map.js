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

  // a truck empties near the pickup and lives near the delivery: their labels keep to different sides
  const SIDES = { empty: "left", home: "left", pickup: "right", delivery: "right" };

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
    for (const stop of way.value.stops) {
      L.circleMarker([stop.lat, stop.lon], { renderer, radius: 6, weight: 2, color: "#10242c", fillColor: stop.kind === "home" ? "#6d7f8b" : stop.kind === "empty" ? "#d9890b" : "#1b5fb0", fillOpacity: 1 })
        .bindTooltip(stop.label, { permanent: true, direction: SIDES[stop.kind], offset: [SIDES[stop.kind] === "left" ? -7 : 7, 0], className: "map-label" }).addTo(map);
    }
    map.invalidateSize({ pan: false });
    if (bounds.isValid()) map.fitBounds(bounds, { padding: [90, 28], animate: false });
  };

  const drawAll = (root) => root.querySelectorAll("[data-match-map]").forEach((box) => draw(box));
  document.addEventListener("DOMContentLoaded", () => drawAll(document));
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.target));
})();
