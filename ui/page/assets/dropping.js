// Files that are dropped anywhere on the page are added to the collection that is open.
const veil = element.querySelector('.veil');
const carries = (e) => [...(e.dataTransfer?.types || [])].includes('Files');
const field = () => document.querySelector('#files input[type=file]');
async function take(files) {
  document.querySelector('[role=tab][data-tab-id=collection]')?.click();
  for (let tries = 0; !field() && tries < 150; tries++) await new Promise((done) => setTimeout(done, 200));  // the tab is drawn when it is first chosen
  if (!field()) return;
  field().files = files;
  field().dispatchEvent(new Event('change', {bubbles: true}));
}
document.addEventListener('dragover', (e) => { if (carries(e)) { e.preventDefault(); veil.hidden = false; } });
document.addEventListener('dragleave', (e) => { if (!e.relatedTarget) veil.hidden = true; });
document.addEventListener('drop', (e) => {
  veil.hidden = true;
  if (!carries(e)) return;
  e.preventDefault(); e.stopPropagation();
  take(e.dataTransfer.files);
}, true);
