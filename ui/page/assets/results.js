// Lines that Python wrote, put where they belong.
const place = element.querySelector('.rows');
function draw() { place.innerHTML = (props.value && props.value.html) || ''; }
draw(); watch('value', draw);
