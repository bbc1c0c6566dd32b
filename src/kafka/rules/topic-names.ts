import type { ApiTables } from '../../wire/frame.ts';
import type { Decoded, Fields, Input } from '../../wire/message.ts';
import { metadataRequest, passingMetadataResponse } from '../../wire/messages/03-metadata.ts';

/**
 * Names of topics by id, learned from Metadata responses: a client that uses a topic id has
 * requested its metadata before.
 */
import { EldestOutMap } from '../../runtime/eldest-out-map.ts';

const namesMax = 50_000;

const metadata = { request: metadataRequest, response: passingMetadataResponse };
/** The first version that names a topic by its id: for brokers that know topics by ids. */
const metadataVersion = 12;

/** Asks a broker on the gateway's own account. */
type Asking = {
  ask<Q extends Fields, R extends Fields>(
    tables: ApiTables<Q, R>,
    version: number,
    request: Input<Q>,
  ): Promise<Decoded<R>>;
};

export class TopicNames {
  readonly #names = new EldestOutMap<string, string>(namesMax);

  /** `id` in base64url. */
  get(id: string): string | undefined {
    return this.#names.get(id);
  }

  note(id: string, name: string): void {
    if (this.#names.get(id) !== name) this.#names.set(id, name);
  }

  /** Asks for the names of ids that a client may have from another process. */
  async learn(ids: readonly string[], line: Asking): Promise<void> {
    const unknown = ids.filter((id) => this.get(id) === undefined);
    if (unknown.length === 0) return;
    const topics = unknown.map((topicId) => ({ topicId, name: null }));
    const asked = { topics, allowAutoTopicCreation: false };
    const answer = await line.ask(metadata, metadataVersion, asked);
    for (const { name, topicId } of answer.topics) if (name !== null) this.note(topicId, name);
  }
}
