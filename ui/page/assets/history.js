// Earlier conversations. A new name and a deletion are asked for in a dialog of the browser's own.
const list = element.querySelector('.rows'), search = element.querySelector('input[type=search]');
const rename = element.querySelector('dialog.rename'), erase = element.querySelector('dialog.erase');
let id = '', timer = 0;
function draw() { list.innerHTML = (props.value && props.value.html) || ''; }
search.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(() => trigger('seek', {search: search.value}), 200); });
list.addEventListener('click', (e) => {
  const at = e.target.closest('[data-open], [data-rename], [data-delete]'); if (!at) return;
  const d = at.dataset;
  if (d.open) trigger('wake', {id: d.open});
  else if (d.rename) { id = d.rename; rename.querySelector('input').value = d.title; rename.showModal(); rename.querySelector('input').select(); }
  else { id = d.delete; erase.querySelector('p').textContent = d.title; erase.showModal(); }
});
rename.addEventListener('close', () => { if (rename.returnValue === 'yes') trigger('entitle', {id, title: rename.querySelector('input').value}); rename.returnValue = ''; });
erase.addEventListener('close', () => { if (erase.returnValue === 'yes') trigger('erase', {id}); erase.returnValue = ''; });
draw(); watch('value', draw);
