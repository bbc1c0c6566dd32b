/** NextToken. Source: ListShards, ListStreams, ListStreamConsumers of the Kinesis API reference. */
import { readPagingToken, type TokenSigner } from '../../protocol/tokens.ts';
import { invalidArgument, KinesisError } from '../errors.ts';

/**
 * The position in the token. Errors: InvalidArgumentException for a token that no gateway of this
 * catalog issued for this purpose, ExpiredNextTokenException for an old one.
 */
export function positionIn(purpose: string, token: string, signer: TokenSigner): unknown {
  const read = readPagingToken(purpose, token, signer);
  if (!('problem' in read)) return read.position;
  if (read.problem === 'invalid') throw invalidArgument('Invalid NextToken.');
  throw new KinesisError(
    'ExpiredNextTokenException',
    'The pagination token passed to the operation is expired.',
  );
}
