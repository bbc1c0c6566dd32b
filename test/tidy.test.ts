/** The conventions of the code base, enforced: see docs/architecture.md, "Conventions". */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { errorTable } from '../src/wire/errors.ts';
import { circlesIn, importsOf, reachableFrom } from './support/imports.ts';

const columnsMax = 100;
const functionLinesMax = 70;

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));
const sources = files.filter((file) => file.endsWith('.ts'));
const contents = new Map(sources.map((file) => [file, readFileSync(file, 'utf8')]));

/** What every room but the innermost may stand on. */
const inner = ['src/domain/', 'src/ports/', 'src/runtime/'];

/** Which folders each folder may import from; the first prefix that fits decides. */
const mayImport: readonly [folder: string, allowed: readonly string[]][] = [
  ['src/domain/', ['src/domain/']],
  ['src/runtime/', ['src/runtime/', 'src/domain/errors.ts']],
  ['src/wire/', ['src/wire/']],
  ['src/ports/', ['src/domain/', 'src/ports/']],
  ['src/access/', [...inner, 'src/access/']],
  ['src/streams/', [...inner, 'src/streams/']],
  ['src/groups/', [...inner, 'src/streams/', 'src/groups/']],
  ['src/queues/', [...inner, 'src/streams/', 'src/queues/']],
  ['src/aws/http/', [...inner, 'src/access/', 'src/aws/protocol/', 'src/aws/http/']],
  ['src/aws/protocol/', ['src/ports/', 'src/access/', 'src/aws/protocol/']],
  // The services; which of them may import what of src/aws has a test of its own.
  ['src/aws/', [...inner, 'src/access/', 'src/streams/', 'src/queues/', 'src/aws/']],
  [
    'src/kafka/',
    [...inner, 'src/access/', 'src/streams/', 'src/groups/', 'src/wire/', 'src/kafka/'],
  ],
  ['src/operations/', [...inner, 'src/operations/', 'src/version.ts']],
  ['src/config/', ['src/config/']],
  [
    'src/gateway/',
    [...inner, 'src/access/', 'src/streams/', 'src/groups/', 'src/aws/', 'src/kafka/'].concat([
      'src/queues/',
      'src/operations/',
      'src/config/',
      'src/version.ts',
      'src/gateway/',
      'adapters/',
    ]),
  ],
  // Two interfaces carry the protocol's own bytes and sockets: they are the Kafka door's.
  [
    'adapters/kafka/',
    [...inner, 'src/wire/', 'adapters/kafka/'].concat([
      'src/kafka/brokers/backing-brokers.ts',
      'src/kafka/produce/producer-log.ts',
    ]),
  ],
  [
    'adapters/engines/',
    ['src/ports/', 'src/domain/errors.ts', 'src/runtime/', 'adapters/engines/'],
  ],
  ['adapters/', [...inner, 'adapters/']],
];

/** One piece of the composition root, and the commands: all else is given what it uses. */
const mayImportAdapters = ['src/gateway/backing.ts', 'src/cli/'];

const imports = new Map(sources.map((file) => [file, importsOf(file)]));

test('imports point inward, and the two front doors never import each other', () => {
  const wrong: string[] = [];
  for (const [file, imported] of imports) {
    const rule = mayImport.find(([folder]) => file.startsWith(folder));
    if (rule === undefined) continue;
    const isAllowed = (each: string) => rule[1].some((allowed) => each.startsWith(allowed));
    for (const each of imported) if (!isAllowed(each)) wrong.push(`${file} imports ${each}`);
  }
  assert.deepEqual(wrong, []);
});

test('a service of AWS imports no other, and only the gateway imports their list', () => {
  const list = 'src/aws/services.ts';
  const wrong: string[] = [];
  for (const file of sources.filter((each) => each.startsWith('src/') && each !== list)) {
    const room = /^src\/aws\/[^/]+\//.exec(file)?.[0];
    for (const imported of imports.get(file)!) {
      const isList = imported === list && !file.startsWith('src/gateway/');
      const other = room !== undefined && imported.startsWith('src/aws/');
      const isOther =
        other && ![room, 'src/aws/protocol/'].some((each) => imported.startsWith(each));
      if (isList || isOther) wrong.push(`${file} imports ${imported}`);
    }
  }
  assert.deepEqual(wrong, []);
});

/** What each room of the Kafka door may stand on in src/kafka; of the others, see above. */
const kafkaRooms: readonly [room: string, allowed: readonly string[]][] = [
  ...['brokers/', 'rules/', 'groups/', 'errors.ts'].map((room): [string, string[]] => [room, []]),
  ['produce/', ['rules/', 'errors.ts']],
  ['access.ts', ['rules/']],
  ['session.ts', ['rules/']],
  ['api.ts', ['brokers/', 'rules/', 'produce/', 'session.ts']],
  ['apis/', ['access.ts', 'api.ts', 'errors.ts', 'groups/', 'produce/', 'rules/']],
  ['relay/', ['access.ts', 'api.ts', 'brokers/', 'errors.ts', 'session.ts']],
  ['server.ts', ['']],
];

test('rooms of the Kafka door import inward, and the relay knows no API', () => {
  const door = 'src/kafka/';
  const wrong: string[] = [];
  for (const file of sources.filter((each) => each.startsWith(door))) {
    const rule = kafkaRooms.find(([room]) => file.startsWith(door + room));
    if (rule === undefined) wrong.push(`${file} is in no room`);
    const [own, allowed] = rule ?? ['', []];
    for (const imported of imports.get(file)!.filter((each) => each.startsWith(door))) {
      if (![own, ...allowed].some((each) => imported.startsWith(door + each))) {
        wrong.push(`${file} imports ${imported}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('only the composition root and the commands import adapters', () => {
  const wrong = sources.filter(
    (file) =>
      file.startsWith('src/') &&
      !mayImportAdapters.some((allowed) => file.startsWith(allowed)) &&
      imports.get(file)!.some((imported) => imported.startsWith('adapters/')),
  );
  assert.deepEqual(wrong, []);
});

test('no file stands on itself: there is no circle of imports, types among them', () => {
  assert.deepEqual(circlesIn(imports), []);
});

test('circles are found, however long', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a', 'd']],
    ['d', ['e', 'd']],
    ['e', []],
    ['f', ['a', 'g']],
    ['g', ['f']],
  ]);
  const found = circlesIn(graph).map((circle) => circle.toSorted().join(' '));
  assert.deepEqual(found.toSorted(), ['a b c', 'd', 'f g']);
});

test('src/domain and src/ports use no package and do no I/O', () => {
  const allowed = new Set(['node:crypto', 'node:zlib']);
  const wrong: string[] = [];
  for (const file of sources.filter((each) => /^src\/(?:domain|ports)\//.test(each))) {
    for (const [, name] of contents.get(file)!.matchAll(/from '([^'.][^']*)'/g)) {
      if (!allowed.has(name!)) wrong.push(`${file} imports ${name}`);
    }
  }
  assert.deepEqual(wrong, []);
});

/** What the protocols and the engines call things; ports speak of streams, shards and groups. */
const wireWords =
  /\b(?:error(?:Code|Message)|sasl\w*|authBytes|correlationId|apiKey|acks|topicIds?|brokers?)\b/i;

test('src/ports speaks in terms of the domain, not in those of a protocol', () => {
  const wrong: string[] = [];
  for (const [file, text] of contents) {
    if (!file.startsWith('src/ports/')) continue;
    const word = wireWords.exec(withoutComments(text))?.[0];
    if (word !== undefined) wrong.push(`${file} speaks of ${word}`);
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

const entryPoints = ['src/main.ts', 'src/library.ts', 'src/partitioners.ts'];

test('every source file is reached from a program, every file of the tests from a test', () => {
  const isStart = (file: string) =>
    file.endsWith('.test.ts') || /^(?:test|test\/bench)\/run\.ts$/.test(file);
  const shipped = reachableFrom(...entryPoints);
  const tried = reachableFrom(...sources.filter(isStart), 'docs/generator/generate.ts');
  const wrong = sources.filter((file) => {
    if (/^(?:src|adapters)\//.test(file)) return !shipped.has(file) && !file.endsWith('.d.ts');
    // Programs of their own are started by their names.
    const isNamed = () => sources.some((other) => contents.get(other)!.includes(basename(file)));
    return !tried.has(file) && !isNamed();
  });
  assert.deepEqual(wrong, []);
});

test('every package that package.json names is used', () => {
  const { dependencies, devDependencies, scripts } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  ) as Readonly<Record<'dependencies' | 'devDependencies' | 'scripts', Record<string, string>>>;
  const textOf = (folders: RegExp) =>
    files.filter((file) => folders.test(file)).map((file) => readFileSync(file, 'utf8'));
  const shipped = textOf(/^(?:src|adapters)\/.*\.ts$/);
  const all = [...shipped, ...textOf(/^(?:test|docs)\/.*\.ts$|^build\.mjs$|^tsconfig\.json$/)];
  const commands = Object.values(scripts).join(' ').split(' ');
  const isIn = (texts: readonly string[], name: string) =>
    texts.some((text) => text.includes(`'${name}'`) || text.includes(`'${name}/`));
  const isTool = (name: string) =>
    commands.includes(name) ||
    all.some((text) => text.includes(`node_modules/${name}/`)) ||
    all.some((text) => text.includes(`"types": ["${name.replace('@types/', '')}"]`));
  const unused = [
    ...Object.keys(dependencies).filter((name) => !isIn(shipped, name)),
    ...Object.keys(devDependencies).filter((name) => !isIn(all, name) && !isTool(name)),
  ];
  assert.deepEqual(unused, []);
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

/** Tests that are left out, or that leave others out. */
const leftOut = /\.(?:only|skip|todo)\(|[{,]\s*(?:only|skip|todo)\s*[:,}]/;
/** Waits of a set time: `untilTrue` of test/support/until.ts asks until something is so. */
const fixedWait = /\bsetTimeout\b|(?<!\.)\b(?:sleep|delay|pause)\(/;
/** Where time itself is what is tried. */
const deliberateWaits: ReadonlySet<string> = new Set([
  // The way to DynamoDB is gone for so long.
  'test/groups/outage.test.ts',
  'test/groups/dynamodb-stopped.full.test.ts',
  // Gateways are killed so long after a change has begun.
  'test/streams/resharding-kill.full.test.ts',
  // Engines and gateways are killed so often.
  'test/clients/queues.full.test.ts',
  // A client puts so often.
  'test/clients/limits.full.test.ts',
]);
/** What the tests say but in comments. */
const codeOfTests = new Map(
  sources
    .filter((file) => file.endsWith('.test.ts') && file !== 'test/tidy.test.ts')
    .map((file) => [file, withoutComments(contents.get(file)!)]),
);

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*(?:\/\*\*|\*|\/\/).*$/gm, '');
}

test('no test is left out', () => {
  const wrong = [...codeOfTests].filter(([, code]) => leftOut.test(code));
  assert.deepEqual(
    wrong.map(([file]) => file),
    [],
  );
});

test('tests wait for conditions, not for time', () => {
  const waiting = [...codeOfTests].flatMap(([file, code]) => (fixedWait.test(code) ? [file] : []));
  assert.deepEqual(
    waiting.filter((file) => !deliberateWaits.has(file)),
    [],
  );
  assert.deepEqual(
    [...deliberateWaits].filter((file) => !waiting.includes(file)),
    [],
    'waits no longer',
  );
});

test('what leaves tests out and what waits for time is seen in every form', () => {
  const leaves = [
    ...["test.only('a', () => {})", "it.only('a')", "describe.skip('a')", "t.todo('a')"],
    ...["test('a', { only: true }, f)", "test('a', { skip: 'not yet' }, f)", '{ todo: true }'],
    "await t.test('a', { timeout, skip: isLinux }, f)",
    "test('a', { skip }, f)",
  ];
  const keeps = [
    "test('names that differ in . only: both are kept', () => {})",
    'const only = 1;',
    "t.test('skips what is old', f)",
  ];
  assert.deepEqual(
    [...leaves, ...keeps].filter((line) => leftOut.test(line)),
    leaves,
  );
  const waits = [
    ...['await delay(600);', 'await sleep(1)', 'await pause(20)', 'setTimeout(resolve, 5)'],
    "import { setTimeout as wait } from 'node:timers/promises';",
  ];
  const asks = [
    "await untilTrue('it', isSo)",
    "test('a', { timeout }, f)",
    'clearTimeout(timer)',
    'socket.pause()',
  ];
  assert.deepEqual(
    [...waits, ...asks].filter((line) => fixedWait.test(line)),
    waits,
  );
});

/** Phrases that were once frequent here and must be read twice, and what to write instead. */
const bannedPhrases: readonly [phrase: RegExp, instead: string][] = [
  [/\b(?:he|him|his)\b/i, '"it" for workers, members and clients'],
  [/\bwho (?:asks|comes|has|knows|names|sends|wants)\b/i, '"a client that …", "the caller"'],
  [/\bwhoever\b/i, 'the owner, the caller, the client'],
  [/\bowe[ds]?\b/i, 'deficit'],
  [/\btellings?\b/i, 'report'],
  [/\bhears? of\b/i, 'learns of, receives'],
  [/\btold of\b/i, 'reported to, notified of'],
  [/\bnobody made\b/i, 'that was not created'],
  [/\bgo(?:es)? on\b/i, 'continues, is forwarded'],
  [/\bunder way\b/i, 'in progress, in flight'],
  [/\banew\b/i, 'again'],
  [/\bfor ever\b/i, 'forever'],
  [/\bby way of\b/i, 'through'],
  [/\bcomes? to be\b/i, 'is created'],
  [/\bthat there (?:is|are)(?![\w ])/i, 'existing'],
  [
    /(?<!there )\b(?:is|are) no (?:answer|lease|number|request|shard|stream|text)s?\b(?! of)/i,
    'is not a …',
  ],
  [/\blook(?:s|ed) at\b/i, 'inspects, checks'],
  [/\brow of numbers\b/i, 'consecutive numbers'],
  [/\bbe it\b/i, 'even if it is'],
  [/[‘’“”]/, 'straight quotes'],
];

test('comments, messages and docs have none of the banned phrases', () => {
  const found = files
    .filter((file) => /\.(?:ts|md)$/.test(file) && file !== 'test/tidy.test.ts')
    .flatMap((file) => {
      const lines = readFileSync(file, 'utf8').split('\n');
      return lines.flatMap((line, index) =>
        bannedPhrases
          .filter(([phrase]) => phrase.test(line))
          .map(([phrase, instead]) => `${file}:${index + 1}: ${phrase.source}: ${instead}`),
      );
    });
  assert.deepEqual(found, []);
});
