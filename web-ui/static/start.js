// Starts the app. A module that does not load leaves a sentence, not an empty page.
import init from './app.js';

async function start() {
  await init({ module_or_path: await WebAssembly.compileStreaming(fetch('/app_bg.wasm')) });
}

start().catch((error) => {
  console.error(error);
  const text = document.createElement('p');
  text.className = 'td-noscript';
  text.setAttribute('role', 'alert');
  text.textContent = 'Tidings could not start. Reload the page, or use a newer browser.';
  document.body.append(text);
});
