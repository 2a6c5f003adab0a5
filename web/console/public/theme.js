// Runs before the first paint, so that a dark page does not start white. A file of its own because of the CSP.
;(function () {
  var saved = null
  try {
    saved = localStorage.getItem('meterbook.theme')
  } catch {
    saved = null
  }
  var dark = saved ? saved === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  document.documentElement.classList.toggle('dark', dark)
})()
