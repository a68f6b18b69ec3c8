// The table of articles: search, order, pages, reading, and removal that asks first.
const rows = element.querySelector('.rows'), search = element.querySelector('input[type=search]'), drop = element.querySelector('.drop');
const sure = element.querySelector('dialog.sure');
let sort = 'added', down = true, page = 0, timer = 0;
const look = () => trigger('look', {search: search.value, sort, down, page});
const checked = () => [...rows.querySelectorAll('input[data-id]:checked')];
function count() {
  const n = checked().length;
  drop.disabled = !n; drop.textContent = n ? 'Remove ' + n + (n === 1 ? ' article' : ' articles') : 'Remove';
}
function draw() {
  const had = document.activeElement?.dataset?.sort;
  rows.innerHTML = (props.value && props.value.html) || ''; count();
  if (had) rows.querySelector('[data-sort="' + had + '"]')?.focus();
}
search.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(() => { page = 0; look(); }, 200); });
rows.addEventListener('change', count);
rows.addEventListener('click', (e) => {
  const at = e.target.closest('[data-sort], [data-page], [data-read]'); if (!at) return;
  const d = at.dataset;
  if (d.read) trigger('read', {id: d.read});
  else if (d.page) { page = Number(d.page); look(); }
  else { down = sort === d.sort ? !down : ['words', 'added', 'published'].includes(d.sort); sort = d.sort; page = 0; look(); }
});
drop.addEventListener('click', () => {
  const list = sure.querySelector('ul'); list.replaceChildren();
  for (const box of checked()) {
    const item = document.createElement('li'); item.dir = 'auto';
    item.textContent = box.closest('tr').querySelector('.title').textContent; list.append(item);
  }
  sure.showModal();
});
sure.addEventListener('close', () => {
  if (sure.returnValue === 'yes') { trigger('discard', {ids: checked().map((box) => box.dataset.id)}); page = 0; search.value = ''; }
  sure.returnValue = '';
});
draw(); watch('value', draw);
