// Another language than the browser asks for. It is kept in a cookie, because what is drawn is drawn by the server.
const {code} = element.querySelector('label').dataset, select = element.querySelector('select'), root = document.documentElement;
const say = () => { if (root.lang !== code) root.lang = code; };  // Gradio puts the browser's language there
say(); new MutationObserver(say).observe(root, {attributeFilter: ['lang']});
select.value = code;
if (!root.dataset.choosing) {  // on the document, as what is drawn anew is there for a moment before its script has run
  root.dataset.choosing = 'language';
  document.addEventListener('change', ({target}) => {
    if (!target.matches('label[data-code] > select')) return;
    document.cookie = 'onrecord-language=' + target.value + '; path=/; max-age=31536000; samesite=lax';
    location.reload();
  });
}
