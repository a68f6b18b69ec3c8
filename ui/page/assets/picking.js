// Articles to ask alone. A tick changes the filter, and the filter says what is ticked, so that both are always the same.
const rows = element.querySelector('.rows'), search = element.querySelector('input[type=search]'), all = element.querySelector('.all');
let picked = [], timer = 0, changed = 0;
const look = () => trigger('look', {search: search.value});
const choose = (ids) => { picked = ids; changed = Date.now(); trigger('pick', {ids}); };
function draw() {
  const value = props.value || {}, had = document.activeElement?.dataset?.pick;
  // What a person ticks while the tick before is on its way stands; the filter has it a moment later.
  if (value.picked && (Date.now() - changed > 2000 || value.picked.length === picked.length)) picked = value.picked;
  if (value.html !== undefined) rows.innerHTML = value.html;
  rows.querySelectorAll('[data-pick]').forEach((box) => { box.checked = picked.includes(box.dataset.pick); });
  element.querySelector('[role=status]').textContent = value.note || '';
  all.hidden = !picked.length;
  if (had) rows.querySelector('[data-pick="' + CSS.escape(had) + '"]')?.focus();
}
rows.addEventListener('change', (e) => {
  const {checked, dataset: {pick}} = e.target;
  choose(checked ? [...picked, pick] : picked.filter((id) => id !== pick));
});
all.addEventListener('click', () => { choose([]); search.focus(); });
search.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(look, 200); });
element.querySelector('.back').addEventListener('click', () => document.dispatchEvent(new Event('onrecord:back')));
document.addEventListener('onrecord:articles', () => { search.value = ''; look(); search.focus(); });
draw(); watch('value', draw);
