// One line that says what just happened, read out by screen readers, gone after a while.
let timer = 0; const line = element.querySelector('[role=status]');
watch('value', () => {
  const text = (props.value && props.value.text) || ''; clearTimeout(timer); line.textContent = text;
  if (text) timer = setTimeout(() => { line.textContent = ''; }, 9000);
});
