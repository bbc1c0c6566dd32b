import { access, constants } from 'node:fs/promises';
import { GatewayError } from '../../src/domain/errors.ts';
import { makeFolder } from '../../src/runtime/make-folder.ts';

/**
 * Creates the folder of a setting, and checks that it can be written to. `what` describes it,
 * `flag` is its setting. Errors: `unavailable`, with a sentence that says what to do.
 */
export async function makeUsableFolder(folder: string, what: string, flag: string): Promise<void> {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const why = (cause as Error).message;
    const message = `The ${what} ${folder} cannot be used (${why}): choose another with --${flag}.`;
    throw new GatewayError('unavailable', message, { cause });
  }
}
