/* Says below a chart what the point under the pointer, or the one chosen with the arrow keys, stands for. */
(() => {
  "use strict";
  const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };

  const follow = (plot) => {
    const told = plot.nextElementSibling;
    const pictures = [...plot.querySelectorAll("svg")].map((svg) => [...svg.querySelectorAll(".point")]);
    const words = pictures[0].map((point) => point.querySelector("title").textContent);
    if (!words.length) return;
    let chosen = -1;
    // From left to right, whatever the order of the table.
    const order = words.map((_, index) => index);
    const left = (index) => Number(pictures[0][index].querySelector("rect").getAttribute("x"));
    order.sort((one, other) => left(one) - left(other));

    const choose = (index) => {
      chosen = index;
      for (const points of pictures) points.forEach((point, each) => point.classList.toggle("on", each === index));
      told.textContent = index < 0 ? "" : words[index];
    };
    const open = () => {
      const { href } = chosen < 0 ? {} : pictures[0][chosen].dataset;
      if (href) location.assign(href);
    };

    // Two bubbles with the same words would be one too many.
    for (const title of plot.querySelectorAll(".point title")) title.remove();
    plot.tabIndex = 0;
    plot.classList.add("follows");
    for (const points of pictures) {
      points.forEach((point, index) => point.addEventListener("pointerenter", () => choose(index)));
      points.forEach((point) => point.addEventListener("click", open));
    }
    plot.addEventListener("focus", () => chosen < 0 && choose(order.at(-1)));
    plot.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "Escape") choose(-1);
      else if (event.key === "Enter") open();
      else if (event.key in STEPS) {
        const next = order.indexOf(chosen) + STEPS[event.key];
        choose(order[Math.min(Math.max(next, 0), order.length - 1)]);
        event.preventDefault();
      }
    });
  };

  document.querySelectorAll("[data-follows]").forEach(follow);
})();
