import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** The pictures that the README shows. */
const inReadme = new Set(['run-dark', 'first-run-dark', 'nodes-light', 'evidence-dark', 'designer-dark', 'keys-light']);

const serious = new Set(['serious', 'critical']);

/** Fails on any serious or critical axe violation, naming the rule and the element. */
export async function accessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations
    .filter((violation) => serious.has(violation.impact ?? ''))
    .map((violation) => `${violation.id}: ${violation.nodes[0]?.html ?? ''}`);
  expect(found).toEqual([]);
}

/**
 * Pictures of a screen, dark and light, into the results folder; with NACRE_PICTURES=1 those of the README into
 * assets/screenshots.
 */
export async function picture(page: Page, name: string): Promise<void> {
  const update = process.env['NACRE_PICTURES'] === '1';
  for (const theme of ['dark', 'light'] as const) {
    const before = await page.evaluate((next) => {
      const former = document.documentElement.dataset['theme'];
      document.documentElement.dataset['theme'] = next;
      return former;
    }, theme);
    // Colours change over --quick; a picture taken earlier would show neither theme.
    await page.waitForTimeout(250);
    const file = `${name}-${theme}`;
    const folder = update && inReadme.has(file) ? ['assets', 'screenshots'] : ['test-results', 'pictures'];
    await page.screenshot({ path: path.join(import.meta.dirname, '..', ...folder, `${file}.png`) });
    await page.evaluate((former) => {
      if (former !== undefined) document.documentElement.dataset['theme'] = former;
    }, before);
  }
}
