// The keyboard: skip links, keys that lead somewhere, and their list. Single keys can be switched off, for people
// whose speech or hand makes the computer hear keys that nobody meant.
const dialog = element.querySelector('dialog'), single = element.querySelector('input[type=checkbox]'), OFF = 'onrecord-keys-off';
const box = () => document.querySelector('#question textarea'), shown = (node) => node && node.getClientRects().length > 0;
const tabs = () => [...document.querySelectorAll('#tabs > .tab-wrapper [role=tab]')].filter(shown);
function answer() {
  const newest = [...document.querySelectorAll('.turn .answer')].at(-1); if (!shown(newest)) return false;
  newest.tabIndex = -1; newest.focus(); return true;
}
function question() {  // at once where it is seen: what is typed next belongs into it
  if (shown(box())) return box().focus();
  tabs()[0]?.click(); requestAnimationFrame(() => box()?.focus());
}
function list() { single.checked = !localStorage.getItem(OFF); if (!dialog.open) dialog.showModal(); }
const KEYS = {
  '?': list, '/': question, a: answer, s: () => document.querySelector('#sources .card')?.focus(),
  n: () => document.querySelector('[data-act=new]')?.click(),
};
document.addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey || e.defaultPrevented || document.querySelector('dialog[open]')) return;
  if (e.key === 'Tab' && !e.shiftKey && e.target === box()) { if (answer()) e.preventDefault(); return; }
  if (localStorage.getItem(OFF) || e.target.closest?.('input, textarea, select, [contenteditable=true]')) return;
  const go = KEYS[e.key] || (/^[1-9]$/.test(e.key) && tabs()[e.key - 1] && (() => { const tab = tabs()[e.key - 1]; tab.click(); tab.focus(); }));
  if (go) { e.preventDefault(); go(); }
});
element.querySelector('.to-question').addEventListener('click', question);
element.querySelector('.to-answer').addEventListener('click', () => answer() || question());
element.querySelector('.open-keys').addEventListener('click', list);
single.addEventListener('change', () => single.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, '1'));
