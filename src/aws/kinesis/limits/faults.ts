/**
 * Faults on purpose, for trying what clients do about them: `action:error:probability`, several
 * separated by commas. An action of `*` is every action. A call that meets one has no effect.
 *
 * `ProvisionedThroughputExceededException` of PutRecords happens to single records of a request,
 * as Kinesis answers it; every other fault is the answer to the whole request.
 */
import { GatewayError } from '../../../domain/errors.ts';
import { type ActionName, actionNames } from '../action-names.ts';
import { type ExceptionName, exceptionNames } from '../../protocol/errors.ts';

export type Fault = {
  readonly action: ActionName | '*';
  readonly error: ExceptionName;
  /** From 0 to 1. */
  readonly probability: number;
};

/** The faults of one action: every row rolls its own dice, in the order given. */
const faultsMax = 200;

/** Errors: `invalid-argument`, which names the entry that is wrong. */
export function parseFaults(text: string): readonly Fault[] {
  if (text.trim() === '') return [];
  const entries = text.split(',');
  if (entries.length > faultsMax) throw wrong(`has more than ${faultsMax} entries`);
  return entries.map((entry, at) => parseFault(entry.trim(), at + 1));
}

function parseFault(entry: string, place: number): Fault {
  const where = `: entry ${place}, "${entry}"`;
  const [action = '', error = '', chance, ...rest] = entry.split(':');
  if (chance === undefined || rest.length > 0) {
    throw wrong(`must be action:error:probability${where}, has ${entry.split(':').length} parts`);
  }
  const isAction = (name: string): name is Fault['action'] =>
    name === '*' || (actionNames as readonly string[]).includes(name);
  if (!isAction(action)) throw wrong(`knows no action "${action}"${where}`);
  const isError = (name: string): name is ExceptionName =>
    (exceptionNames as readonly string[]).includes(name);
  if (!isError(error)) {
    throw wrong(`knows no error "${error}"${where}; there are ${exceptionNames.join(', ')}`);
  }
  const probability = Number(chance);
  if (!/^(?:\d+(?:\.\d+)?|\.\d+)$/.test(chance) || probability > 1) {
    throw wrong(`wants a probability from 0 to 1, not "${chance}"${where}`);
  }
  return { action, error, probability };
}

function wrong(what: string): GatewayError {
  return new GatewayError('invalid-argument', what);
}

/** Single records of PutRecords meet it. */
function isOfEntries({ action, error }: Fault): boolean {
  return action === 'PutRecords' && error === 'ProvisionedThroughputExceededException';
}

export class Faults {
  readonly #ofCalls: ReadonlyMap<ActionName, readonly Fault[]>;
  readonly #ofEntries: readonly Fault[];
  readonly #random: () => number;

  constructor(faults: readonly Fault[], random: () => number = Math.random) {
    this.#random = random;
    this.#ofEntries = faults.filter(isOfEntries);
    const ofCalls = faults.filter((fault) => !isOfEntries(fault));
    this.#ofCalls = new Map(
      actionNames.map((name) => [
        name,
        ofCalls.filter(({ action }) => action === name || action === '*'),
      ]),
    );
  }

  /** The fault that this call meets, if any. */
  ofCall(action: ActionName): ExceptionName | undefined {
    return this.#ofCalls.get(action)?.find((fault) => this.#happens(fault))?.error;
  }

  /** Whether the next record of a PutRecords is refused. */
  ofEntry(): boolean {
    return this.#ofEntries.some((fault) => this.#happens(fault));
  }

  get hasEntries(): boolean {
    return this.#ofEntries.length > 0;
  }

  #happens({ probability }: Fault): boolean {
    return this.#random() < probability;
  }
}
