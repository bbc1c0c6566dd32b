/**
 * Faults on purpose, for trying what clients do about them: `action:error:probability`, several
 * separated by commas. An action of `*` is every action. A call that meets one has no effect.
 *
 * `ProvisionedThroughputExceededException` of PutRecords happens to single records of a request,
 * as Kinesis answers it; every other fault is the answer to the whole request.
 */
import { GatewayError } from '../../../domain/errors.ts';
import { type ExceptionName, exceptionNames } from '../errors.ts';

export type Fault = {
  /** Its name, or `*` for every action. */
  readonly action: string;
  readonly error: ExceptionName;
  /** From 0 to 1. */
  readonly probability: number;
};

/** The faults of one action: every row rolls its own dice, in the order given. */
const faultsMax = 200;

/**
 * `actionNames`: those that there are. Errors: `invalid-argument`, which names the entry that is
 * wrong.
 */
export function parseFaults(text: string, actionNames: readonly string[]): readonly Fault[] {
  if (text.trim() === '') return [];
  const entries = text.split(',');
  if (entries.length > faultsMax) throw wrong(`has more than ${faultsMax} entries`);
  return entries.map((entry, at) => parseFault(entry.trim(), at + 1, actionNames));
}

function parseFault(entry: string, place: number, actionNames: readonly string[]): Fault {
  const where = `: entry ${place}, "${entry}"`;
  const [action = '', error = '', chance, ...rest] = entry.split(':');
  if (chance === undefined || rest.length > 0) {
    throw wrong(`must be action:error:probability${where}, has ${entry.split(':').length} parts`);
  }
  if (action !== '*' && !actionNames.includes(action))
    throw wrong(`knows no action "${action}"${where}`);
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
  readonly #ofCalls: readonly Fault[];
  readonly #ofEntries: readonly Fault[];
  readonly #random: () => number;

  constructor(faults: readonly Fault[], random: () => number = Math.random) {
    this.#random = random;
    this.#ofEntries = faults.filter(isOfEntries);
    this.#ofCalls = faults.filter((fault) => !isOfEntries(fault));
  }

  /** The fault that this call meets, if any. */
  ofCall(name: string): ExceptionName | undefined {
    for (const fault of this.#ofCalls) {
      const isMeant = fault.action === name || fault.action === '*';
      if (isMeant && this.#happens(fault)) return fault.error;
    }
    return undefined;
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
