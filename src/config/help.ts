/** The settings as text: `--help`, and the tables of docs/configuration.md. */
import { type Setting, variableOf } from './setting.ts';
import { sections } from './settings.ts';

export function helpText(): string {
  const shown = sections.map(
    ({ title, settings }) => `${title}:\n\n${settings.map(helpOf).join('\n')}\n`,
  );
  return `kineska: the Amazon Kinesis API and the Apache Kafka protocol over one Kafka cluster.

Usage: kineska start [--setting value …]
       kineska read STREAM [--setting value …]
       kineska groups [GROUP] [--json] [--setting value …]
       kineska --help | --version

Every setting is also an environment variable: --kinesis-port is ${variableOf('kinesis-port')}.

${shown.join('\n')}`;
}

function helpOf({ flag, form, sentence, default: value }: Setting<unknown>): string {
  const shown = String(value) === '' || value === false ? '' : ` [${String(value)}]`;
  return `  --${flag} ${form}${shown}\n      ${sentence}`;
}

/** A heading and a table for each section. */
export function settingsTables(): string {
  const head = ['| flag | variable | value | default | what it does |', '|---|---|---|---|---|'];
  return sections
    .map(({ title, settings }) => [`## ${title}`, '', ...head, ...settings.map(rowOf)].join('\n'))
    .join('\n\n');
}

function rowOf({ flag, form, sentence, default: value }: Setting<unknown>): string {
  const shown = String(value) === '' ? '' : `\`${String(value)}\``;
  const formShown = form.replaceAll('|', '\\|');
  return `| \`--${flag}\` | \`${variableOf(flag)}\` | ${formShown} | ${shown} | ${sentence} |`;
}
