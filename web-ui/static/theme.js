// Sets the chosen theme before the first paint; the same key as in the app's settings.
(() => {
  try {
    const theme = localStorage.getItem('tidings.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
    if (localStorage.getItem('tidings.density') === 'compact') document.documentElement.dataset.density = 'compact';
  } catch {
    // Storage is blocked: the system's theme it is.
  }
})();
