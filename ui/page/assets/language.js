// Another language than the browser asks for. It is kept in a cookie, because what is drawn is drawn by the server.
const {code} = element.querySelector('label').dataset, select = element.querySelector('select'), root = document.documentElement;
const say = () => { if (root.lang !== code) root.lang = code; };  // Gradio puts the browser's language there
say(); new MutationObserver(say).observe(root, {attributeFilter: ['lang']});
select.value = code;
select.addEventListener('change', () => {
  document.cookie = 'onrecord-language=' + select.value + '; path=/; max-age=31536000; samesite=lax';
  location.reload();
});
