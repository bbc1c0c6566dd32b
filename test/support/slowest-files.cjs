/**
 * A reporter of node's test runner: the files that took longest, so that a run that has become slow
 * says where. Files run beside each other, so the figures do not add up to the whole run. Plain
 * JavaScript, because the runner loads reporters before anything that knows TypeScript.
 */
const { relative } = require('node:path');

const shownMax = 10;

/** Counts the tests at the top of each file; loading a file is not included. */
module.exports = async function* slowestFiles(events) {
  const tookMs = new Map();
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.file === undefined || data.nesting !== 0) continue;
    tookMs.set(data.file, (tookMs.get(data.file) ?? 0) + (data.details.duration_ms ?? 0));
  }
  const slowest = [...tookMs].toSorted(([, a], [, b]) => b - a).slice(0, shownMax);
  if (slowest.length > 0) yield '\nThe slowest files:\n';
  for (const [file, ms] of slowest) {
    yield `${(ms / 1_000).toFixed(1).padStart(8)} s  ${relative('.', file)}\n`;
  }
};
