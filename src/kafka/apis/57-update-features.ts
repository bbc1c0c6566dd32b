/**
 * UpdateFeatures: Feature levels of the backing cluster. Relayed as it is. Source: the Kafka
 * protocol guide.
 */
import {
  updateFeaturesRequest as request,
  updateFeaturesResponse as response,
} from '../../wire/messages/57-update-features.ts';
import { onCluster } from '../access.ts';
import { defineApi } from '../api.ts';

export const updateFeatures = defineApi({
  request,
  response,
  touches: () => onCluster('Alter'),
});
