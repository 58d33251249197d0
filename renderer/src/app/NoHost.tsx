import { useLayout } from '../state/index.ts';
import { ErrorMessage, MarkDefinitions } from '../ui/index.ts';
import { useTheme } from './theme.ts';

/** Shown when the page was opened without its one-time address. */
export function NoHost() {
  useTheme(useLayout((layout) => layout.theme));
  return (
    <main>
      <MarkDefinitions />
      <ErrorMessage
        error={{
          code: 'not_permitted',
          message: 'This page has no key to the Nacre host',
          hint: 'Open the address that the host printed when it started; it works in one browser and cannot be shared.',
        }}
      />
    </main>
  );
}
