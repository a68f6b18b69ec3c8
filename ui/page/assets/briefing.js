// The briefing that Python drew; a title opens its article at the sentence.
const rows = element.querySelector('.rows');
const draw = () => { rows.innerHTML = (props.value && props.value.html) || ''; };
rows.addEventListener('click', (e) => {
  const at = e.target.closest('[data-cite]')?.dataset;
  if (at) trigger('cite', {article: at.cite, start: at.start});
});
draw(); watch('value', draw);
