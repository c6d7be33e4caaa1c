import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { launchBrowser } from '../../../verification/browser.ts';
import type { RunningSimulators } from '../../src/start.ts';

/** Has a browser launched for the tests of a file; call at its top level. */
export function useBrowser(): (simulators: RunningSimulators, options?: OpenOptions) => Promise<Page> {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchBrowser();
  }, 60_000);
  afterAll(() => browser?.close());
  return async (simulators, options = {}) => {
    if (!browser) throw new Error('the browser is launched before the first test, not while tests are collected');
    return openPage(browser, simulators, options);
  };
}

export interface OpenOptions extends BrowserContextOptions {
  readonly path?: string;
}

/** Opens the wallet page in a context of its own. The test fails when a script throws or the policy stops something. */
async function openPage(browser: Browser, simulators: RunningSimulators, options: OpenOptions): Promise<Page> {
  const { path = '/', ...context } = options;
  const opened = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-US',
    reducedMotion: 'reduce',
    ...context,
  });
  const page = await opened.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/content security policy|violates/i.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(simulators.addresses.control)) complaints.push(`request to ${request.url()}`);
  });
  onTestFinished(async () => {
    await opened.close();
    expect(complaints).toEqual([]);
  });
  await page.goto(simulators.addresses.control + path);
  return page;
}
