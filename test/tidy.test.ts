/** The conventions of the code base, enforced: see docs/architecture.md, "Conventions". */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { errorTable } from '../src/wire/errors.ts';

const columnsMax = 100;
const functionLinesMax = 70;

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));
const sources = files.filter((file) => file.endsWith('.ts'));
const contents = new Map(sources.map((file) => [file, readFileSync(file, 'utf8')]));

/** Which folders each folder may import from; longest prefix wins. */
const mayImport: readonly [folder: string, allowed: readonly string[]][] = [
  ['src/domain/', ['src/domain/']],
  ['src/runtime/', ['src/runtime/', 'src/domain/errors.ts']],
  ['src/wire/', ['src/wire/']],
  ['src/ports/', ['src/domain/', 'src/ports/']],
  ['src/access/', ['src/domain/', 'src/ports/', 'src/runtime/', 'src/access/']],
  ['src/streams/', ['src/domain/', 'src/ports/', 'src/runtime/', 'src/streams/']],
  ['src/groups/', ['src/domain/', 'src/ports/', 'src/runtime/', 'src/streams/', 'src/groups/']],
  [
    'src/aws/http/',
    [
      ...['src/domain/', 'src/ports/', 'src/runtime/', 'src/access/', 'src/aws/protocol/'],
      'src/aws/http/',
    ],
  ],
  ['src/aws/protocol/', ['src/ports/', 'src/access/', 'src/aws/protocol/']],
  // The services; which of them may import what of src/aws has a test of its own.
  [
    'src/aws/',
    [...['src/domain/', 'src/ports/', 'src/runtime/', 'src/access/', 'src/streams/'], 'src/aws/'],
  ],
  [
    'src/kafka/',
    [
      ...['src/domain/', 'src/ports/', 'src/runtime/', 'src/access/', 'src/streams/'],
      ...['src/groups/', 'src/wire/', 'src/kafka/'],
    ],
  ],
  [
    'adapters/kafka/',
    ['src/domain/', 'src/ports/', 'src/runtime/', 'src/wire/', 'adapters/kafka/'],
  ],
  ['adapters/engines/', ['src/ports/', 'src/domain/errors.ts', 'adapters/engines/']],
  ['adapters/', ['src/domain/', 'src/ports/', 'src/runtime/', 'adapters/']],
];

function importsOf(file: string): string[] {
  const found = contents.get(file)!.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map(([, path]) => normalize(join(dirname(file), path!)));
}

test('imports point inward, and the two front doors never import each other', () => {
  const wrong: string[] = [];
  for (const file of sources) {
    const rule = mayImport.find(([folder]) => file.startsWith(folder));
    if (rule === undefined) continue;
    for (const imported of importsOf(file)) {
      if (!rule[1].some((allowed) => imported.startsWith(allowed))) {
        wrong.push(`${file} imports ${imported}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('a service of AWS imports no other, and only the gateway imports their list', () => {
  const list = 'src/aws/services.ts';
  const wrong: string[] = [];
  for (const file of sources.filter((each) => each.startsWith('src/') && each !== list)) {
    const room = /^src\/aws\/[^/]+\//.exec(file)?.[0];
    for (const imported of importsOf(file)) {
      const isList = imported === list && !file.startsWith('src/gateway/');
      const other = room !== undefined && imported.startsWith('src/aws/');
      const isOther =
        other && ![room, 'src/aws/protocol/'].some((each) => imported.startsWith(each));
      if (isList || isOther) wrong.push(`${file} imports ${imported}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('only the composition root imports adapters', () => {
  const wrong = sources.filter(
    (file) =>
      file.startsWith('src/') &&
      !['src/gateway/composition.ts', 'src/cli/start.ts', 'src/cli/read.ts'].includes(file) &&
      importsOf(file).some((imported) => imported.startsWith('adapters/')),
  );
  assert.deepEqual(wrong, []);
});

test('src/domain uses no package and does no I/O', () => {
  const allowed = new Set(['node:crypto', 'node:zlib']);
  const wrong: string[] = [];
  for (const file of sources.filter((each) => each.startsWith('src/domain/'))) {
    for (const [, name] of contents.get(file)!.matchAll(/from '([^'.][^']*)'/g)) {
      if (!allowed.has(name!)) wrong.push(`${file} imports ${name}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("Kafka's error codes are named by src/wire/errors.ts, and stand nowhere as numbers", () => {
  const plain = (name: string) => name.replaceAll('_', '').toLowerCase();
  const names = new Set(Object.keys(errorTable).map(plain));
  const wrong: string[] = [];
  const rooms = /^(?:adapters\/kafka|src\/(?:gateway|groups|kafka|streams|wire))\//;
  for (const file of sources.filter((each) => rooms.test(each) && each !== 'src/wire/errors.ts')) {
    contents
      .get(file)!
      .split('\n')
      .forEach((line, index) => {
        const constant = /\bconst (\w+)(?:: [^=]+)? = -?\d+;/.exec(line)?.[1];
        const isNamed = constant !== undefined && names.has(plain(constant.replace(/Code$/, '')));
        const isNumber =
          /\b(?:\w*[eE]rrorCode|code)\b(?: [=!]==|:| \?\?| =) -?\d/.test(line) ||
          /\b\w*[cC]odes\b[^=]* = [^=]*\[-?\d/.test(line);
        if (isNamed || isNumber) wrong.push(`${file}:${index + 1}: ${line.trim()}`);
      });
  }
  assert.deepEqual(wrong, []);
});

test(`lines have at most ${columnsMax} columns`, () => {
  const wrong: string[] = [];
  for (const [file, text] of contents) {
    text.split('\n').forEach((line, index) => {
      if (line.length > columnsMax) wrong.push(`${file}:${index + 1}`);
    });
  }
  assert.deepEqual(wrong, []);
});

test(`lines of Markdown have at most ${columnsMax} columns, tables and code aside`, () => {
  const wrong: string[] = [];
  for (const file of files.filter((each) => each.endsWith('.md'))) {
    let isCode = false;
    readFileSync(file, 'utf8')
      .split('\n')
      .forEach((line, index) => {
        if (line.startsWith('```')) isCode = !isCode;
        // What has no space, such as a link, cannot be broken.
        const isText = !isCode && !line.startsWith('|') && line.trim().includes(' ');
        if (isText && line.length > columnsMax) wrong.push(`${file}:${index + 1}`);
      });
  }
  assert.deepEqual(wrong, []);
});

test(`functions have at most ${functionLinesMax} lines`, () => {
  const wrong: string[] = [];
  for (const [file, text] of contents) {
    for (const { line, lines } of functionsOf(text)) {
      if (lines > functionLinesMax) wrong.push(`${file}:${line} has ${lines} lines`);
    }
  }
  assert.deepEqual(wrong, []);
});

/** Functions and methods as the formatter lays them out: closed at the depth they began. */
function functionsOf(text: string): { line: number; lines: number }[] {
  const found: { line: number; lines: number }[] = [];
  const lines = text.split('\n');
  const begins =
    /^(\s*)(?:export )?(?:async )?(?:function\*? |(?:static |override |async |#|get |set )*\w+\()/;
  lines.forEach((line, index) => {
    const match = begins.exec(line);
    if (match === null || /^\s*(?:if|for|while|switch|return|test|describe|await)\b/.test(line)) {
      return;
    }
    // A signature ends with its own line or, where it has several, with the one that closes it;
    // whatever else ends otherwise is a call or a member of a type.
    const closes = (each: string, at: number) => at > index && each.startsWith(`${match[1]})`);
    const opens = line.endsWith('(') ? lines.findIndex(closes) : index;
    if (opens === -1 || !/\)(?::.*)? \{$/.test(lines[opens] ?? '')) return;
    // A method of an object literal ends with a comma.
    const ends = [`${match[1]}}`, `${match[1]}},`];
    const end = lines.findIndex((each, at) => at > opens && ends.includes(each));
    if (end !== -1) found.push({ line: index + 1, lines: end - index + 1 });
  });
  return found;
}

test('files have kebab-case names, and none is called utils, helpers or manager', () => {
  const wrong = files.filter((file) => {
    const name = file.slice(file.lastIndexOf('/') + 1);
    if (!name.endsWith('.ts')) return false;
    return !/^[a-z0-9]+(?:[-.][a-z0-9]+)*\.ts$/.test(name) || /utils?|helpers?|manager/.test(name);
  });
  assert.deepEqual(wrong, []);
});

test('there is no default export, no "any" and no silenced compiler', () => {
  const banned = [/^export default /m, /: any\b/, /\bas any\b/, /@ts-(?:ignore|nocheck)/];
  const wrong: string[] = [];
  for (const [file, text] of contents) {
    if (file === 'test/tidy.test.ts') continue;
    for (const pattern of banned) if (pattern.test(text)) wrong.push(`${file}: ${pattern}`);
  }
  assert.deepEqual(wrong, []);
});

test('no file names a package registry host or a path of one machine', () => {
  const hosts = ['registry.npmjs', 'repo1.maven', 'repo.maven', 'pypi.org', 'proxy.golang'];
  const paths = [['/wo', 'rk/'].join(''), ['/ro', 'ot/'].join('')];
  const wrong: string[] = [];
  for (const file of files) {
    if (file === 'test/tidy.test.ts' || /\.(?:png|jar|jsa)$/.test(file)) continue;
    const text = readFileSync(file, 'utf8');
    for (const each of [...hosts, ...paths])
      if (text.includes(each)) wrong.push(`${file}: ${each}`);
  }
  assert.deepEqual(wrong, []);
});

test('tests wait for conditions, not for time', () => {
  const wrong = sources.filter(
    (file) =>
      file.endsWith('.test.ts') &&
      file !== 'test/tidy.test.ts' &&
      /\bsleep\(|[^.]only\(|\.skip\(/.test(contents.get(file)!),
  );
  assert.deepEqual(wrong, []);
});
