// Playwright in the system's own Chromium; nothing is downloaded.
import { defineConfig } from '@playwright/test';

const inCi = process.env.CI !== undefined;

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  forbidOnly: inCi,
  // A test that passes at its second try is broken.
  retries: 0,
  workers: 2,
  fullyParallel: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.TIDINGS_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox', // Chromium's sandbox does not run as root, as which CI runs
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
