// What the collection holds; a click on a column of its timeline filters the questions to those days.
const rows = element.querySelector('.rows');
const draw = () => { rows.innerHTML = (props.value && props.value.html) || ''; };
rows.addEventListener('click', (e) => {
  const span = e.target.closest('[data-first]')?.dataset;
  if (span) trigger('span', {first: span.first, last: span.last});
});
draw(); watch('value', draw);
