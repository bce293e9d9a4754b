// What is to be done within a second, on a machine that is as busy as it is.
import { expect, type JSHandle, type Page } from '@playwright/test';

/** So many round trips a page makes in a second, unless the machine is busy or something stands still. */
const TRIPS = 30;
/** A page makes no more than it has to: they take connections from what is measured. */
const PAUSE_MS = 5;

type Trips = { at: number[]; isOver: boolean };

/** Round trips of pages to a server, from now on: where one of them makes few, time is not the product's. */
export class Pace {
  private constructor(private readonly trips: JSHandle<Trips>[]) {}

  static async of(pages: Page[], url: string): Promise<Pace> {
    const start = ({ url, pause }: { url: string; pause: number }) => {
      const trips: Trips = { at: [], isOver: false };
      void (async () => {
        while (!trips.isOver) {
          const came = await fetch(url, { mode: 'no-cors' }).then(() => true, () => false);
          if (came) trips.at.push(Date.now());
          await new Promise((done) => setTimeout(done, pause));
        }
      })();
      return trips;
    };
    return new Pace(await Promise.all(pages.map((page) => page.evaluateHandle(start, { url: `${url}/healthz`, pause: PAUSE_MS }))));
  }

  /** Expects that what began and ended then took less than a second, if there was a second's worth of time. */
  async expectASecond(from: number, to: number, what: string): Promise<void> {
    const stop = (trips: Trips) => {
      trips.isOver = true;
      return trips.at;
    };
    const all = await Promise.all(this.trips.map((one) => one.evaluate(stop)));
    const fewest = Math.min(...all.map((times) => times.filter((at) => from <= at && at <= to).length));
    console.log(`${what}: ${Math.round(to - from)} ms, of ${fewest} round trips`);
    if (fewest >= TRIPS) expect(to - from, what).toBeLessThan(1_000);
  }
}
