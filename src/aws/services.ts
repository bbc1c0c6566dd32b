/** The services of the AWS port. Only the gateway's composition may depend on all of them. */
import { kinesisService, type KinesisSettings } from './kinesis/service.ts';
import type { Service } from './protocol/service.ts';
import { stsService, type StsParts } from './sts/service.ts';

export type ServiceParts = KinesisSettings & StsParts;

const services: readonly ((parts: ServiceParts) => Service)[] = [kinesisService, stsService];

export function awsServices(parts: ServiceParts): readonly Service[] {
  return services.map((make) => make(parts));
}
