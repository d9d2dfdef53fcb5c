// Place fields: keys and clicks in the list of suggestions that htmx fetches. Without it the field is plain text.
"use strict";
(() => {
  const listOf = (input) => document.getElementById(input.getAttribute("aria-controls"));
  const options = (input) => [...listOf(input).querySelectorAll("[role=option]")];

  const show = (input, open) => {
    listOf(input).hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) mark(input, -1);
  };
  const mark = (input, index) => {
    const all = options(input);
    all.forEach((option, at) => {
      option.id = `${listOf(input).id}_${at}`;
      option.setAttribute("aria-selected", String(at === index));
      option.classList.toggle("active", at === index);
    });
    if (all[index]) {
      input.setAttribute("aria-activedescendant", all[index].id);
      all[index].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };
  const choose = (input, option) => {
    input.value = option.dataset.value;
    show(input, false);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };

  document.addEventListener("htmx:afterSwap", (event) => {
    const input = event.detail.requestConfig && event.detail.requestConfig.elt;
    if (!input || !input.matches("[data-places]")) return;
    const all = options(input);
    show(input, document.activeElement === input && all.length > 0 && all[0].dataset.value !== input.value);
  });
  document.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!input.matches || !input.matches("[data-places]") || listOf(input).hidden) return;
    const all = options(input);
    const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(input, (at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1) + all.length) % all.length);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      choose(input, all[at]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      show(input, false);
    } else if (event.key === "Tab" && at >= 0) choose(input, all[at]);
  });
  // Pressing the mouse must not take the focus from the field before the choice is made.
  document.addEventListener("mousedown", (event) => {
    const list = event.target.closest && event.target.closest(".place-options");
    if (!list) return;
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    const input = document.querySelector(`[aria-controls="${CSS.escape(list.id)}"]`);
    if (option && input) choose(input, option);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.matches && event.target.matches("[data-places]")) show(event.target, false);
  });
})();
