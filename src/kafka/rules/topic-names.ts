/**
 * Names of topics by their ids, as they pass in Metadata answers: a client that names a topic by
 * its id has asked for it before.
 */
import { EldestOutMap } from '../../runtime/eldest-out-map.ts';

const namesMax = 50_000;

export class TopicNames {
  readonly #names = new EldestOutMap<string, string>(namesMax);

  /** `id` in base64url. */
  get(id: string): string | undefined {
    return this.#names.get(id);
  }

  note(id: string, name: string): void {
    if (this.#names.get(id) !== name) this.#names.set(id, name);
  }
}
