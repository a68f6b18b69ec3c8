// Before each script that says something: its texts in the reader's language.
const _ = (text) => WORDS[text];
function counted(count, one, many) {
  const {lang} = document.documentElement, form = new Intl.PluralRules(lang).select(count) === 'one' ? one : many;
  return _(form).replace('{count}', count.toLocaleString(lang));
}
