// The pages' shared behaviour. Everything works without it; nothing here decides anything.
"use strict";
(() => {
  const toast = (text, kind = "danger") => {
    const region = document.getElementById("toasts");
    if (!region) return;
    const box = document.createElement("div");
    box.className = `alert alert-${kind} alert-dismissible`;
    box.append(text);
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn-close";
    close.setAttribute("aria-label", "Close this message");
    close.addEventListener("click", () => box.remove());
    box.append(close);
    region.append(box);
    setTimeout(() => box.remove(), 12000);
  };
  window.backhaul = Object.assign(window.backhaul || {}, { toast });

  // A question before something that cannot be taken back, and no second submit while the first is under way.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = (event.submitter && event.submitter.dataset.confirm) || form.dataset.confirm;
    if (question && !window.confirm(question)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (event.defaultPrevented || (form.getAttribute("method") || "").toLowerCase() !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    const organization = document.body.dataset.organization;
    if (organization && !form.elements.namedItem("_organization")) {
      const seen = document.createElement("input");
      seen.type = "hidden";
      seen.name = "_organization";
      seen.value = organization;
      form.append(seen);
    }
    form.dataset.sent = "yes";
    form.classList.add("is-sending");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.classList.remove("is-sending");
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) {
      const source = document.querySelector(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.value || source.textContent.trim());
        toast("Copied.", "success");
      } catch {
        if (source.select) source.select();
        toast("Your browser does not let pages copy: press Ctrl+C.", "info");
      }
    }
  });

  document.addEventListener("htmx:configRequest", (event) => {
    const organization = document.body.dataset.organization;
    if (organization) event.detail.headers["X-Organization"] = organization;
  });

  // htmx: what went wrong is said, never swallowed.
  document.addEventListener("htmx:responseError", (event) => {
    const answer = new DOMParser().parseFromString(event.detail.xhr.responseText || "", "text/html");
    const sentence = answer.querySelector("[role=alert], .empty-subtitle");
    toast(sentence ? sentence.textContent.trim() : "That did not work. Reload the page and try again.");
  });
  document.addEventListener("htmx:sendError", () => toast("The server does not answer. Check your connection and try again."));

  // What says the same as before is not said again: no blinking, and nothing read aloud twice.
  const said = new WeakMap();
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, serverResponse, xhr } = event.detail;
    if (xhr.status !== 200 || !target.hasAttribute("data-quiet")) return;
    if (said.get(target) === serverResponse) event.detail.shouldSwap = false;
    said.set(target, serverResponse);
  });

  const settle = () => {
    // Tabs that are wider than the screen: the open one is in sight.
    for (const tab of document.querySelectorAll(".page-tabs [aria-current]")) {
      const strip = tab.closest(".page-tabs");
      const beyond = tab.getBoundingClientRect().right - strip.getBoundingClientRect().right;
      if (beyond > 0) strip.scrollLeft += beyond + 24;
    }
    const summary = document.querySelector("[data-focus]");
    if (summary) summary.focus();
    // Passkeys belong to a name: browsers refuse them at a bare address such as 127.0.0.1.
    const bare = /^[\d.]+$|^\[/.test(window.location.hostname);
    for (const part of document.querySelectorAll("[data-passkey]")) part.hidden = bare || !window.PublicKeyCredential;
    for (const select of document.querySelectorAll("select[data-browser-zone]")) {
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      if ([...select.options].some((option) => option.value === zone)) select.value = zone;
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", settle);
  else settle();
})();
