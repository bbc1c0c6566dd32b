/** The kinds of settings: the form of their values, and how they are parsed. */

/** An invalid setting; the message names it and says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type Setting<T> = {
  /** `--flag`, and the variable with a prefix: `kinesis-port` is KINESKA_KINESIS_PORT. */
  readonly flag: string;
  readonly default: T;
  /** The form of the value, for the help. */
  readonly form: string;
  readonly sentence: string;
  /** Throws ConfigError if the text is not a valid value. */
  readonly parse: (text: string) => T;
};

export type Address = { readonly host: string; readonly port: number };

const portMax = 65_535;
/** The most brokers in a list. */
const brokerIdsMax = 1_000;

export const variablePrefix = 'KINESKA_';

export function variableOf(flag: string): string {
  return variablePrefix + flag.toUpperCase().replaceAll('-', '_');
}

export function text(flag: string, value: string, form: string, sentence: string): Setting<string> {
  return { flag, default: value, form, sentence, parse: (given) => given };
}

export function matching(
  flag: string,
  value: string,
  form: string,
  pattern: RegExp,
  sentence: string,
): Setting<string> {
  return {
    ...text(flag, value, form, sentence),
    parse(given) {
      if (pattern.test(given)) return given;
      throw new ConfigError(`must be ${form}, not "${given}"`);
    },
  };
}

export function wholeNumber(
  flag: string,
  value: number,
  min: number,
  max: number,
  sentence: string,
  form = 'number',
): Setting<number> {
  return {
    flag,
    default: value,
    form,
    sentence,
    parse(given) {
      const number = Number(given);
      if (/^\d+$/.test(given) && number >= min && number <= max) return number;
      throw new ConfigError(`must be a whole number from ${min} to ${max}, not "${given}"`);
    },
  };
}

/** A port to listen on. */
export function port(flag: string, value: number, sentence: string): Setting<number> {
  return wholeNumber(flag, value, 0, portMax, `${sentence} 0 takes any free port.`, 'port');
}

export function choice<const V extends string>(
  flag: string,
  values: readonly V[],
  value: V,
  sentence: string,
): Setting<V> {
  return {
    flag,
    default: value,
    form: values.join('|'),
    sentence,
    parse(given) {
      const found = values.find((each) => each === given);
      if (found !== undefined) return found;
      throw new ConfigError(`must be one of ${values.join(', ')}, not "${given}"`);
    },
  };
}

export function yesOrNo(flag: string, sentence: string): Setting<boolean> {
  return {
    flag,
    default: false,
    form: 'true|false',
    sentence,
    parse(given) {
      if (given === 'true' || given === '1') return true;
      if (given === 'false' || given === '0' || given === '') return false;
      throw new ConfigError(`must be true or false, not "${given}"`);
    },
  };
}

/** A list of hosts with ports; empty by default. */
export function addresses(flag: string, sentence: string): Setting<readonly Address[]> {
  const form = 'host:port[,host:port…]';
  return {
    flag,
    default: [],
    form,
    sentence,
    parse(given) {
      if (given === '') return [];
      return given.split(',').map((each) => {
        const [, host, number] = /^([^\s:]+):(\d{1,5})$/.exec(each) ?? [];
        const address = { host: host ?? '', port: Number(number) };
        if (address.port >= 1 && address.port <= portMax) return address;
        throw new ConfigError(`must be ${form}, not "${given}"`);
      });
    },
  };
}

/** Ids and ranges of ids, in the given order; empty by default. */
export function brokerIds(flag: string, sentence: string): Setting<readonly number[]> {
  return {
    flag,
    default: [],
    form: 'ids and ranges: 1-3,7',
    sentence,
    parse(given) {
      const ids = given === '' ? [] : idsIn(given);
      if (ids !== undefined) return ids;
      throw new ConfigError(`must be broker ids and ranges such as 1-3,7, not "${given}"`);
    },
  };
}

/** Undefined if the list is invalid, names a broker twice, or is too long. */
function idsIn(list: string): readonly number[] | undefined {
  const ids: number[] = [];
  for (const part of list.split(',')) {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part) ?? [];
    const count = Number(last) - Number(first) + 1;
    if (!(count >= 1) || ids.length + count > brokerIdsMax) return undefined;
    for (let id = Number(first); id <= Number(last); id++) ids.push(id);
  }
  return new Set(ids).size === ids.length ? ids : undefined;
}

/** `*` for all origins of web pages, a list of origins, or nothing for none. */
export function origins(flag: string, sentence: string): Setting<readonly string[]> {
  const form = 'origin[,…]|*';
  const list = /^(?:\*|(?:https?:\/\/[^\s/,]+(?:,https?:\/\/[^\s/,]+)*)?)$/;
  return {
    flag,
    default: ['*'],
    form,
    sentence,
    parse(given) {
      if (list.test(given)) return given === '' ? [] : given.split(',');
      throw new ConfigError(`must be ${form}, not "${given}"`);
    },
  };
}
