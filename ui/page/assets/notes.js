// Pinned quotes. What is typed beside one is kept when the field is left; the list is then not drawn anew.
const list = element.querySelector('.rows'), said = element.querySelector('[role=status]'), sure = element.querySelector('dialog');
let id = '';
function draw() {
  const value = props.value || {}; said.textContent = value.said || '';
  if (value.html !== undefined) list.innerHTML = value.html;
}
list.addEventListener('change', (e) => { if (e.target.dataset.line) trigger('jot', {id: e.target.dataset.line, text: e.target.value}); });
list.addEventListener('click', (e) => {
  const at = e.target.closest('[data-reopen], [data-unpin]'); if (!at) return;
  if (at.dataset.reopen) return trigger('reopen', {id: at.dataset.reopen});
  id = at.dataset.unpin; sure.querySelector('p').textContent = at.dataset.quote; sure.showModal();
});
sure.addEventListener('close', () => { if (sure.returnValue === 'yes') trigger('unpin', {id}); sure.returnValue = ''; });
draw(); watch('value', draw);
