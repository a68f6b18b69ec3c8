// The conversation. Python sends finished, escaped HTML per turn; this script only puts it where it belongs,
// changing no more of the page than has changed, so that nothing jumps and no focus is lost.
const log = element.querySelector('.log'), bar = element.querySelector('.bar'), seen = new Map();
const tip = document.createElement('div');
tip.id = 'tip'; tip.setAttribute('aria-hidden', 'true'); document.body.append(tip);
let cameFrom = null;

function morph(from, to) {
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || (from.dataset && from.dataset.k !== to.dataset.k)) {
    from.replaceWith(to); return;
  }
  if (from.nodeType === 3) { if (from.data !== to.data) from.data = to.data; return; }
  for (const a of [...from.attributes]) if (!to.hasAttribute(a.name) && a.name !== 'open') from.removeAttribute(a.name);
  for (const a of [...to.attributes]) if (from.getAttribute(a.name) !== a.value) from.setAttribute(a.name, a.value);
  children(from, to);
}
function children(from, to) {
  const old = [...from.childNodes], fresh = [...to.childNodes];
  fresh.forEach((node, n) => old[n] ? morph(old[n], node) : from.append(node));
  old.slice(fresh.length).forEach((node) => node.remove());
}
function fill(node, html) {
  const made = document.createElement(node.nodeName); made.innerHTML = html; children(node, made);
}

function draw() {
  const value = props.value; if (!value || !value.turns) return;
  // Only what is new is sent; should the page have been drawn anew meanwhile, the rest is drawn from memory.
  const all = window.onrecordTurns ??= [];
  all.splice(value.kept <= all.length ? value.kept : 0, Infinity, ...value.turns);
  const wasEmpty = !log.querySelector('.turn'), there = [...log.querySelectorAll(':scope > .turn')];
  const from = Math.min(value.kept, there.length);
  log.querySelector(':scope > .first')?.remove();
  there.slice(all.length).forEach((node) => node.remove());
  let added = null;
  all.slice(from).forEach((turn, n) => {
    let node = there[from + n];
    if (!node || !node.isConnected) {
      node = document.createElement('article'); node.className = 'turn'; log.append(node); added = node;
    }
    if (node.dataset.k !== turn.k) { node.dataset.k = turn.k; seen.delete(node); added = node; }
    if (seen.get(node) !== turn.html) { fill(node, turn.html); seen.set(node, turn.html); }
  });
  if (value.empty) {
    const first = document.createElement('div'); first.className = 'first'; first.innerHTML = value.empty; log.append(first);
  }
  if (seen.get(bar) !== value.bar) { fill(bar, value.bar || ''); seen.set(bar, value.bar); }
  log.querySelectorAll('.turn').forEach((node) => node.classList.toggle('newest', node === log.lastElementChild));
  if (added) log.scrollTo({top: added.offsetTop - log.offsetTop, behavior: wasEmpty || matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth'});
  if (value.join) trigger('join', {});
  if (value.address !== undefined && value.address !== location.search) {
    const theme = new URLSearchParams(location.search).get('__theme');
    history.replaceState(null, '', location.pathname + (value.address || '') + (theme ? (value.address ? '&' : '?') + '__theme=' + theme : ''));
  }
}

const box = () => document.querySelector('#question textarea');
function write(text) {
  const area = box(); if (!area) return;
  area.focus(); if (text === undefined) return;
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(area, text);
  area.dispatchEvent(new Event('input', {bubbles: true}));
}
async function copy(button) {
  const text = button.dataset.text;
  try { await navigator.clipboard.writeText(text); }
  catch {
    const area = Object.assign(document.createElement('textarea'), {value: text}); document.body.append(area);
    area.select(); document.execCommand('copy'); area.remove();
  }
  const label = button.textContent; button.textContent = _('Copied'); setTimeout(() => { button.textContent = label; }, 1500);
}
function openTab(name) {
  document.querySelector('[role=tab][data-tab-id=' + name + ']')?.click();
}

function act(button) {
  const {act, turn, text} = button.dataset;
  if (act === 'copy') copy(button);
  else if (act === 'suggest' || act === 'retry' || act === 'unfiltered') trigger('again', {act, turn, text});
  else if (act === 'edit' || act === 'correct') { trigger('edit', {act, turn}); write(); }
  else if (act === 'pin') trigger('pin', {turn, article: button.dataset.article, start: Number(button.dataset.start)});
  else if (act === 'keep') trigger('keep', {turn});
  else if (act === 'right') trigger('judge', {act, turn});
  else if (act === 'wrong_answer' || act === 'wrong_citation') ask(button);
  else if (act === 'new') { trigger('fresh', {}); write(''); document.body.classList.remove('reading', 'picking', 'side-open'); }
  else if (act === 'sources') { document.body.classList.remove('picking'); document.body.classList.add('side-open'); document.querySelector('#side h2')?.focus?.(); }
  else if (act === 'collection') openTab('collection');
  else if (act === 'articles') {
    cameFrom = button; document.body.classList.remove('reading'); document.body.classList.add('picking', 'side-open');
    document.dispatchEvent(new Event('onrecord:articles'));
  }
}
function ask(button) {  // a note beside a bad mark, so that the suite knows what would have been right
  const {act, turn} = button.dataset, form = document.createElement('form'), wrong = act === 'wrong_answer';
  button.closest('.turn').querySelector('form.judge')?.remove();
  form.className = 'judge';
  form.innerHTML = '<label>' + (wrong ? _('What would be right? (optional)') : _('What is wrong with the citation? (optional)')) +
    '<input name="note" maxlength="2000" autocomplete="off"></label><button class="primary">' + _('Save') + '</button><button type="button" class="quiet">' + _('Cancel') + '</button>';
  form.addEventListener('submit', (e) => { e.preventDefault(); trigger('judge', {act, turn, note: form.note.value}); form.remove(); button.focus(); });
  form.querySelector('[type=button]').addEventListener('click', () => { form.remove(); button.focus(); });
  button.closest('.turn').append(form); form.note.focus(); form.scrollIntoView({block: 'nearest'});
}

document.addEventListener('click', (e) => {
  const at = e.target.closest?.('[data-cite], [data-act]'); if (!at) return;
  if (at.dataset.cite !== undefined) {
    const d = at.dataset; cameFrom = at; hide();
    const number = (text) => text === undefined ? null : Number(text);
    trigger('cite', {article: d.cite, start: number(d.start), index: number(d.index), turn: d.turn || '', n: number(d.n)});
    document.querySelectorAll('.chip.open').forEach((c) => c.classList.remove('open'));
    if (at.classList.contains('chip')) at.classList.add('open');
  } else if (!at.closest('#article-table, #history')) act(at);
});
document.addEventListener('keydown', (e) => {
  if (e.key !== 'Escape' || document.querySelector('dialog[open]')) return;
  hide();
  if (['reading', 'picking', 'side-open'].some((open) => document.body.classList.contains(open))) back();
});
function back() {
  const phone = matchMedia('(max-width: 820px)').matches, inside = cameFrom?.closest?.('#side');
  if (!document.body.classList.contains('reading') || (phone && !inside)) document.body.classList.remove('side-open');
  document.body.classList.remove(document.body.classList.contains('reading') ? 'reading' : 'picking');
  document.querySelectorAll('.chip.open').forEach((c) => c.classList.remove('open'));
  (cameFrom?.isConnected ? cameFrom : box())?.focus(); cameFrom = null;
}
document.addEventListener('onrecord:back', back);

function show(chip) {
  tip.replaceChildren();
  for (const [name, text] of [['quote', chip.dataset.quote], ['title', chip.dataset.title], ['meta', chip.dataset.meta]]) {
    const line = document.createElement('p'); line.className = name; line.dir = 'auto'; line.textContent = text; if (text) tip.append(line);
  }
  tip.classList.add('shown');
  const r = chip.getBoundingClientRect(), t = tip.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(r.left - 20, innerWidth - t.width - 8)) + 'px';
  tip.style.top = (r.bottom + t.height + 10 > innerHeight ? r.top - t.height - 8 : r.bottom + 8) + 'px';
}
function hide() { tip.classList.remove('shown'); }
for (const kind of ['mouseover', 'focusin']) document.addEventListener(kind, (e) => { const c = e.target.closest?.('.chip'); c ? show(c) : hide(); });
log.addEventListener('scroll', hide, {passive: true});
draw(); watch('value', draw);
