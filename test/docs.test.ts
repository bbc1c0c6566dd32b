import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { generatedPages, replaceGenerated } from '../docs/generator/generated.ts';

for (const [file, text] of Object.entries(generatedPages())) {
  test(`docs/${file} is what the code says`, () => {
    const page = readFileSync(`docs/${file}`, 'utf8');
    assert.equal(page, replaceGenerated(page, text), 'run npm run docs');
  });
}

/** What a manifest pins, as `name version`. */
const pins = {
  go: /^\s*(?:require )?([\w./-]+\/[\w./-]+ v\S+)/gm,
  python: /^(\S+==\S+)$/gm,
  node: /"([@\w/-]+": "[\d.]+)"/g,
} as const;

function pinned(pattern: RegExp, ...files: readonly string[]): string[] {
  return files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, pin = '']) => pin),
  );
}

test('docs/examples use the clients that the tests use', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  const installed = Object.entries(lock.packages).map(
    ([path, { version }]) => `${path.replace('node_modules/', '')}": "${version}`,
  );
  const goFiles = ['aws-go', 'franz-go'].map((name) => `test/clients/${name}/go.mod`);
  const cases = [
    [pinned(pins.go, 'docs/examples/go/go.mod'), pinned(pins.go, ...goFiles)],
    [
      pinned(pins.python, 'docs/examples/python/requirements.txt'),
      pinned(pins.python, 'test/clients/requirements.txt'),
    ],
    [pinned(pins.node, 'docs/examples/node/package.json'), installed],
  ] as const;
  for (const [used, tested] of cases) {
    assert.ok(used.length >= 2);
    const others = used.filter((pin) => !tested.includes(pin));
    assert.deepEqual(others, []);
  }
  const kafka = /<artifactId>kafka[\w.-]*<\/artifactId>\s*<version>(.+)<\/version>/g;
  const poms = ['java', 'kcl-to-kafka'].map((name) => `docs/examples/${name}/pom.xml`);
  const versions = pinned(kafka, 'adapters/engines/kafka-pom.xml', ...poms);
  assert.equal(versions.length, 4);
  assert.equal(new Set(versions).size, 1);
});

test('decisions have a number, a date, and the parts Decided, Why and Costs', () => {
  const notes = readdirSync('docs/decisions').filter((file) => /^\d{4}-/.test(file));
  const index = readFileSync('docs/decisions/README.md', 'utf8');
  assert.ok(notes.length >= 13);
  for (const file of notes) {
    const text = readFileSync(`docs/decisions/${file}`, 'utf8');
    const [, number, title, date] =
      /^# (\d{4}): (.+)\n\nDate: (\d{4}-\d\d-\d\d)\n/.exec(text) ?? [];
    assert.equal(number, file.slice(0, 4), `${file}: "# NNNN: Title", then "Date: YYYY-MM-DD"`);
    const parts = [...text.matchAll(/^## (Decided|Why|Costs)$/gm)].map(([, part]) => part);
    assert.deepEqual(parts, ['Decided', 'Why', 'Costs'], file);
    assert.ok(
      index.includes(`| [${number}: ${title}](${file}) | ${date} |`),
      `${file} in the index`,
    );
  }
});

test('files and folders that the documentation names are there', () => {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md']);
  const wrong: string[] = [];
  for (const page of listed.toString().trim().split('\n')) {
    // What changed once may have moved since; a page that was removed is still listed.
    if (page === 'CHANGELOG.md' || !existsSync(page)) continue;
    const text = readFileSync(page, 'utf8');
    const named = text.matchAll(/`((?:src|adapters|test|docs)\/[\w./-]+)`/g);
    const linked = text.matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/g);
    const paths = [
      ...[...named].map(([, path = '']) => path),
      ...[...linked].map(([, path = '']) => join(dirname(page), path)),
    ];
    wrong.push(...paths.filter((path) => !existsSync(path)).map((path) => `${page}: ${path}`));
  }
  assert.deepEqual(wrong, []);
});
