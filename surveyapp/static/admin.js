/* The preview follows what is typed, in the language in which it is typed. Without this script a button shows it. */
(() => {
  "use strict";
  const PAUSE = 600;
  const button = document.querySelector("button[data-follows]");
  if (!button || !button.form.requestSubmit) return;
  const { form } = button;
  const languages = form.elements.language;
  let timer = 0;

  // A new frame starts no entry in the browser's history, so that "back" still leads back.
  const renew = () => {
    const old = document.getElementsByName(button.formTarget)[0];
    const top = old.contentWindow ? old.contentWindow.scrollY : 0;
    const frame = old.cloneNode();
    frame.removeAttribute("src");
    frame.addEventListener("load", () => frame.contentWindow.scrollTo(0, top));
    old.replaceWith(frame);
  };
  const show = () => {
    renew();
    form.requestSubmit(button);
  };

  form.addEventListener("input", ({ target }) => {
    const [language] = target.name.split(".");
    if ([...languages.options].some((option) => option.value === language)) languages.value = language;
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
})();
