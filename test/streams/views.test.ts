import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/domain/errors.ts';
import { activated, newStream } from '../../src/domain/streams/stream-rules.ts';
import type { Stream } from '../../src/domain/streams/stream.ts';
import { StreamViews, viewsMax } from '../../src/streams/views.ts';

function streamNamed(name: string): Stream {
  return activated(newStream({ name, shardCount: 1, mode: 'PROVISIONED' }, Date.now()), 'log');
}

/** Views whose readings end when the test says so. */
function heldViews() {
  const readings: { readonly name: string; readonly end: (error?: GatewayError) => Stream }[] = [];
  const views: StreamViews = new StreamViews((name) => {
    const mark = views.mark();
    return new Promise((resolve, reject) => {
      const end = (error?: GatewayError) => {
        const stream = streamNamed(name);
        if (error === undefined) views.keep(stream, mark);
        else views.drop(name);
        if (error === undefined) resolve(stream);
        else reject(error);
        return stream;
      };
      readings.push({ name, end });
    });
  });
  return { views, readings };
}

test('calls at once share one reading, and its view serves those that follow', async () => {
  const { views, readings } = heldViews();
  assert.equal(views.peek('a'), undefined);
  const found = [views.find('a'), views.find('a')];
  assert.equal(readings.length, 1);
  const stream = readings[0]!.end();
  assert.deepEqual(await Promise.all(found), [stream, stream]);
  assert.equal(views.peek('a'), stream);
  assert.equal(views.known('a'), stream);
  assert.ok(views.isCurrent(stream));
  assert.equal(await views.find('a'), stream);
  assert.equal(readings.length, 1);
});

test('findNow does not answer with a reading that began before it', async () => {
  const { views, readings } = heldViews();
  const before = views.find('a');
  const now = views.findNow('a');
  assert.equal(views.findNow('a'), now);
  const first = readings[0]!.end();
  assert.equal(await before, first);
  await Promise.resolve();
  const second = readings[1]!.end();
  assert.equal(await now, second);
  assert.ok(!views.isCurrent(first));
});

test('a call that joins a reading that finds nothing reads again', async () => {
  const { views, readings } = heldViews();
  const first = views.find('a');
  const second = views.find('a');
  readings[0]!.end(new GatewayError('not-found', 'a'));
  await assert.rejects(first, { kind: 'not-found' });
  const stream = readings[1]!.end();
  assert.equal(await second, stream);
});

test('what was read before a change was made known is not kept', () => {
  const { views } = heldViews();
  const mark = views.mark();
  views.forget('a');
  views.keep(streamNamed('a'), mark);
  assert.equal(views.known('a'), undefined);
  const [earlier, later] = [views.mark(), { ...views.mark(), atMs: performance.now() + 1 }];
  const stream = streamNamed('a');
  views.keep(stream, later);
  views.keep(streamNamed('a'), earlier);
  assert.equal(views.known('a'), stream);
});

test('of too many streams those go that were read longest ago, not those in use', () => {
  const { views } = heldViews();
  const used = streamNamed('used');
  const keep = (stream: Stream) => views.keep(stream, views.mark());
  for (const name of ['used', 'left']) keep(streamNamed(name));
  for (let nth = 2; nth < viewsMax; nth++) keep({ ...used, name: `other-${nth}` });
  keep(used);
  keep(streamNamed('one-more'));
  assert.equal(views.known('used'), used);
  assert.equal(views.known('left'), undefined);
});
