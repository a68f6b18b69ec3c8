// Filters the questions of each suite; everything is in the page already.
for (const box of document.querySelectorAll("[data-questions]")) {
  const rows = [...box.querySelectorAll("details.question")];
  const [text, kind, outcome] = ["text", "kind", "outcome"].map((name) => box.querySelector(`[data-by=${name}]`));
  const count = box.querySelector(".count");
  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const row of rows) {
      const fits =
        (!kind.value || row.dataset.kind === kind.value) &&
        (!outcome.value || row.dataset.outcomes.split(" ").includes(outcome.value)) &&
        words.every((word) => row.dataset.text.includes(word));
      row.hidden = !fits;
      left += fits;
    }
    count.textContent = `${left} of ${rows.length}`;
  };
  for (const field of [text, kind, outcome]) field.addEventListener("input", apply);
  apply();
}
