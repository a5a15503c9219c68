"use strict";

// Reports to our server what only a person's browser can show: that the page was seen, that somebody
// stayed, and real movements on the ratings. It never takes over the form; without it the form does all.
(() => {
  // To load the reply to a form again would send the form again, and as if a person had pressed.
  history.replaceState(history.state, "");

  const form = document.getElementById("ask");
  let touchedAt = -Infinity;

  // A script can click, but it cannot make the browser say that a key or a finger went down.
  for (const kind of ["pointerdown", "keydown", "touchstart"]) {
    addEventListener(kind, (event) => { if (event.isTrusted) touchedAt = performance.now(); }, true);
  }
  const isPerson = (event) =>
    event.isTrusted && (performance.now() - touchedAt < 1000 || navigator.userActivation?.isActive === true);

  for (const each of document.forms) {
    each.addEventListener("click", (event) => {
      if (event.target.type === "submit" && isPerson(event)) each.elements.trusted.value = "1";
    });
    const text = each.elements.comment;
    if (text?.dataset.left) countDown(text, each.querySelector(".left"));
  }
  if (!form || !form.dataset.seen) return;

  const { seen, rating, oneClick, gestures, stay, saved } = form.dataset;
  const status = form.querySelector(".chosen");
  const done = document.getElementById("done");
  const saving = document.getElementById("saving");
  const body = (event, value) => new URLSearchParams({
    nonce: form.elements.nonce.value, rating: value, event, automated: navigator.webdriver ? "1" : "",
  });
  const tell = async (event, value, signal) => {
    const reply = await fetch(seen, { method: "POST", body: body(event, value), keepalive: true, signal });
    if (!reply.ok) throw new Error(reply.status);
  };

  if (rating) whenVisible(watch);
  if (gestures) listen();

  async function watch() {
    const isShort = oneClick && done && !navigator.webdriver;
    if (isShort) {
      form.hidden = true;
      saving.hidden = false;
    }
    try {
      // Nobody waits for long: then the form is there to be sent.
      await tell("seen", rating, isShort ? AbortSignal.timeout?.(3000) : undefined);
    } catch {
      form.hidden = false;
      if (isShort) saving.hidden = true;
      return;
    }
    if (isShort) show();
    const stayed = () => tell("stayed", rating).catch(() => {});
    setTimeout(stayed, Number(stay) + 50);
    addEventListener("pagehide", () => navigator.sendBeacon(seen, body("stayed", rating)), { once: true });
  }

  function show() {
    saving.hidden = true;
    done.hidden = false;
    done.querySelector("h1").focus();
    done.querySelector(".change").addEventListener("click", (event) => {
      event.preventDefault();
      done.hidden = true;
      form.hidden = false;
      form.querySelector("input:checked")?.focus();
    });
  }

  function listen() {
    let last = null, queue = Promise.resolve();
    const gesture = (event) => {
      const control = event.target;
      if (control.name !== "rating" || control.value === last || !isPerson(event)) return;
      last = control.value;
      queue = queue.then(() => tell("gesture", control.value)).then(
        () => { if (last === control.value) status.textContent = saved.replace("{label}", () => control.dataset.label ?? control.value); },
        () => { status.textContent = ""; },
      );
    };
    form.addEventListener("change", gesture);
    form.addEventListener("click", gesture);
  }

  function whenVisible(act) {
    if (document.visibilityState === "visible" && !document.prerendering) return act();
    document.addEventListener("visibilitychange", () => whenVisible(act), { once: true });
  }

  function countDown(text, line) {
    const forms = JSON.parse(text.dataset.left);
    const rules = new Intl.PluralRules(document.documentElement.lang);
    const numbers = new Intl.NumberFormat(document.documentElement.lang);
    const say = () => {
      const left = text.maxLength - text.value.length;
      line.textContent = left > 200 ? "" : forms[rules.select(left)].replace("{n}", numbers.format(left));
    };
    let pause;
    text.addEventListener("input", () => {
      // A screen reader says the line whenever it changes: in a pause, not at every letter.
      clearTimeout(pause);
      pause = setTimeout(say, 500);
    });
  }
})();
