/** AWS Security Token Service, version 2011-06-15: the part that Kinesis clients use. */
import { GatewayError } from '../../domain/errors.ts';
import { AwsError, commonError, internalFailure } from '../protocol/errors.ts';
import { defineService, type Service } from '../protocol/service.ts';
import type { StsContext } from './action.ts';
import { getCallerIdentity } from './get-caller-identity.ts';

export type StsParts = StsContext;

export function stsService({ account }: StsParts): Service {
  const context: StsContext = { account };
  return defineService({
    name: 'sts',
    protocol: {
      name: 'query',
      version: '2011-06-15',
      xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    },
    actions: [getCallerIdentity],
    contextOf: () => context,
    errorOf,
    errorBody: ({ message }) => ({ message }),
  });
}

/** No STS action here can fail because of the caller. */
function errorOf(thrown: unknown): AwsError {
  if (thrown instanceof AwsError) return thrown;
  if (thrown instanceof GatewayError && thrown.kind === 'access-denied') {
    return commonError('AccessDeniedException', thrown.message, { cause: thrown });
  }
  return internalFailure(thrown);
}
