import assert from 'node:assert/strict';
import { test } from 'node:test';
import { account, startDoor } from '../kinesis/door.ts';

const form = (port: number, body: string) =>
  fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body,
  });

test('GetCallerIdentity of STS tells the account, as KPL up to 1.0.4 asks for it', async (t) => {
  const { port } = await startDoor(t);
  const answer = await form(port, 'Action=GetCallerIdentity&Version=2011-06-15');
  assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'text/xml']);
  const xml = await answer.text();
  assert.ok(xml.includes(`<Account>${account}</Account>`));
  assert.ok(xml.includes(`<Arn>arn:aws:iam::${account}:root</Arn>`));
});

test('every other form is refused, as Kinesis refuses it', async (t) => {
  const { port } = await startDoor(t);
  for (const body of ['Action=AssumeRole&Version=2011-06-15', 'Action=', '%%%', '\u0000']) {
    const answer = await form(port, body);
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /^<AccessDeniedException>/);
  }
});
