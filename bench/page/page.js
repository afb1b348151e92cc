// Tables sort by a click on a column's head. Reference rows have a body of their
// own above, which stays.
for (const table of document.querySelectorAll("table.results")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = [...table.tBodies].find(b => !b.classList.contains("reference"));
  if (!body) continue;
  const original = [...body.rows];
  heads.forEach((th, column) => th.querySelector("button.sort")?.addEventListener("click", () => {
    const now = th.getAttribute("aria-sort");
    const next = now === "ascending" ? "descending" : now === "descending" ? null : "ascending";
    heads.forEach(h => h.removeAttribute("aria-sort"));
    if (next === null) { body.append(...original); return; }
    th.setAttribute("aria-sort", next);
    const sign = next === "ascending" ? 1 : -1;
    const key = row => row.cells[column]?.dataset.value ?? "";
    body.append(...[...original].sort((a, b) => {
      const x = key(a), y = key(b);
      if (x === "" || y === "") return (x === "") - (y === ""); // what does not exist comes last
      const d = Number(x) - Number(y);
      return sign * (Number.isNaN(d) ? x.localeCompare(y) : d);
    }));
  }));
}
