// The list of sources, drawn anew for each state of the answer; the scroll position of the same answer stays.
const list = element.querySelector('.list');
function draw() { const html = (props.value && props.value.html) || ''; if (list.innerHTML !== html) list.innerHTML = html; }
element.querySelector('.back').addEventListener('click', () => document.dispatchEvent(new Event('onrecord:back')));
draw(); watch('value', draw);
