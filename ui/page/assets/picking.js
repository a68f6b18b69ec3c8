// Articles to ask alone. A tick changes the filter, and the filter says what is ticked, so that both are always the same.
const rows = element.querySelector('.rows'), search = element.querySelector('input[type=search]'), all = element.querySelector('.all');
let picked = [], timer = 0, retold = 0, changed = -Infinity;
const look = () => trigger('look', {search: search.value});
const choose = (ids) => { picked = ids; changed = Date.now(); trigger('pick', {ids}); };
const same = (one, other) => one.length === other.length && one.every((id) => other.includes(id));
// Of two ticks in a moment the filter may have, or tell, the first alone: it is told again, and asked what it has.
const again = () => { trigger('pick', {ids: picked}); setTimeout(look, 500); };
function draw() {
  const value = props.value || {}, had = document.activeElement?.dataset?.pick;
  // What a person ticks stands for ten seconds, or until a moment after the filter has it.
  const late = value.picked && Date.now() - changed < 10000 && !same(value.picked, picked);
  clearTimeout(retold);
  if (late) retold = setTimeout(again, 300);
  else if (value.picked) { picked = value.picked; changed = Math.min(changed, Date.now() - 8500); }
  if (value.html !== undefined) rows.innerHTML = value.html;
  rows.querySelectorAll('[data-pick]').forEach((box) => { box.checked = picked.includes(box.dataset.pick); });
  if (!late) element.querySelector('[role=status]').textContent = value.note || '';
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
