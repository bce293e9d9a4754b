// What a page shows for a while only: it is noted in the page, or kept there, so that who looks late has not missed it.
import type { Page } from '@playwright/test';

/** Notes what the elements of a selector say from now on. What is answered gives all of it, in order and each text once. */
export async function noteTexts(page: Page, selector: string): Promise<() => Promise<string[]>> {
  const noted = await page.evaluateHandle((selector) => {
    const texts = new Set<string>();
    const note = () => document.querySelectorAll(selector).forEach((one) => texts.add(one.textContent ?? ''));
    new MutationObserver(note).observe(document, { childList: true, characterData: true, subtree: true });
    note();
    return texts;
  }, selector);
  return () => noted.evaluate((texts) => [...texts]);
}

/** Keeps the app's toasts that come from now on, before the page is opened. What is answered lets those go that are there. */
export async function keepToasts(page: Page): Promise<() => Promise<void>> {
  await page.addInitScript(() => {
    const STAY_MS = 6_000; // as in web-ui/src/state/toast.rs
    const kept: (() => void)[] = [];
    const wait = globalThis.setTimeout;
    const setTimeout = (run: () => void, ms?: number, ...rest: unknown[]) =>
      ms === STAY_MS ? -kept.push(run) : wait(run, ms, ...rest);
    const letToastsGo = () => {
      if (kept.length === 0) throw new Error('no toast was kept: do they stay for another time now?');
      kept.splice(0).forEach((run) => run());
    };
    Object.assign(globalThis, { setTimeout, letToastsGo });
  });
  return () => page.evaluate('letToastsGo()');
}
