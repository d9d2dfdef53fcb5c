// The form of a return leg: a field that another one makes pointless is hidden. Without this all are shown.
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
  document.addEventListener("change", settle);
  document.addEventListener("htmx:afterSettle", settle);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", settle);
  else settle();
})();
