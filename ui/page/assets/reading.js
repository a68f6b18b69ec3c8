// An article of the collection, to read; the browser keeps the focus inside and gives it back.
const dialog = element.querySelector('dialog');
watch('value', () => {
  if (!props.value || !props.value.html) return;
  dialog.querySelector('.page').innerHTML = props.value.html;
  if (!dialog.open) dialog.showModal();
  dialog.querySelector('.page').scrollTop = 0;
});
dialog.querySelector('.back').addEventListener('click', () => dialog.close());
