/** The AWS door: the services of its port, and the server in front of them. */
import { allowEverything } from '../access/authorizer.ts';
import { connectionLimits } from '../aws/http/one-port.ts';
import { createAwsServer, type AwsServer } from '../aws/http/server.ts';
import type { KinesisLimits } from '../aws/kinesis/limits/kinesis-limits.ts';
import { createRouter } from '../aws/protocol/router.ts';
import { awsServices } from '../aws/services.ts';
import type { DoorObserver, QueueObserver } from '../ports/observer.ts';
import type { Certificate } from '../runtime/certificate.ts';
import { Subscriptions } from '../streams/subscriptions.ts';
import type { Backing } from './backing.ts';
import type { GatewayProcess } from './process.ts';
import type { Queues } from './queues.ts';
import type { Streams } from './streams.ts';

export type AwsDoorParts = Pick<Streams, 'streams' | 'reshardings' | 'writer'> &
  Queues & {
    readonly limits: KinesisLimits;
    readonly secret: Buffer;
    readonly certificate: Certificate;
    readonly observer: DoorObserver;
    readonly queueObserver: QueueObserver;
  };

export function awsDoorOf(
  { config, clock, logger }: GatewayProcess,
  { accounts, claims, log }: Backing,
  { certificate, observer, ...parts }: AwsDoorParts,
): AwsServer {
  const services = awsServices({
    ...{ ...parts, accounts, log, clock, logger },
    subscriptions: new Subscriptions(log, clock, claims),
    account: config.accountId,
    region: config.region,
  });
  return createAwsServer({
    router: createRouter({ services, authorizer: allowEverything, logger }),
    host: config.host,
    port: config.kinesisPort,
    certificate,
    allowedOrigins: config.allowedOrigins,
    observer,
    limits: connectionLimits,
  });
}
