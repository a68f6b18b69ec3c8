// The browser's calendar beside a field for a day; what is chosen there is written into the field.
const field = (calendar) => calendar.closest('.day').querySelector('textarea, input:not([type=date])');
document.addEventListener('click', (e) => {
  const calendar = e.target.closest?.('[data-calendar]')?.nextElementSibling; if (!calendar) return;
  const [year, month = '01', day = '01'] = field(calendar).value.trim().split('-');
  calendar.value = [year, month.padStart(2, '0'), day.padStart(2, '0')].join('-');  // empty where that is no day
  calendar.showPicker();
});
document.addEventListener('change', (e) => {
  if (!e.target.matches?.('.day [type=date]')) return;
  const written = field(e.target);
  written.value = e.target.value; written.dispatchEvent(new Event('input', {bubbles: true})); written.focus();
});
