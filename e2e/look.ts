import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** The pictures that the README shows. */
const inReadme = new Set([
  'run-dark',
  'first-run-dark',
  'nodes-light',
  'evidence-dark',
  'designer-dark',
  'keys-light',
  'approvals-dark',
]);

const serious = new Set(['serious', 'critical']);
const themes = ['dark', 'light'] as const;
/** A laptop's window, and one smaller than the smallest that screens are drawn for. */
const usual = { width: 1280, height: 800 };
const small = { width: 1024, height: 700 };
/** Colours change over --quick; a picture taken earlier would show neither theme. Milliseconds. */
const colourChange = 250;

/** Fails on any serious or critical axe violation, naming the rule and the element; of these rules only, when given. */
export async function accessible(page: Page, rules?: readonly string[]): Promise<void> {
  // No frame of another origin is here to be looked into; without that, axe opens no page of its own for each check.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  const { violations } = await (rules === undefined ? axe : axe.withRules([...rules])).analyze();
  const found = violations
    .filter((violation) => serious.has(violation.impact ?? ''))
    .map((violation) => `${violation.id}: ${violation.nodes[0]?.html ?? ''}`);
  expect(found).toEqual([]);
}

/**
 * One state of a screen: no serious axe violation in the dark theme, and no colour too faint in the light one (nothing
 * else differs between them). With NACRE_PICTURES=1 also its pictures in the results folder, in both themes and in a
 * small window, and those of the README into assets/screenshots.
 */
export async function picture(page: Page, name: string): Promise<void> {
  const update = process.env['NACRE_PICTURES'] === '1';
  const before = page.viewportSize() ?? usual;
  const former = await page.evaluate(() => document.documentElement.dataset['theme']);
  const into = (folder: readonly string[], file: string) =>
    page.screenshot({ path: path.join(import.meta.dirname, '..', ...folder, `${file}.png`) });
  for (const theme of themes) {
    await page.evaluate((next) => {
      document.documentElement.dataset['theme'] = next;
    }, theme);
    await page.waitForTimeout(colourChange);
    await accessible(page, theme === 'dark' ? undefined : ['color-contrast']);
    if (!update) continue;
    if (inReadme.has(`${name}-${theme}`)) await into(['assets', 'screenshots'], `${name}-${theme}`);
    await page.setViewportSize(usual);
    await into(['test-results', 'pictures'], `${name}-${theme}`);
    if (theme === 'dark') {
      await page.setViewportSize(small);
      await into(['test-results', 'pictures'], `${name}-small`);
    }
    await page.setViewportSize(before);
  }
  await page.evaluate((theme) => {
    if (theme !== undefined) document.documentElement.dataset['theme'] = theme;
  }, former);
}
