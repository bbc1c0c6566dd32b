import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeader } from '../../../adapters/kafka/at-leader.ts';
import { CodeError } from '../../../adapters/kafka/error-kinds.ts';
import { errorCodes } from '../../../src/wire/errors.ts';
import { testTopic } from './log/topic.ts';

test('a leader that has moved is asked for again, and its successor answers', async (t) => {
  const { cluster, where, calls } = await testTopic(t);
  const leaders: number[] = [];
  const answer = await atLeader(cluster, where, async (leader) => {
    leaders.push(leader);
    if (leaders.length < 3) throw new CodeError(errorCodes.NOT_LEADER_OR_FOLLOWER, where);
    return 'served';
  });
  assert.equal(answer, 'served');
  assert.deepEqual(leaders, [1, 1, 1], 'the only broker of the run');
  assert.equal(calls.get('MetadataRequest'), 3, 'what is known of leaders is forgotten each time');
});

test('what no moment mends is thrown at once', async (t) => {
  const { cluster, where } = await testTopic(t);
  let asked = 0;
  const refused = atLeader(cluster, where, async () => {
    asked += 1;
    throw new CodeError(errorCodes.TOPIC_AUTHORIZATION_FAILED, where);
  });
  await assert.rejects(refused, /TOPIC_AUTHORIZATION_FAILED/);
  assert.equal(asked, 1);
});

test('a caller that is gone ends the attempts', async (t) => {
  const { cluster, where } = await testTopic(t);
  const caller = new AbortController();
  const asking = atLeader(
    cluster,
    where,
    async () => {
      caller.abort();
      throw new CodeError(errorCodes.NOT_LEADER_OR_FOLLOWER, where);
    },
    caller.signal,
  );
  await assert.rejects(asking, { name: 'AbortError' });
});
