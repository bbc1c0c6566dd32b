/**
 * Names of topics by their ids, as they pass in Metadata answers: a client that names a topic by
 * its id has asked for it before.
 */
const namesMax = 50_000;

export class TopicNames {
  readonly #names = new Map<string, string>();

  /** `id` in base64url. */
  get(id: string): string | undefined {
    return this.#names.get(id);
  }

  note(id: string, name: string): void {
    if (this.#names.get(id) === name) return;
    const [oldest] = this.#names.keys();
    if (oldest !== undefined && this.#names.size >= namesMax) this.#names.delete(oldest);
    this.#names.set(id, name);
  }
}
