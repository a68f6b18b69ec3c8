// An article beside the answer: scrolled to the cited sentence, which takes the focus.
const view = element.querySelector('.reader');
function draw() {
  const value = props.value; if (!value || !value.html) return;
  view.querySelector('.page').innerHTML = value.html;
  document.body.classList.add('reading', 'side-open');
  requestAnimationFrame(() => {
    const hit = view.querySelector('.hit') || view.querySelector('h2');
    if (!hit) return;
    if (!hit.hasAttribute('tabindex')) hit.tabIndex = -1;
    if (hit.matches('h2')) view.querySelector('.page').scrollTop = 0; else hit.scrollIntoView({block: 'center'});
    hit.focus({preventScroll: true});
  });
}
view.querySelector('.back').addEventListener('click', () => document.dispatchEvent(new Event('onrecord:back')));
watch('value', draw);
