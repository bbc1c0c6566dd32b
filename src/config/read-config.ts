/** Reads the settings from flags and environment variables. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { closest, distance } from 'fastest-levenshtein';
import { defaultCacheFolder } from './cache-folder.ts';
import { checkTogether } from './checks.ts';
import { ConfigError, type Setting, variableOf, variablePrefix } from './setting.ts';
import { type Config, settings } from './settings.ts';

const rows: readonly (readonly [name: string, Setting<unknown>])[] = Object.entries(settings);

/**
 * A flag takes precedence over its variable. Nothing is started before all settings are valid.
 * Throws ConfigError for an unknown name (with the most similar known one), an invalid value, or
 * settings that exclude each other.
 */
export function readConfig(flags: readonly string[], environment: NodeJS.ProcessEnv): Config {
  const given = new Map<string, string>();
  readEnvironment(environment, given);
  readFlags(flags, given);
  const config = Object.fromEntries(
    rows.map(([name, setting]) => [name, valueOf(setting, given.get(setting.flag))]),
  ) as Config;
  checkTogether(config);
  return {
    ...config,
    advertisedHost: config.advertisedHost === '' ? reachable(config.host) : config.advertisedHost,
    dataDir: resolve(config.dataDir),
    cacheDir: config.cacheDir === '' ? defaultCacheFolder(environment) : resolve(config.cacheDir),
  };
}

function valueOf(setting: Setting<unknown>, given: string | undefined): unknown {
  if (given === undefined) return setting.default;
  try {
    return setting.parse(given);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { flag } = setting;
    throw new ConfigError(`--${flag} (${variableOf(flag)}) ${error.message}.`);
  }
}

function readEnvironment(environment: NodeJS.ProcessEnv, given: Map<string, string>): void {
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(variablePrefix) || value === undefined) continue;
    const found = rows.find(([, { flag }]) => variableOf(flag) === variable);
    if (found === undefined) {
      const known = rows.map(([, { flag }]) => variableOf(flag));
      throw new ConfigError(`${variable} is no setting of kineska. ${hintOf(variable, known)}`);
    }
    given.set(found[1].flag, value);
  }
}

function readFlags(flags: readonly string[], given: Map<string, string>): void {
  const options = Object.fromEntries(
    rows.map(([, { flag, default: value }]) => [
      flag,
      { type: typeof value === 'boolean' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const known = Object.keys(options);
  const { tokens } = parseArgs({ args: [...flags], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw new ConfigError(`"${token.value}" is no flag: settings are given as --name value.`);
    }
    if (token.kind !== 'option') continue;
    if (!known.includes(token.name)) {
      const hint = hintOf(
        `--${token.name}`,
        known.map((flag) => `--${flag}`),
      );
      throw new ConfigError(`--${token.name} is no setting of kineska. ${hint}`);
    }
    const isFlag = options[token.name]!.type === 'boolean';
    if (!isFlag && token.value === undefined) {
      throw new ConfigError(`--${token.name} wants a value.`);
    }
    given.set(token.name, token.value ?? 'true');
  }
}

/** The name that was probably meant; without a similar one, where all of them are. */
function hintOf(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  const isSimilar = distance(name, meant) <= Math.max(2, name.length / 4);
  return isSimilar ? `Did you mean ${meant}?` : 'See kineska --help.';
}

/**
 * Clients cannot connect to the unspecified address; those on this machine can connect to loopback.
 */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
