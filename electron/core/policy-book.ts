import { err, type Result } from '../contract/result.ts';
import type { Directory } from '../contract/wire.ts';
import type { PolicyBook } from './services.ts';

/** Policies by id. */
export function createPolicyBook(_directory: () => Result<Directory>): PolicyBook {
  return { list: () => [], get: (id) => err('not_found', `There is no policy ${JSON.stringify(id)}.`) };
}
