// The table of articles: search, order, pages, reading, editing in the row, and removal that asks first.
const rows = element.querySelector('.rows'), search = element.querySelector('input[type=search]'), drop = element.querySelector('.drop');
const sure = element.querySelector('dialog.sure');
let sort = 'added', down = true, page = 0, timer = 0, row = null;
const at = () => ({search: search.value, sort, down, page});
const look = () => trigger('look', at());
const checked = () => [...rows.querySelectorAll('input[data-id]:checked')];
function count() {
  const n = checked().length;
  drop.disabled = !n; drop.textContent = n ? counted(n, 'Remove {count} article', 'Remove {count} articles') : _('Remove');
}
function draw() {
  if (row && props.value?.error) {
    for (const said of row.querySelectorAll('.bad')) said.textContent = said.dataset.of === props.value.of ? props.value.error : '';
    for (const box of row.querySelectorAll('input[name]')) box.setAttribute('aria-invalid', box.name === props.value.of);
    row.querySelectorAll('.facts button').forEach((button) => { button.disabled = false; });
    return;
  }
  const had = document.activeElement?.dataset?.sort, edited = row?.dataset.id;
  row = null; rows.innerHTML = (props.value && props.value.html) || ''; count();
  if (had) rows.querySelector('[data-sort="' + had + '"]')?.focus();
  if (edited) rows.querySelector('[data-edit="' + edited + '"]')?.focus();
}
const FACTS = {title: [_('Title'), 1, ''], source: [_('Source'), 2, ''], published: [_('Date'), 3, '2024-03-09']};
function edit(asked, first) {
  if (row) leave();
  row = asked;
  const now = row.querySelector('[data-edit]').dataset;
  row.dataset.id = now.edit; row.before = [...row.cells].map((cell) => [...cell.childNodes]);
  for (const [fact, [label, cell, hint]] of Object.entries(FACTS)) {
    const box = document.createElement('input');
    Object.assign(box, {name: fact, value: now[fact], defaultValue: now[fact], placeholder: hint, maxLength: 300, dir: 'auto'});
    box.setAttribute('aria-label', label);
    const place = row.cells[cell], day = document.createElement('div');
    day.append(box);
    if (fact === 'published') { day.className = 'day'; day.append(element.querySelector('template').content.cloneNode(true)); }
    place.dataset.label = label; place.replaceChildren(day);
    place.insertAdjacentHTML('beforeend', '<p class="bad" role="alert" data-of="' + fact + '"></p>');
  }
  row.cells[6].className = 'facts';
  row.cells[6].innerHTML = '<button type="button" class="primary" data-save>' + _('Save') + '</button><button type="button" class="quiet" data-leave>' + _('Cancel') + '</button>';
  row.querySelector('[name=' + first + ']').focus();
}
function leave() {
  [...row.cells].forEach((cell, n) => { cell.replaceChildren(...row.before[n]); delete cell.dataset.label; });
  const back = row.querySelector('[data-edit]'); row = null; back.focus();
}
function save() {
  const facts = {};
  for (const box of row.querySelectorAll('input[name]')) if (box.value.trim() !== box.defaultValue) facts[box.name] = box.value;
  if (!Object.keys(facts).length) return leave();
  row.querySelectorAll('.facts button').forEach((button) => { button.disabled = true; });
  trigger('edit', {id: row.dataset.id, facts, ...at()});
}
rows.addEventListener('keydown', (e) => {
  if (!row || !e.target.matches('input[name]')) return;
  if (e.key === 'Enter') save(); else if (e.key === 'Escape') leave(); else return;
  e.preventDefault(); e.stopPropagation();
});
search.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(() => { page = 0; look(); }, 200); });
rows.addEventListener('change', count);
rows.addEventListener('click', (e) => {
  const hit = e.target.closest('[data-sort], [data-page], [data-read], [data-edit], [data-set], [data-save], [data-leave]');
  if (!hit) return;
  const d = hit.dataset;
  if (d.edit || d.set) edit(hit.closest('tr'), d.set || 'title');
  else if ('save' in d) save();
  else if ('leave' in d) leave();
  else if (d.read) trigger('read', {id: d.read});
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
