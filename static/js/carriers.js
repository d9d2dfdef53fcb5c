// The form of a return leg: a field that another one makes pointless is hidden, and what was typed while the form was
// fetched anew for another truck stays. Without this all fields are shown.
"use strict";
(() => {
  const rules = [
    ["id_home_base", "id_home_field", (value) => value === ""],
    ["id_audience", "id_partners_first_until_field", (value) => value === "partners_first"],
  ];
  const settle = () => {
    for (const [control, field, wanted] of rules) {
      const select = document.getElementById(control);
      const box = document.getElementById(field);
      if (select && box) box.hidden = !wanted(select.value);
    }
  };
  const typed = () => {
    const fields = [...document.getElementById("leg-form").elements];
    return new Map(fields.filter((field) => field.name && !["hidden", "checkbox", "submit"].includes(field.type)).map((field) => [field.id, field.value]));
  };
  let sent = null;
  let late = new Map();
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target && event.detail.target.id === "leg-form") sent = typed();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!sent || !event.detail.target || event.detail.target.id !== "leg-form") return;
    late = new Map([...typed()].filter(([id, value]) => sent.get(id) !== value));
    sent = null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    const back = [...late];
    late = new Map();
    for (const [id, value] of back) {
      const field = document.getElementById(id);
      if (!field || field.value === value) continue;
      field.value = value;
      if (field.matches("[data-places]")) field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  document.addEventListener("change", settle);
  document.addEventListener("htmx:afterSettle", settle);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", settle);
  else settle();
})();
