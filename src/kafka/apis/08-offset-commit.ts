/** OffsetCommit: Commits of a group. Relayed as it is. Source: the Kafka protocol guide. */
import {
  offsetCommitRequest as request,
  offsetCommitResponse as response,
} from '../../wire/messages/08-offset-commit.ts';
import { defineApi } from '../api.ts';

export const offsetCommit = defineApi({ request, response });
