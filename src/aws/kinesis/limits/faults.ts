/**
 * Fault injection, for testing how clients handle errors: `action:error:probability`, several
 * separated by commas. The action `*` matches every action. A call with an injected fault has no
 * effect.
 *
 * `ProvisionedThroughputExceededException` of PutRecords affects single records of a request, as in
 * Kinesis; every other fault is the response to the whole request.
 */
import { GatewayError } from '../../../domain/errors.ts';
import { type ExceptionName, exceptionNames } from '../errors.ts';

export type Fault = {
  /** The action's name, or `*` for every action. */
  readonly action: string;
  readonly error: ExceptionName;
  /** From 0 to 1. */
  readonly probability: number;
};

/** The faults of one action: each is drawn independently, in the given order. */
const faultsMax = 200;

/**
 * `actionNames`: the existing actions. Errors: `invalid-argument`, which names the invalid entry.
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

/** Whether it affects single records of PutRecords. */
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

  /** The fault for this call, if any. */
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
