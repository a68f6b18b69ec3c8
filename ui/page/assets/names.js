// Names that screen readers say, and Gradio has in English alone.
const NAMES = {'More tabs': _('More tabs'), 'Click to upload or drop files': _('Choose files, or drop them here'), 'File upload': _('Files')};
function rename() {
  for (const [name, ours] of Object.entries(NAMES)) {
    if (name !== ours) document.querySelectorAll('[aria-label="' + name + '"]').forEach((node) => node.setAttribute('aria-label', ours));
  }
}
rename(); new MutationObserver(rename).observe(document.body, {childList: true, subtree: true});
