// The differences that Python drew; a title opens its article at the sentence, a button dismisses its pair.
const rows = element.querySelector('.rows');
const draw = () => { rows.innerHTML = (props.value && props.value.html) || ''; };
rows.addEventListener('click', (e) => {
  const at = e.target.closest('[data-cite]')?.dataset;
  if (at) trigger('cite', {article: at.cite, start: at.start});
  const none = e.target.closest('[data-dismiss]')?.dataset;
  if (none) trigger('dismiss', {id: none.dismiss});
});
draw(); watch('value', draw);
