/**
 * Answers are those that AWS's STS gave to the same requests: recorded with whole bodies in
 * argmin's aws_sts_oracle.rs, which is run against AWS.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { account, startDoor } from '../kinesis/door.ts';

const version = 'Version=2011-06-15';

async function ask(
  port: number,
  body: string,
): Promise<{ readonly status: number; readonly xml: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body,
  });
  assert.equal(answer.headers.get('content-type'), 'text/xml');
  const requestId = answer.headers.get('x-amzn-requestid') ?? '';
  const xml = await answer.text();
  return { status: answer.status, xml: xml.replace(requestId, 'REQUEST-ID') };
}

const identity =
  '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n' +
  '  <GetCallerIdentityResult>\n' +
  `    <Arn>arn:aws:iam::${account}:root</Arn>\n` +
  `    <UserId>${account}</UserId>\n` +
  `    <Account>${account}</Account>\n` +
  '  </GetCallerIdentityResult>\n' +
  '  <ResponseMetadata>\n' +
  '    <RequestId>REQUEST-ID</RequestId>\n' +
  '  </ResponseMetadata>\n' +
  '</GetCallerIdentityResponse>\n';

function refusal(code: string, message: string): string {
  return (
    '<ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09">\n' +
    '  <Error>\n' +
    '    <Type>Sender</Type>\n' +
    `    <Code>${code}</Code>\n` +
    `    <Message>${message}</Message>\n` +
    '  </Error>\n' +
    '  <RequestId>REQUEST-ID</RequestId>\n' +
    '</ErrorResponse>\n'
  );
}

test('GetCallerIdentity answers the account, as KPL up to 1.0.4 asks for it', async (t) => {
  const { port, reports } = await startDoor(t);
  const expected = { status: 200, xml: identity };
  assert.deepEqual(await ask(port, `Action=GetCallerIdentity&${version}`), expected);
  // The first of a name counts, and what is unknown does no harm.
  const more = `Action=GetCallerIdentity&Action=Other&${version}&Version=1&Unknown=x`;
  assert.deepEqual(await ask(port, more), expected);
  assert.equal(reports[0]?.operation, 'GetCallerIdentity');
});

test('GetCallerIdentity may be asked for with GET', async (t) => {
  const { port } = await startDoor(t);
  const answer = await fetch(`http://127.0.0.1:${port}/?Action=GetCallerIdentity&${version}`);
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /^<GetCallerIdentityResponse /);
});

test('an action that no service has is an InvalidAction, with its name and version', async (t) => {
  const { port, reports } = await startDoor(t);
  const unknown: readonly (readonly [body: string, what: string])[] = [
    [`Action=NoSuchAction&${version}`, 'NoSuchAction for version 2011-06-15'],
    ['Action=GetCallerIdentity', 'GetCallerIdentity for version NO_VERSION_SPECIFIED'],
    ['Action=GetCallerIdentity&Version=', 'GetCallerIdentity for version '],
    ['Action=GetCallerIdentity&Version=2000-01-01', 'GetCallerIdentity for version 2000-01-01'],
    [`Action=&${version}`, ' for version 2011-06-15'],
    [
      `Action=NoSuchAction&Action=GetCallerIdentity&${version}`,
      'NoSuchAction for version 2011-06-15',
    ],
    [`Action=%3Ca%3E%00&${version}`, '&lt;a&gt;\ufffd for version 2011-06-15'],
  ];
  for (const [body, what] of unknown) {
    const xml = refusal('InvalidAction', `Could not find operation ${what}`);
    assert.deepEqual(await ask(port, body), { status: 400, xml });
  }
  assert.deepEqual([...new Set(reports.map(({ operation }) => operation))], ['Unknown']);
});

test('a form without an action is refused, and one of too many parameters unread', async (t) => {
  const { port } = await startDoor(t);
  for (const body of [version, '%%%', '\u0000']) {
    assert.deepEqual(await ask(port, body), {
      status: 400,
      xml: refusal('MissingAction', 'Missing Action'),
    });
  }
  const { status, xml } = await ask(port, 'a&'.repeat(100_000));
  assert.equal(status, 400);
  assert.match(xml, /<Code>MalformedQueryString<\/Code>/);
});
