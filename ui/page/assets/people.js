// Names, as Python drew them: a name shows its sentences, a title opens the article there, a kind its own list.
const rows = element.querySelector('.rows'), form = element.querySelector('form'), name = form.querySelector('input');
const kind = () => element.querySelector('[data-kind][aria-pressed="true"]')?.dataset.kind || '';
const draw = () => {
  const had = rows.contains(document.activeElement);
  rows.innerHTML = (props.value && props.value.html) || '';
  if (had) { const to = rows.querySelector('h3, button'); if (to) { to.tabIndex = to.tabIndex < 0 ? -1 : to.tabIndex; to.focus(); } }
};
form.addEventListener('submit', (e) => { e.preventDefault(); if (name.value.trim()) trigger('speaker', {name: name.value, kind: kind()}); });
rows.addEventListener('click', (e) => {
  const at = e.target.closest('[data-cite], [data-speaker], [data-people]')?.dataset; if (!at) return;
  if (at.cite) trigger('cite', {article: at.cite, start: at.start});
  else if (at.speaker) trigger('speaker', {name: at.speaker, kind: kind()});
  else trigger('everybody', {kind: at.people});
});
draw(); watch('value', draw);
