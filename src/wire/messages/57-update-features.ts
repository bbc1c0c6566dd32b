/** UpdateFeatures, API key 57. Source: the Kafka protocol guide. */
import { array, bool, int16, int32, int8, message, string } from '../message.ts';

export const updateFeaturesRequest = message(
  'UpdateFeaturesRequest',
  { key: 57, versions: [0, 2], flexible: 0 },
  {
    timeoutMs: int32({ default: 60000 }),
    featureUpdates: array({
      feature: string(),
      maxVersionLevel: int16(),
      allowDowngrade: bool({ until: 0 }),
      upgradeType: int8({ since: 1, default: 1 }),
    }),
    validateOnly: bool({ since: 1 }),
  },
);

export const updateFeaturesResponse = message(
  'UpdateFeaturesResponse',
  { key: 57, versions: [0, 2], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0 }),
    results: array(
      {
        feature: string(),
        errorCode: int16(),
        errorMessage: string({ nullable: 0 }),
      },
      { until: 1 },
    ),
  },
);
