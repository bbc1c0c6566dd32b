/** The alert rules of docs/ and the names on docs/operations.md are those of the code's metrics. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { createMetrics, createSharedMetrics } from '../../src/operations/metrics.ts';

type Rule = { readonly alert: string; readonly expr: string };

const { groups } = parse(readFileSync('docs/prometheus-alerts.yml', 'utf8')) as {
  groups: { rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const page = readFileSync('docs/operations.md', 'utf8');

/** Labels that Prometheus itself puts on every series. */
const scrapeLabels = ['job', 'instance'];

/** What /metrics serves, of a single process and of the first one of several. */
async function metricNames(): Promise<Map<string, readonly string[]>> {
  const metrics = createMetrics('0.0.0');
  metrics.groups(async () => []);
  metrics.queueReports(async () => []);
  // Those of the doors and engines are made with the first observer.
  void [metrics.door('kinesis'), metrics.backing, metrics.limits];
  const shared = createSharedMetrics({
    readyCount: () => 0,
    restarts: () => 0,
    changes: new EventEmitter(),
  });
  const text = `${await metrics.registry.metrics()}\n${await shared.registry.metrics()}`;
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => {
    const labels = labelsOf(metrics.registry.getSingleMetric(name));
    const series = type === 'histogram' ? ['_bucket', '_count', '_sum'] : [''];
    return series.map((end) => [name + end, end === '_bucket' ? [...labels, 'le'] : labels]);
  });
  return new Map(names.flat() as [string, string[]][]);
}

function labelsOf(metric: object | undefined): readonly string[] {
  return metric !== undefined && 'labelNames' in metric ? (metric.labelNames as string[]) : [];
}

type Selector = { readonly name: string; readonly labels: readonly string[] };

/** The series that an expression reads; it fails where Prometheus would refuse the expression. */
function selectorsOf({ alert, expr }: Rule): readonly Selector[] {
  const found: { name: string; labels: string[] }[] = [];
  parser.parse(expr).iterate({
    enter({ type, from, to }) {
      const text = expr.slice(from, to);
      assert.ok(!type.isError, `${alert}: no PromQL at "${expr.slice(from, from + 20)}"`);
      if (type.name === 'VectorSelector') found.push({ name: '', labels: [] });
      if (type.name === 'Identifier') found.at(-1)!.name = text;
      if (type.name === 'LabelName' && found.at(-1) && insideBraces(expr, from)) {
        found.at(-1)!.labels.push(text);
      }
    },
  });
  return found;
}

function insideBraces(expr: string, at: number): boolean {
  return expr.lastIndexOf('{', at) > expr.lastIndexOf('}', at);
}

test('alert rules are PromQL over existing metrics and labels', async () => {
  const names = await metricNames();
  assert.ok(rules.length >= 10, 'the file has lost its rules');
  for (const rule of rules) {
    const selectors = selectorsOf(rule);
    assert.ok(selectors.length > 0, `${rule.alert} reads no series`);
    for (const { name, labels } of selectors) {
      if (name === 'up') continue;
      const known = names.get(name);
      assert.ok(known, `${rule.alert}: there is no metric ${name}`);
      const unknown = labels.filter((label) => ![...known, ...scrapeLabels].includes(label));
      assert.deepEqual(unknown, [], `${rule.alert}: ${name} has no such labels`);
    }
    const grouped = [...rule.expr.matchAll(/\b(?:by|on) \(([\w, ]+)\)/g)];
    const labels = grouped.flatMap(([, list = '']) => list.split(', '));
    const having = selectors.flatMap(({ name }) => names.get(name) ?? []);
    const unknown = labels.filter((label) => ![...having, ...scrapeLabels].includes(label));
    assert.deepEqual(unknown, [], `${rule.alert} groups by labels that its series lack`);
  }
});

test('docs/operations.md explains each alert', () => {
  for (const { alert } of rules) assert.ok(page.includes(`\`${alert}\``), alert);
});

test('docs/operations.md names every metric of the gateway, and no other', async () => {
  const names = [...(await metricNames()).keys()];
  const families = new Set(names.map((name) => name.replace(/_(?:bucket|count|sum)$/, '')));
  const mentioned = new Set(page.match(/\bkineska_\w+/g));
  assert.deepEqual(
    [...mentioned].filter((name) => !families.has(name) && !names.includes(name)),
    [],
  );
  // Those of the process and of Node are the same for every program that uses prom-client.
  const own = [...families].filter((name) => !/^kineska_(?:process|nodejs)_/.test(name));
  assert.deepEqual(
    own.filter((name) => !mentioned.has(name)),
    [],
  );
});
