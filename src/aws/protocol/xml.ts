/** XML in the form of the query protocol's services: one element per line, two spaces per level. */
import type { Shape } from './shape.ts';
import { textOf } from './text.ts';

export type XmlElement = {
  readonly name: string;
  readonly content: string | readonly XmlElement[];
  readonly namespace?: string;
};

export function printXml({ name, content, namespace }: XmlElement, indent = ''): string {
  const opening = namespace === undefined ? name : `${name} xmlns="${escape(namespace)}"`;
  if (typeof content === 'string') return `${indent}<${opening}>${escape(content)}</${name}>\n`;
  if (content.length === 0) return `${indent}<${opening}/>\n`;
  const inner = content.map((each) => printXml(each, `${indent}  `)).join('');
  return `${indent}<${opening}>\n${inner}${indent}</${name}>\n`;
}

/** The present members of a structure. */
export function elementsOf(shape: Shape<unknown>, value: unknown): readonly XmlElement[] {
  const items = value as Readonly<Record<string, unknown>>;
  return Object.entries(shape.members).flatMap(([name, member]) => {
    const item = items[name];
    return item === undefined || item === null ? [] : [elementOf(name, member, item)];
  });
}

function elementOf(name: string, shape: Shape<unknown>, value: unknown): XmlElement {
  const { key, member } = shape.members;
  if (shape.kind === 'structure') return { name, content: elementsOf(shape, value) };
  if (shape.kind === 'list') {
    const content = (value as readonly unknown[]).map((item) => elementOf('member', member!, item));
    return { name, content };
  }
  if (shape.kind === 'map') {
    const content = Object.entries(value as Readonly<Record<string, unknown>>).map(
      ([entry, item]): XmlElement => ({
        name: 'entry',
        content: [elementOf('key', key!, entry), elementOf('value', member!, item)],
      }),
    );
    return { name, content };
  }
  return { name, content: textOf(shape, value, 'date-time') };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
};
/** Characters that XML 1.0 cannot represent. */
// oxlint-disable-next-line no-control-regex -- These are searched for.
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

function escape(text: string): string {
  return text
    .replace(unwritable, '\ufffd')
    .replace(/[&<>"\r]/g, (character) => entities[character] ?? character);
}
