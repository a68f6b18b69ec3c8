// Saved questions, as Python drew them: their buttons, and titles that open articles.
const rows = element.querySelector('.rows');
const draw = () => {
  const had = rows.contains(document.activeElement) ? document.activeElement.dataset : null;
  rows.innerHTML = (props.value && props.value.html) || '';
  const same = had && rows.querySelector('[data-id="' + had.id + '"][data-act="' + had.act + '"]');
  if (had) { rows.tabIndex = -1; (same || rows).focus(); }
};
rows.addEventListener('click', (e) => {
  const at = e.target.closest('[data-cite], [data-id]')?.dataset; if (!at) return;
  if (at.cite) trigger('cite', {article: at.cite, start: at.start}); else trigger('act', {act: at.act, id: at.id});
});
draw(); watch('value', draw);
