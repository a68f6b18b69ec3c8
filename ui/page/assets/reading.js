// An article of the collection, to read; the browser keeps the focus inside and gives it back.
const dialog = element.querySelector('dialog');
watch('value', () => {
  if (!props.value || !props.value.html) return;
  dialog.querySelector('.page').innerHTML = props.value.html;
  if (!dialog.open) dialog.showModal();
  const hit = dialog.querySelector('.hit');
  if (hit) { hit.scrollIntoView({block: 'center'}); hit.focus({preventScroll: true}); } else dialog.querySelector('.page').scrollTop = 0;
});
dialog.querySelector('.back').addEventListener('click', () => dialog.close());
