// One line that says what just happened, read out by screen readers, gone after a while.
let timer = 0; const line = element.querySelector('[role=status]');
watch('value', () => {
  const {text = '', stays, address} = props.value || {}; clearTimeout(timer); line.textContent = text;
  if (address) {  // a page that is read only when somebody presses this
    const read = document.createElement('button');
    read.type = 'button'; read.className = 'primary'; read.textContent = _('Read this page');
    read.addEventListener('click', () => { read.disabled = true; trigger('bring', {address}); });
    line.append(' ', read);
  }
  if (text && !stays) timer = setTimeout(() => { line.textContent = ''; }, 9000);
});
