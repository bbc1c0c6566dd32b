/** DescribeConfigs, API key 32. Source: the Kafka protocol guide. */
import { array, arrayOf, bool, int16, int32, int8, message, string } from '../message.ts';

export const describeConfigsRequest = message(
  'DescribeConfigsRequest',
  { key: 32, versions: [1, 4], flexible: 4 },
  {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: arrayOf(string(), { nullable: 0 }),
    }),
    includeSynonyms: bool(),
    includeDocumentation: bool({ since: 3 }),
  },
);

export const describeConfigsResponse = message(
  'DescribeConfigsResponse',
  { key: 32, versions: [1, 4], flexible: 4 },
  {
    throttleTimeMs: int32(),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: string({ nullable: 0 }),
        readOnly: bool(),
        configSource: int8({ default: -1 }),
        isSensitive: bool(),
        synonyms: array({
          name: string(),
          value: string({ nullable: 0 }),
          source: int8(),
        }),
        configType: int8({ since: 3 }),
        documentation: string({ since: 3, nullable: 0 }),
      }),
    }),
  },
);
