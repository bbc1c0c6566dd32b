/** The AWS door: the services of its port, and the server in front of them. */
import { allowEverything } from '../access/authorizer.ts';
import { createAwsServer, type AwsServer } from '../aws/http/server.ts';
import type { KinesisParts } from '../aws/kinesis/action.ts';
import { actions } from '../aws/kinesis/actions/index.ts';
import { Faults, parseFaults } from '../aws/kinesis/limits/faults.ts';
import { createRouter } from '../aws/protocol/router.ts';
import { awsServices } from '../aws/services.ts';
import { type Config, ConfigError } from '../config/config.ts';
import { isGatewayError } from '../domain/errors.ts';
import type { DoorObserver } from '../ports/observer.ts';
import type { SubscriptionClaims } from '../ports/subscription-claims.ts';
import type { Certificate } from '../runtime/certificate.ts';
import { Subscriptions } from '../streams/subscriptions.ts';
import { StreamWriter } from '../streams/writer.ts';

export type AwsDoorParts = Omit<KinesisParts, 'writer' | 'subscriptions' | 'account'> & {
  readonly claims: SubscriptionClaims;
  readonly certificate: Certificate;
  readonly observer: DoorObserver;
};

export function awsDoorOf(
  config: Config,
  { claims, certificate, observer, ...parts }: AwsDoorParts,
): AwsServer {
  const { streams, log, clock, logger } = parts;
  const services = awsServices({
    ...parts,
    writer: new StreamWriter(streams, log),
    subscriptions: new Subscriptions(log, clock, claims),
    account: config.accountId,
    region: config.region,
  });
  return createAwsServer({
    router: createRouter({ services, authorizer: allowEverything, logger }),
    host: config.host,
    port: config.kinesisPort,
    certificate,
    allowedOrigins: config.allowedOrigins.split(','),
    observer,
  });
}

/** Faults on purpose. Errors: ConfigError, with what is wrong in the setting. */
export function faultsOf({ faults }: Pick<Config, 'faults'>): Faults {
  const names = actions.map(({ name }) => name);
  try {
    return new Faults(parseFaults(faults, names));
  } catch (error) {
    if (isGatewayError(error)) throw new ConfigError(`--faults ${error.message}`);
    throw error;
  }
}
